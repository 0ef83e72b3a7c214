// SPDX-License-Identifier: Apache-2.0
// firewall_shapes.cpp: routers with rules by chance, always the same ones. What they look at is
// what packets here have.
#include <spdlog/fmt/fmt.h>

#include "random.h"
#include "router_world.h"
#include "shapes.h"

namespace tna::differential {
namespace {

constexpr int kFirewalls = 12, kUserChains = 3;

class Firewall {
 public:
  // `most` rules in a chain; enough of them are looked for in a tree.
  Firewall(std::uint64_t seed, int most) : random_(seed), most_(most) {}

  Commands commands() {
    add("table inet fw");
    add("set inet fw few { type ipv4_addr ; }");
    add("set inet fw nets { type ipv4_addr ; flags interval ; }");
    add("set inet fw pairs { type ipv4_addr . inet_service ; }");
    add("map inet fw says { type inet_service : verdict ; }");
    for (int chain = 1; chain <= kUserChains; ++chain)
      add("chain inet fw u" + std::to_string(chain));
    add("chain inet fw extra");  // what comes and goes
    add("element inet fw few { 192.0.2.35, 198.51.100.2, 192.0.2.101 }");
    add("element inet fw nets { 192.0.2.64/27, 198.51.100.64-198.51.100.77 }");
    add("element inet fw pairs { 192.0.2.35 . 4000, 198.51.100.1 . 4001 }");
    add("element inet fw says { 4000 : accept, 4001 : jump u1, 4002 : drop }");
    for (const char* hook : {"prerouting", "forward", "postrouting"}) {
      if (hook[0] != 'f' && random_.chance(40)) continue;
      add(fmt::format("chain inet fw {} {{ type filter hook {} priority {} ; policy {} ; }}", hook,
                      hook, random_.between(-1, 1), random_.chance(25) ? "drop" : "accept"));
      if (hook[0] == 'f') add("rule inet fw forward jump extra");
      for (int rules = random_.between(most_ / 6, most_); rules > 0; --rules)
        add("rule inet fw " + std::string(hook) + " " + rule(0));
    }
    for (int chain = 1; chain <= kUserChains; ++chain)
      for (int rules = random_.between(1, 6); rules > 0; --rules)
        add("rule inet fw u" + std::to_string(chain) + " " + rule(chain));
    if (random_.chance(50)) iptables();
    return std::move(commands_);
  }

 private:
  void add(const std::string& what) { commands_.push_back("nft add " + what); }

  std::string address() {
    constexpr const char* some[] = {
        "192.0.2.35",      "192.0.2.68",   "192.0.2.0/27",           "192.0.2.32/27",
        "198.51.100.0/26", "198.51.100.1", "192.0.2.100-192.0.2.110"};
    return random_.pick(some);
  }
  std::string address6() {
    constexpr const char* some[] = {"2001:db8:2::3", "2001:db8:1::/64", "2001:db8:100::/48",
                                    "2001:db8:100::1-2001:db8:100:1::42"};
    return random_.pick(some);
  }
  std::string ipv4() {
    const std::string is = random_.chance(25) ? "!= " : "", end = random_.chance(50) ? "s" : "d";
    switch (random_.below(9)) {
      case 0:
      case 1:
      case 2:
        return fmt::format("ip {}addr {}{}", end, is, address());
      case 3:
        return fmt::format("ip {}addr {}@few", end, is);
      case 4:
        return fmt::format("ip {}addr {}@nets", end, is);
      case 5:
        return fmt::format("ip ttl {}", random_.chance(50) ? "63" : "< 64");
      case 6:
        return fmt::format("ip length {}-{}", 28, 60 + random_.below(100));
      case 7:
        return fmt::format("ip dscp {}{}", is, random_.below(2) * 4);
      default:
        return "ip daddr . udp dport " + is + "@pairs";
    }
  }
  std::string ipv6() {
    const std::string is = random_.chance(25) ? "!= " : "", end = random_.chance(50) ? "s" : "d";
    if (random_.chance(30)) return "ip6 hoplimit " + is + "63";
    return fmt::format("ip6 {}addr {}{}", end, is, address6());
  }
  std::string any() {
    const std::string is = random_.chance(25) ? "!= " : "";
    switch (random_.below(12)) {
      case 0:
        return fmt::format("iifname {}\"p{}\"", is, random_.between(1, 4));
      case 1:
        return fmt::format("oifname {}\"p{}\"", is, random_.between(1, 4));
      case 2:
        return fmt::format("udp dport {}{}", is, 4000 + random_.below(4));
      case 3:
        return fmt::format("udp sport {}4000-{}", is, 4000 + random_.below(3));
      case 4:
        return fmt::format("tcp dport {}{{ 80, 4000-4001, 443 }}", is);
      case 5:
        return "tcp flags & (syn | ack) == syn";
      case 6:
        return fmt::format("meta mark {}{}", is, random_.below(3));
      case 7:
        return "meta length < 100";
      case 8:
        return fmt::format("ether saddr {}{}", is, to_string(station_mac(random_.between(1, 4))));
      case 9:
        return fmt::format("meta l4proto {}{}", is, random_.chance(50) ? "udp" : "tcp");
      case 10:
        return fmt::format("fib daddr type {}", random_.chance(50) ? "unicast" : "local");
      default:
        return "meta pkttype host";
    }
  }
  std::string write(bool v6) {
    constexpr const char* v4s[] = {"ip ttl set 60", "ip ttl set 2", "ip ttl set 1",
                                   "ip dscp set 10"};
    constexpr const char* v6s[] = {"ip6 hoplimit set 60", "ip6 hoplimit set 2", "ip6 dscp set 10"};
    return v6 ? random_.pick(v6s) : random_.pick(v4s);
  }
  // A later user chain, so that none is jumped to from itself.
  std::string verdict(int chain, bool v6) {
    const unsigned draw = random_.below(22);
    if (draw < 6) return "accept";
    if (draw < 10) return "drop";
    if (draw < 12) return "return";
    if (draw < 16 && chain < kUserChains)
      return fmt::format("{} u{}", random_.chance(70) ? "jump" : "goto", chain + 1);
    if (draw < 17) return "meta mark set " + std::to_string(random_.below(3));
    if (draw < 18) return "limit rate 100000/second accept";
    if (draw < 19 && !chain) return "udp dport vmap @says";
    if (draw < 21) return write(v6);
    return "counter";
  }
  std::string rule_by_chance(int chain) {
    std::string made;
    if (random_.chance(60)) made += (random_.chance(60) ? ipv4() : ipv6()) + " ";
    if (made.empty() || random_.chance(40)) made += any() + " ";
    if (random_.chance(30)) made += "counter ";
    return made + verdict(chain, made.find("ip6 ") != std::string::npos);
  }
  // nft takes no rule that is about two protocols.
  std::string rule(int chain) {
    std::string made;
    do made = rule_by_chance(chain);
    while (made.find("tcp") != std::string::npos && made.find("udp") != std::string::npos);
    return made;
  }

  void iptables() {
    for (int rules = random_.between(1, 4); rules > 0; --rules) {
      const std::string verdict = random_.chance(60) ? "ACCEPT" : "DROP";
      switch (random_.below(4)) {
        case 0:
          commands_.push_back("iptables -A FORWARD -s 192.0.2.0/27 -p udp --dport 4002 -j " +
                              verdict);
          break;
        case 1:
          commands_.push_back("iptables -A FORWARD -i p2 ! -o p1 -j " + verdict);
          break;
        case 2:
          commands_.push_back(
              "iptables -t mangle -A PREROUTING -p tcp -m multiport --dports 80,4000:4001 -j " +
              verdict);
          break;
        default:
          commands_.push_back("ip6tables -A FORWARD -d 2001:db8:2::/64 -p udp -j " + verdict);
      }
    }
  }

  Random random_;
  int most_;
  Commands commands_;
};

}  // namespace

std::vector<Shape> firewall_shapes(const Shape& router) {
  std::vector<Shape> shapes;
  for (int number = 1; number <= kFirewalls; ++number) {
    Shape shape = router;
    shape.name += fmt::format(" with firewall {}", number);
    shape.commands =
        shape.commands + Firewall(number, number > kFirewalls - 4 ? 90 : 12).commands();
    shape.topics.push_back(Topic::firewall);
    shape.weight = 2;
    shape.uncertain = true;
    shapes.push_back(std::move(shape));
  }
  return shapes;
}

}  // namespace tna::differential
