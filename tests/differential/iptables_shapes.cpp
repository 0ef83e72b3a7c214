// SPDX-License-Identifier: Apache-2.0
// iptables_shapes.cpp: routers with rules of iptables by chance, always the same ones, by both of
// its back ends: every match and target that TNA has a form for, and some that it has none for.
#include <spdlog/fmt/fmt.h>

#include "random.h"
#include "router_world.h"
#include "shapes.h"

namespace tna::differential {
namespace {

constexpr int kEach = 6;  // rule sets of each back end
constexpr int kChains = 3;

class Iptables {
 public:
  Iptables(std::uint64_t seed, const std::string& back_end) : random_(seed), back_end_(back_end) {}

  Commands commands() {
    for (const char* family : {"iptables-", "ip6tables-"}) {
      tool_ = family + back_end_ + " ";
      v6_ = family[2] == '6';
      const int rules = v6_ ? 4 : 10;
      for (int chain = 1; chain <= kChains; ++chain) add(fmt::format("-N u{}", chain));
      for (int chain = kChains; chain >= 1; --chain)
        for (int i = random_.between(1, rules / 2); i > 0; --i)
          add_rule(fmt::format("u{}", chain), chain);
      for (int i = random_.between(2, rules); i > 0; --i) add_rule("FORWARD", 0);
      if (random_.chance(15)) add("-P FORWARD DROP");
      if (random_.chance(60)) add("-t mangle -A PREROUTING " + match_before_routing() + mark());
      if (random_.chance(40))
        add("-t mangle -A FORWARD " + match() + (random_.chance(60) ? "-j ACCEPT" : "-j DROP"));
      if (random_.chance(40)) add("-t mangle -A POSTROUTING -p udp " + interface("-o") + "-j DROP");
      if (random_.chance(50)) add("-t mangle -A PREROUTING " + match_before_routing() + hops());
      if (random_.chance(50)) add("-t mangle -A FORWARD " + match() + write());
      if (random_.chance(50)) add("-t mangle -A POSTROUTING -p udp " + interface("-o") + write());
      if (random_.chance(40)) add("-t raw -A PREROUTING " + match_before_routing() + "-j DROP");
    }
    return std::move(commands_);
  }

 private:
  void add(const std::string& what) { commands_.push_back(tool_ + what); }
  void add_rule(const std::string& to, int chain) {
    const std::string one = match(), other = random_.chance(50) ? match() : "";
    // Neither is a match given twice, nor is a packet of two protocols.
    const bool both = option(one) != option(other);
    const std::string rule = "-A " + to + " " + one + (both ? other : "");
    add(rule + verdict(chain));
  }
  static std::string option(const std::string& match) {
    const std::string after = match.starts_with("! ") ? match.substr(2) : match;
    return after.starts_with("-m") ? after.substr(0, after.find(' ', 3)) : after.substr(0, 2);
  }
  std::string mark() {
    return fmt::format("-j MARK --set-xmark {}/0x{}", random_.below(4),
                       random_.chance(50) ? "f" : "2");
  }
  std::string hops() {
    constexpr const char* how[] = {"set 60", "set 2", "inc 1", "inc 250", "dec 1", "dec 62"};
    return fmt::format("-j {}-{}", v6_ ? "HL --hl" : "TTL --ttl", random_.pick(how));
  }
  std::string write() {
    constexpr const char* service[] = {"DSCP --set-dscp 10", "DSCP --set-dscp 0",
                                       "TOS --set-tos 0x18/0x3c", "TOS --set-tos 0xff/0xff"};
    return random_.chance(50) ? hops() : std::string("-j ") + random_.pick(service);
  }
  std::string verdict(int chain) {
    const unsigned draw = random_.below(16);
    if (draw < 6) return "-j ACCEPT";
    if (draw < 8) return "-j DROP";
    if (draw < 11) return "-j RETURN";
    if (draw < 14 && chain < kChains)
      return fmt::format("{} u{}", random_.chance(70) ? "-j" : "-g", chain + 1);
    return draw == 15 ? "-j REJECT" : "";
  }
  std::string is() { return random_.chance(25) ? "! " : ""; }
  std::string side() { return random_.chance(50) ? "s" : "d"; }

  std::string address() {
    constexpr const char* v4[] = {"192.0.2.35",
                                  "192.0.2.0/27",
                                  "192.0.2.32/27",
                                  "192.0.2.68",
                                  "198.51.100.1",
                                  "198.51.100.0/26",
                                  "192.0.2.1/255.255.255.159"};
    constexpr const char* v6[] = {"2001:db8:2::3", "2001:db8:1::/64", "2001:db8:100::/48"};
    return v6_ ? random_.pick(v6) : random_.pick(v4);
  }
  std::string range() {
    if (v6_) return "2001:db8:1::1-2001:db8:2::ffff";
    return random_.chance(50) ? "192.0.2.30-192.0.2.70" : "198.51.100.1-198.51.100.20";
  }
  std::string interface(const char* end) {
    if (random_.chance(20)) return fmt::format("{}{} p+ ", is(), end);
    return fmt::format("{}{} p{} ", is(), end, random_.between(1, 4));
  }

  // What may stand where the way is not known yet.
  std::string match_before_routing() {
    switch (random_.below(20)) {
      case 0:
      case 1:
        return fmt::format("{}-{} {} ", is(), side(), address());
      case 2:
        return fmt::format("-p udp -m udp {}--dport {} ", is(), 4000 + random_.below(4));
      case 3:
        return fmt::format("-p udp -m udp {}--sport 4000:{} ", is(), 4000 + random_.below(3));
      case 4:
        return fmt::format("-p tcp -m multiport {}--{}ports 80,443,4000:4001 ", is(), side());
      case 5:
        return fmt::format("-p tcp -m tcp {}--tcp-flags SYN,ACK,FIN SYN ", is());
      case 6:
        return fmt::format("-m iprange {}--{}-range {} ", is(), side() == "s" ? "src" : "dst",
                           range());
      case 7:
        return fmt::format("-m mac {}--mac-source {} ", is(),
                           to_string(station_mac(random_.between(1, 4))));
      case 8:
        return fmt::format("-m length {}--length {}:{} ", is(), 28, 60 + random_.below(100));
      case 9:
        return fmt::format("-m pkttype {}--pkt-type {} ", is(),
                           random_.chance(50) ? "unicast" : "broadcast");
      case 10:
        return fmt::format("-m dscp {}--dscp {} ", is(), random_.below(2) * 4);
      case 11:
        return fmt::format("-m tos {}--tos {}/0x{} ", is(), 4 * random_.below(4),
                           random_.chance(50) ? "0f" : "ff");
      case 12:
        return fmt::format("-m {}-{} {} ", v6_ ? "hl --hl" : "ttl --ttl",
                           random_.chance(50) ? "eq" : "lt", 63 + random_.below(2));
      case 13:
        return fmt::format("-m mark {}--mark {}/0x3 ", is(), random_.below(4));
      case 14:
        return v6_ ? fmt::format("-p icmpv6 -m icmp6 {}--icmpv6-type 128 ", is())
                   : fmt::format("-p icmp -m icmp {}--icmp-type {} ", is(),
                                 random_.chance(50) ? "8" : "any");
      case 15:
        return fmt::format("-p {} ", random_.chance(50) ? "tcp" : "udp");
      case 16:
        return fmt::format("-m ecn {}--ecn-ip-ect {} ", is(), random_.below(2));
      case 18:
        return fmt::format("-m addrtype {}--dst-type {} ", is(),
                           random_.chance(50) ? "UNICAST" : "LOCAL");
      case 17:
        return fmt::format("-m devgroup {}--src-group 0x0 ", is());
      default:
        return interface("-i");
    }
  }
  std::string match() {
    if (random_.chance(8)) return interface("-o");
    if (random_.chance(4)) return "-m limit --limit 10000/sec --limit-burst 1000 ";
    return match_before_routing();
  }

  Random random_;
  std::string back_end_, tool_;
  bool v6_ = false;
  Commands commands_;
};

}  // namespace

Shapes iptables_shapes(const Shape& router) {
  Shapes shapes;
  for (const char* back_end : {"nft", "legacy"})
    for (int number = 1; number <= kEach; ++number) {
      Shape shape = router;
      shape.name += fmt::format(" with iptables-{} {}", back_end, number);
      shape.commands = shape.commands + Iptables(number, back_end).commands();
      shape.topics.push_back(back_end[0] == 'n' ? Topic::iptables_nft : Topic::iptables_legacy);
      shape.weight = 2;
      shape.uncertain = true;
      shapes.push_back(std::move(shape));
    }
  return shapes;
}

}  // namespace tna::differential
