// SPDX-License-Identifier: Apache-2.0
// rule_set_shapes.cpp: routers with the rule sets of well-known programs (tests/rules/sets), by all
// back ends that these have, and stations that hold the connections which such rules are about.
#include <algorithm>
#include <tuple>

#include "random.h"
#include "router_world.h"
#include "shapes.h"
#include "translations.h"

namespace tna::differential {
namespace {

constexpr unsigned kHttp = 80, kPodPort = 8080;

Endpoint endpoint(int station, unsigned port) {
  const int home = station_home(station), host = station_host(station);
  return {routed_ip(home, host), routed_ip6(home, host), port};
}
Endpoint router_at(int port, unsigned l4) {
  return {routed_ip(port, kRouterHost), routed_ip6(port, kRouterHost), l4};
}

// Nobody is translated.
Connection plain(int client, unsigned port, int server, unsigned service) {
  const Endpoint from = endpoint(client, port), to = endpoint(server, service);
  return {client, server, {from, to, from, to}, false};
}

// As if it came from the router, by the interface to the server.
Connection masqueraded(Connection made) {
  made.ends.client_of_server = router_at(station_home(made.server), made.ends.client.port);
  return made;
}

std::pair<int, int> two(Random& random) {
  const int client = random.between(1, kStations);
  int server = client;
  while (station_home(server) == station_home(client)) server = random.between(1, kStations);
  return {client, server};
}

// p1 is outside, p2 inside, and p3 has the servers.
Connection of_ufw(Random& random, bool, unsigned port) {
  constexpr unsigned kServices[] = {80, 443, 53, 22};
  auto [client, server] = two(random);
  if (random.chance(30)) std::tie(client, server) = std::pair{2, 5};
  return plain(client, port, server, random.pick(kServices));
}

// The same, and what is behind p4 is outside, too.
Connection of_firewalld(Random& random, bool v6, unsigned port) {
  constexpr unsigned kServices[] = {80, 443, 25, 23};
  const auto [client, server] = two(random);
  const Connection made = plain(client, port, server, random.pick(kServices));
  const int home = station_home(server);
  return !v6 && (home == 1 || home == 4) ? masqueraded(made) : made;
}

// p3 is outside; two containers at each bridge have a published port, by whichever of the host's
// addresses.
Connection of_docker(Random& random, bool v6, unsigned port) {
  constexpr int kOutside[] = {3, 7}, kPublished[] = {1, 2, 4, 8};
  constexpr unsigned kFirstPort = 8002;
  auto [client, server] = two(random);
  if (!v6 && random.chance(40)) {
    const unsigned number = random.below(std::size(kPublished));
    Connection made = plain(random.pick(kOutside), port, kPublished[number], kHttp);
    made.ends.server_of_client = router_at(random.between(1, kStationPorts), kFirstPort + number);
    made.tcp_only = true;
    return made;
  }
  if (random.chance(40)) server = random.pick(kOutside);
  const bool from_container = station_home(client) != 3, to_outside = station_home(server) == 3;
  if (!from_container && to_outside) std::swap(client, server);
  const Connection made = plain(client, port, server, kHttp);
  return !v6 && to_outside ? masqueraded(made) : made;
}

// p1 and p2, in IPv6 p3, too, have pods; clients elsewhere get to a service by an address of the
// node. The one without endpoints refuses everybody.
Connection of_kubernetes(Random& random, bool v6, unsigned port, unsigned pod_port) {
  constexpr unsigned kNoEndpoints = 20;
  const auto [client, server] = two(random);
  if (random.chance(25)) return plain(client, port, server, random.chance(50) ? 53 : pod_port);
  Connection made = plain(client, port, server, pod_port);
  const unsigned service = random.chance(10) ? kNoEndpoints : static_cast<unsigned>(server);
  Ip6 ip6{0xfd, 0, 0, 0x96};
  ip6[15] = static_cast<std::uint8_t>(service);
  made.ends.server_of_client = {0x0a600000u + service, ip6, kHttp};
  made.tcp_only = true;
  return station_home(client) > (v6 ? 3 : 2) ? masqueraded(made) : made;
}
Connection of_kubernetes_by_iptables(Random& random, bool v6, unsigned port) {
  if (!v6) return of_kubernetes(random, v6, port, kPodPort);
  const auto [client, server] = two(random);
  return plain(client, port, server, kPodPort);  // there are no rules of IPv6
}
Connection of_kubernetes_by_nftables(Random& random, bool v6, unsigned port) {
  return of_kubernetes(random, v6, port, kHttp);
}

// What of the connections TNA has passed by (twins.cpp). And nobody opens a connection but clients
// of dialogues, whose ports are above 10000: the kernel would draw lots for the port of one whose
// answers look like another one's.
// What connections miss, where the router is set up anew, makes the rest be out of their windows:
// that is accepted in both worlds, as TNA has it accepted.
const Commands kAround{
    "sysctl -qw net.netfilter.nf_conntrack_checksum=0",
    "sysctl -qw net.netfilter.nf_conntrack_tcp_be_liberal=1",
    "nft add table inet fw",
    "nft add chain inet fw pre { type filter hook prerouting priority -300 ; }",
    "nft add rule inet fw pre meta l4proto tcp counter comment \"TCP\"",
    "nft add rule inet fw pre meta l4proto udp counter comment \"UDP\"",
    "nft add chain inet fw extra",
    "nft add chain inet fw forward { type filter hook forward priority -5 ; }",
    "nft add rule inet fw forward jump extra",
    "nft add chain inet fw input { type filter hook input priority -5 ; }",
    "nft add rule inet fw input meta l4proto { tcp, udp } th sport < 10000 ct state new drop"};
const Commands kTranslated{
    "nft add rule inet fw forward meta l4proto { tcp, udp } th sport < 10000 ct state new drop",
    "nft add rule inet fw forward meta l4proto != { tcp, udp } ct state new drop"};

struct Row {
  const char *name, *router, *load;
  Opens opens;
  bool translates = true;
};
constexpr char kRouter[] = "router with default routes", kBridges[] = "router with two bridges";
constexpr Row kRows[] = {
    {"ufw", kRouter, "ufw nft", of_ufw, false},
    {"ufw, legacy", kRouter, "ufw legacy", of_ufw, false},
    {"firewalld", kRouter, "firewalld", of_firewalld},
    {"Docker", kBridges, "docker nft", of_docker},
    {"Docker, legacy", kBridges, "docker legacy", of_docker},
    {"Kubernetes", kRouter, "kube_iptables nft", of_kubernetes_by_iptables},
    {"Kubernetes, legacy", kRouter, "kube_iptables legacy", of_kubernetes_by_iptables},
    {"Kubernetes by nftables", kRouter, "kube_nft", of_kubernetes_by_nftables},
};

}  // namespace

Shapes rule_set_shapes() {
  Shapes shapes;
  for (const Row& row : kRows) {
    Shape shape = *std::ranges::find(router_shapes(), row.router, &Shape::name);
    shape.name += std::string(" with rules of ") + row.name;
    shape.commands = shape.commands + kAround;
    if (row.translates) shape.commands = shape.commands + kTranslated;
    shape.commands.push_back(std::string("load_rules ") + row.load);
    shape.topics = {Topic::router, Topic::dialogues};
    shape.weight = 2;
    shape.uncertain = true;
    shape.dialogues = true;
    shape.opens = row.opens;
    shapes.push_back(std::move(shape));
  }
  return shapes;
}

}  // namespace tna::differential
