// SPDX-License-Identifier: Apache-2.0
// translations.cpp: the addresses that translated connections have, and the rules for that.
#include "translations.h"

#include <spdlog/fmt/fmt.h>

#include "random.h"
#include "router_world.h"

namespace tna::differential {
namespace {

constexpr unsigned kService = 7000, kInside = 7100;  // and the kind of NAT
constexpr int kSource = 250, kDestination = 200;     // hosts of the networks below

// 203.0.113.0/24 and 2001:db8:203:1000::/52 are the router's to translate; nobody has them. Their
// lower halves are networks for networks: 2001:db8:203:1001::3 for 2001:db8:1::3.
std::uint32_t outside(int host) {
  return 0xcb007100u + host;
}
Ip6 outside6(int network, int host) {
  Ip6 ip{0x20, 0x01, 0x0d, 0xb8, 0x02, 0x03, 0x10};
  ip[7] = network;
  ip[15] = host;
  return ip;
}
std::string outside_text(int host) {
  return fmt::format("203.0.113.{}", host);
}
std::string outside6_text(int network, int host) {
  return fmt::format("2001:db8:203:{:x}::{:x}", 0x1000 + network, host);
}

Endpoint endpoint(int port, int host, unsigned l4) {
  return {routed_ip(port, host), routed_ip6(port, host), l4};
}

std::string list(const std::vector<std::string>& items) {
  return fmt::format("{{ {} }}", fmt::join(items, " , "));
}

unsigned service(Nat nat) {
  return kService + static_cast<unsigned>(nat);
}
unsigned inside(Nat nat) {
  return kInside + static_cast<unsigned>(nat);
}

// "tcp and udp to the service".
std::string to(unsigned port) {
  return fmt::format("meta l4proto {{ tcp, udp }} th dport {} ", port);
}

void translate_destinations(Commands& commands, int ports) {
  std::vector<std::string> servers, servers6, hairpins, hairpins6, networks6;
  for (int station = 1; station <= kStations; ++station) {
    const int home = station_home(station), host = station_host(station);
    const unsigned port = inside(Nat::destination), back = inside(Nat::hairpin);
    servers.push_back(fmt::format("{} : {} . {}", outside_text(kDestination + station),
                                  routed_ip_text(home, host), port));
    servers6.push_back(fmt::format("{} : {} . {}", outside6_text(0xff, station),
                                   routed_ip6_text(home, host), port));
    if (station <= kStationPorts) continue;  // one server at each of the router's ports
    hairpins.push_back(fmt::format("{} : {} . {}", routed_ip_text(home, kRouterHost),
                                   routed_ip_text(home, host), back));
    hairpins6.push_back(fmt::format("{} : {} . {}", routed_ip6_text(home, kRouterHost),
                                    routed_ip6_text(home, host), back));
  }
  for (int port = 1; port <= ports; ++port)
    networks6.push_back(
        fmt::format("2001:db8:203:{:x}::/64 : 2001:db8:{:x}::/64", 0x1000 + port, port));
  const auto add = [&](const std::string& family, const std::string& what) {
    commands.push_back("nft add rule " + family + " nat pre " + what);
  };
  add("ip", to(service(Nat::destination)) + "dnat ip to ip daddr map " + list(servers));
  add("ip6", to(service(Nat::destination)) + "dnat ip6 to ip6 daddr map " + list(servers6));
  add("ip", to(service(Nat::hairpin)) + "dnat ip to ip daddr map " + list(hairpins));
  add("ip6", to(service(Nat::hairpin)) + "dnat ip6 to ip6 daddr map " + list(hairpins6));
  add("ip", to(service(Nat::network)) +
                "dnat ip prefix to ip daddr map { 203.0.113.0/25 : 192.0.2.0/25 }");
  add("ip6", to(service(Nat::network)) + "dnat ip6 prefix to ip6 daddr map " + list(networks6));
}

}  // namespace

Ends ends(Nat nat, int client, int server, unsigned port) {
  const int from = station_home(client), home = station_home(server), host = station_host(server);
  Ends ends{.client = endpoint(from, station_host(client), port),
            .server = endpoint(home, host, service(nat))};
  ends.client_of_server = ends.client;
  switch (nat) {
    case Nat::none:
      break;
    case Nat::source:
      ends.client_of_server = {outside(kSource), outside6(0xff, kSource), port};
      break;
    case Nat::masquerade:
      ends.client_of_server = endpoint(home, kRouterHost, port);
      break;
    case Nat::destination:
      ends.server.port = inside(nat);
      ends.server_of_client = {outside(kDestination + server), outside6(0xff, server),
                               service(nat)};
      return ends;
    case Nat::network:
      ends.server_of_client = {outside(static_cast<int>(ends.server.ip & 127)),
                               outside6(home, host), service(nat)};
      return ends;
    case Nat::hairpin:
      ends.server.port = inside(nat);
      ends.client_of_server = endpoint(from, kRouterHost, port);
      ends.server_of_client = endpoint(from, kRouterHost, service(nat));
      return ends;
  }
  ends.server_of_client = ends.server;
  return ends;
}

Connection any_connection(Random& random, bool, unsigned port) {
  const Nat nat = static_cast<Nat>(random.below(kNats));
  Connection made;
  if (nat == Nat::hairpin) {
    made.client = random.between(1, kStationPorts);
    made.server = made.client + kStationPorts;
  } else {
    do {
      made.client = random.between(1, kStations);
      made.server = random.between(1, kStations);
    } while (station_home(made.client) == station_home(made.server));
  }
  made.ends = ends(nat, made.client, made.server, port);
  return made;
}

Commands translation_commands(int ports) {
  Commands commands;
  for (const char* family : {"ip", "ip6"}) {
    const std::string table = std::string(family) + " nat ";
    commands.push_back("nft add table " + table);
    commands.push_back("nft add chain " + table +
                       "post { type nat hook postrouting priority 100 ; }");
    commands.push_back("nft add chain " + table +
                       "pre { type nat hook prerouting priority -100 ; }");
    const std::string source =
        std::string(family) == "ip" ? outside_text(kSource) : outside6_text(0xff, kSource);
    const std::string rule = "nft add rule " + table + "post ";
    commands.push_back(rule + to(service(Nat::source)) + "snat to " + source);
    commands.push_back(rule + to(service(Nat::masquerade)) + "masquerade");
    commands.push_back(rule + to(inside(Nat::hairpin)) + "masquerade");
  }
  translate_destinations(commands, ports);
  const std::string of_services = fmt::format(
      " meta l4proto {{ tcp, udp }} th sport {}-{} ct state new drop", kService, kInside + kNats);
  commands.push_back("nft insert rule inet fw forward" + of_services);
  commands.push_back("nft add chain inet fw input { type filter hook input priority 0 ; }");
  commands.push_back("nft add rule inet fw input" + of_services);
  return commands;
}

}  // namespace tna::differential
