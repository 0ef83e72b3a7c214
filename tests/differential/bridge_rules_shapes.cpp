// SPDX-License-Identifier: Apache-2.0
// bridge_rules_shapes.cpp: bridges with rules by chance, always the same ones: of the family
// bridge, of IP by br_netfilter, and with connections that are there from the start.
#include <spdlog/fmt/fmt.h>

#include "names.h"
#include "random.h"
#include "shapes.h"

namespace tna::differential {
namespace {

constexpr int kBridges = 9, kVlanBridges = 3, kTalkers = 6;

class BridgeRules {
 public:
  BridgeRules(int number, bool vlans) : random_(number), kind_(number % 3), vlans_(vlans) {}

  Commands commands() {
    commands_ = {"nft add table bridge fw", "nft add chain bridge fw extra"};
    if (vlans_) commands_ = commands_ + filter_vlans();
    if (kind_ != 1) frames();
    if (kind_ != 0) ip();
    if (kind_ == 2) connections();
    return std::move(commands_);
  }

 private:
  void add(const std::string& what) { commands_.push_back("nft add " + what); }
  std::string station() { return station_ip_text(random_.between(1, kTalkers)); }
  // What is dropped before its connection is looked for keeps that alive with TNA
  // (docs/supported.md).
  std::string verdict_at(const std::string& hook) {
    std::string made;
    do made = verdict();
    while (kind_ == 2 && hook == "prerouting" && made.ends_with("drop"));
    return made;
  }
  std::string verdict() {
    constexpr const char* some[] = {"accept",
                                    "accept",
                                    "accept",
                                    "drop",
                                    "counter drop",
                                    "counter",
                                    "meta mark set 1",
                                    "return",
                                    "limit rate 100000/second accept"};
    return random_.pick(some);
  }
  std::string of_frame() {
    const std::string is = random_.chance(25) ? "!= " : "";
    switch (random_.below(vlans_ ? 14 : 12)) {
      case 0:
        return "ether type " + is + (random_.chance(50) ? "ip" : "ip6");
      case 1:
        return fmt::format("ether {} {}{}", random_.chance(50) ? "saddr" : "daddr", is,
                           to_string(station_mac(random_.between(1, kTalkers))));
      case 2:
        return fmt::format("iifname {}\"p{}\"", is, random_.between(1, 3));
      case 3:
        return fmt::format("oifname {}\"p{}\"", is, random_.between(1, 3));
      case 4:
        return "ip saddr " + is + station();
      case 5:
        return "ip daddr " + is + "192.0.2.0/30";
      case 6:
        return fmt::format("udp dport {}{}", is, 4000 + random_.below(3));
      case 7:
        return fmt::format("vlan id {}{}", is, random_.between(1, 6));
      case 8:
        return "meta protocol " + is + "0x88b5";
      case 9:
        return "tcp flags & (syn | ack) == syn";
      case 10:
        return "meta mark " + is + "1";
      case 12:
        return "ibrname " + is + "\"br0\"";
      case 13:
        return "obrname " + is + "\"br0\"";
      default:
        return "ip ttl " + is + "64";
    }
  }
  void frames() {
    for (const char* hook : {"prerouting", "forward", "postrouting"}) {
      if (hook[0] != 'f' && random_.chance(40)) continue;
      constexpr int kPriorities[] = {-200, -200, 0, 100};
      add(fmt::format("chain bridge fw {} {{ type filter hook {} priority {} ; policy accept ; }}",
                      hook, hook, random_.pick(kPriorities)));
      if (hook[0] == 'f') add("rule bridge fw forward jump extra");
      for (int rules = random_.between(2, 8); rules > 0; --rules)
        add(fmt::format("rule bridge fw {} {}{} {}", hook, of_frame(),
                        random_.chance(40) ? " " + of_frame_of_none(hook) : "", verdict_at(hook)));
    }
  }
  // What goes together with anything.
  std::string of_frame_of_none(const std::string& hook) {
    if (hook == "forward" && random_.chance(50))
      return fmt::format("oifname \"p{}\"", random_.between(1, 3));
    return fmt::format("meta mark {}", random_.below(2));
  }

  void ip() {
    add("table inet l3");
    for (const char* hook : {"prerouting", "forward", "postrouting"})
      add(fmt::format("chain inet l3 {} {{ type filter hook {} priority {} ; policy accept ; }}",
                      hook, hook, random_.between(-1, 1)));
    for (int rules = random_.between(3, 8); rules > 0; --rules) {
      constexpr const char* kHooks[] = {"prerouting", "forward", "forward", "postrouting"};
      add(fmt::format("rule inet l3 {} {} {}", random_.pick(kHooks), of_ip(), verdict()));
    }
    for (int rules = random_.between(0, 2); rules > 0; --rules)
      commands_.push_back(
          fmt::format("iptables -A FORWARD -m physdev --physdev-is-bridged {}--physdev-in p{} -p "
                      "udp --dport {} -j {}",
                      random_.chance(30) ? "! " : "", random_.between(1, 3),
                      4000 + random_.below(3), random_.chance(50) ? "DROP" : "ACCEPT"));
  }
  std::string of_ip() {
    const std::string is = random_.chance(25) ? "!= " : "";
    switch (random_.below(8)) {
      case 0:
        return "iifname " + is + "\"br0\"";
      case 1:
        return "ip saddr " + is + station();
      case 2:
        return fmt::format("udp dport {}{}", is, 4000 + random_.below(3));
      case 3:
        return "ip ttl " + is + "64";
      case 4:
        return "ip6 hoplimit " + is + "64";
      case 5:
        return "meta length < 200";
      case 6:
        return "meta pkttype host";
      default:
        return "tcp flags & (syn | ack) == syn";
    }
  }

  void connections() {
    commands_.push_back("sysctl -qw net.netfilter.nf_conntrack_tcp_be_liberal=1");
    constexpr const char* some[] = {"ct state established counter accept", "ct state invalid drop",
                                    "ct direction reply counter", "ct mark 1 drop",
                                    "ct state established ip ttl 64 accept"};
    for (int rules = random_.between(1, 3); rules > 0; --rules)
      add(std::string("rule inet l3 forward ") + random_.pick(some));
    for (int from = 1; from <= kTalkers; ++from)
      for (int to = 1; to <= kTalkers; ++to)
        if (from != to && random_.chance(50))
          commands_.push_back(fmt::format(
              "conntrack -I -s {} -d {} -p udp --sport {} --dport {} -t 500 -u {}{}",
              station_ip_text(from), station_ip_text(to), 4000 + random_.below(3),
              4000 + random_.below(3), random_.chance(90) ? "SEEN_REPLY,ASSURED" : "SEEN_REPLY",
              random_.chance(30) ? " --mark 1" : ""));
  }

  Random random_;
  int kind_;    // 0: rules for frames, 1: of IP, 2: both, with connections
  bool vlans_;  // the bridge filters them
  Commands commands_;
};

}  // namespace

Shapes bridge_rules_shapes() {
  Shapes shapes;
  for (int number = 1; number <= kBridges; ++number)
    shapes.push_back({.weight = 1,
                      .name = fmt::format("bridge with rules {}", number),
                      .commands = BridgeRules(number, false).commands(),
                      .topics = {Topic::bridge_rules},
                      .uncertain = true,
                      .tagged = 15});
  for (int number = 1; number <= kVlanBridges; ++number)
    shapes.push_back({.weight = 1,
                      .name = fmt::format("bridge with rules and VLANs {}", number),
                      .commands = BridgeRules(100 + number, true).commands(),
                      .topics = {Topic::bridge_rules, Topic::vlans},
                      .uncertain = true,
                      .tagged = 65});
  return shapes;
}

}  // namespace tna::differential
