// SPDX-License-Identifier: Apache-2.0
// nat_shapes.cpp: routers that follow connections. Those of UDP between stations are there from the
// start, as after some seconds of talk, some of them translated; which, is by chance, always the
// same.
#include <spdlog/fmt/fmt.h>

#include <map>

#include "random.h"
#include "router_world.h"
#include "shapes.h"

namespace tna::differential {
namespace {

constexpr int kRouters = 6, kWithZones = 3;  // the last ones

class Connections {
 public:
  Connections(std::uint64_t seed, bool zones) : random_(seed), zones_(zones) {}

  Commands commands() {
    // TCP is followed liberally, since nobody's daemon may say so of single connections in time.
    commands_ = {
        "sysctl -qw net.netfilter.nf_conntrack_tcp_be_liberal=1", "nft add table inet fw",
        "nft add chain inet fw extra",
        fmt::format("nft add chain inet fw forward {{ type filter hook forward priority 0 ; "
                    "policy {} ; }}",
                    random_.chance(30) ? "drop" : "accept"),
        "nft add rule inet fw forward jump extra"};
    // Where addresses are translated the kernel draws lots for the port of a new connection whose
    // answers would look like another connection's packets.
    if (random_.chance(80)) {
      commands_.push_back(
          "nft add rule inet fw forward udp sport 4002 udp dport 4000 ct state new drop");
      translate();
    }
    for (int rules = random_.between(1, 6); rules > 0; --rules)
      commands_.push_back("nft add rule inet fw forward " + rule());
    if (random_.chance(40))
      commands_.push_back("iptables -t mangle -A PREROUTING -j CONNMARK --restore-mark --mask 0x2");
    if (zones_) put_into_zones();
    for (int from = 1; from <= kStations; ++from)
      for (int to = 1; to <= kStations; ++to)
        if (station_home(from) != station_home(to) && random_.chance(60)) {
          connect(false, from, to);
          if (random_.chance(50)) connect(true, from, to);
        }
    return std::move(commands_);
  }

 private:
  std::string rule() {
    constexpr const char* some[] = {"ct state established,related accept",
                                    "ct state invalid drop",
                                    "ct state new counter",
                                    "ct direction reply counter accept",
                                    "ct status snat counter",
                                    "ct status dnat ip ttl 63 accept",
                                    "ct mark 1 drop",
                                    "meta mark set ct mark",
                                    "ct direction reply meta mark set ct mark & 0x2",
                                    "meta mark 2 drop",
                                    "udp sport 4000 ip daddr 192.0.2.35 drop",
                                    "ct state new limit rate 100000/second accept"};
    return random_.pick(some);
  }

  // By the port that packets come in by: some count for the first packet's way, some for both.
  // Entries are in the zones that they would be in; where nothing is translated (see below), not
  // all.
  void put_into_zones() {
    commands_.push_back(
        "nft add chain inet fw zones { type filter hook prerouting priority -310 ; }");
    constexpr const char* some[] = {"udp dport 4001 counter", "udp sport 4001 accept",
                                    "udp dport 4003 drop", "ip6 daddr 2001:db8:2::3 ct zone set 9"};
    commands_.push_back("nft add rule inet fw zones " + std::string(random_.pick(some)));
    for (int port = 1; port <= kStationPorts; ++port)
      if (random_.chance(75)) {
        const std::string way = port <= 2 ? "original " : "";
        const int zone = port == 4 ? 3 : port;
        commands_.push_back(fmt::format("nft add rule inet fw zones iifname p{} {}ct {}zone set {}",
                                        port, random_.chance(30) ? "counter " : "", way, zone));
        zones_of_[port] = fmt::format(" --{}zone {}", way.empty() ? "" : "orig-", zone);
      }
  }

  // Nobody new is translated: the kernel would draw lots for ports.
  void translate() {
    for (const char* family : {"ip", "ip6"}) {
      const std::string table = std::string(family) + " nat ";
      commands_.push_back("nft add table " + table);
      commands_.push_back("nft add chain " + table +
                          "post { type nat hook postrouting priority 100 ; }");
      commands_.push_back("nft add chain " + table +
                          "pre { type nat hook prerouting priority -100 ; }");
      commands_.push_back("nft add rule " + table + "post " +
                          (family[2] ? "ip6 daddr 2001:db8:fff::1" : "ip daddr 203.0.113.250") +
                          " masquerade");
    }
    translates_ = true;
  }

  std::string address(bool v6, int station) const {
    const int port = station_home(station), host = station_host(station);
    return v6 ? routed_ip6_text(port, host) : routed_ip_text(port, host);
  }
  // Packets go from port 4000 to port 4002 of stations (random_routed.cpp); the connection's first
  // one went the same way, or the other. What is translated are they, or those that answer them.
  void connect(bool v6, int from, int to) {
    const bool reply = random_.chance(50);
    const std::string a = address(v6, from), b = address(v6, to),
                      other = address(v6, random_.between(1, kStations)),
                      outside = v6 ? fmt::format("2001:db8:100:1::{}", 100 + 10 * from + to)
                                   : fmt::format("198.51.100.{}", 100 + 10 * from + to);
    std::string source = a, destination = b, more;
    const unsigned draw = translates_ ? random_.below(4) : 3;
    if (!reply && draw == 0) more = " --src-nat " + outside;
    if (!reply && draw == 1 && !v6)  // by a port of its own: others go to that station, too
      more = fmt::format(" --dst-nat {}:{}", other, 5000 + 10 * from + to);
    if (reply) std::swap(source, destination);
    if (reply && draw == 0) {  // the answers to it are sent to the address that it was given
      source = outside;
      more = " --src-nat " + b;
    }
    if (reply && draw == 1) {
      destination = outside;
      more = " --dst-nat " + a;
    }
    if (zones_ && (translates_ || random_.chance(85)))
      more += zones_of_[station_home(reply ? to : from)];
    constexpr const char* kMarks[] = {"", "", " --mark 1", " --mark 2"};
    commands_.push_back(fmt::format(
        "conntrack -I -s {} -d {} -p udp --sport {} --dport {} -t 500 -u {}{}{}", source,
        destination, reply ? 4002 : 4000, reply ? 4000 : 4002,
        random_.chance(90) ? "SEEN_REPLY,ASSURED" : "SEEN_REPLY", more, random_.pick(kMarks)));
  }

  Random random_;
  bool zones_ = false, translates_ = false;
  std::map<int, std::string> zones_of_;  // by port, as conntrack says it
  Commands commands_;
};

}  // namespace

std::vector<Shape> nat_shapes(const Shape& router) {
  std::vector<Shape> shapes;
  for (int number = 1; number <= kRouters + kWithZones; ++number) {
    const bool zones = number > kRouters;
    Shape shape = router;
    shape.name += fmt::format(" with connections {}{}", number, zones ? " in zones" : "");
    shape.commands = shape.commands + Connections(number, zones).commands();
    shape.topics.push_back(Topic::connections);
    shape.weight = 1;
    shape.uncertain = true;
    shapes.push_back(std::move(shape));
  }
  return shapes;
}

}  // namespace tna::differential
