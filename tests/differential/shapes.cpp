// SPDX-License-Identifier: Apache-2.0
// shapes.cpp: the table of worlds. Addresses of all devices are written down: by lot they would be
// different in the two worlds.
#include "shapes.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstdio>

#include "names.h"
#include "process.h"
#include "world.h"

namespace tna::differential {

Commands operator+(Commands first, const Commands& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

namespace {

// br1 with the third and the fourth port.
Commands second_bridge() {
  return {fmt::format("ip link add br1 address {} type bridge mcast_snooping 0 stp_state 0",
                      to_string(second_bridge_mac())),
          "ip link set br1 type bridge forward_delay 0",
          "sysctl -qw net.ipv4.neigh.br1.retrans_time_ms=600000",
          "ip link set br1 up",
          "ip link set p3 master br1",
          "ip link set p4 master br1"};
}

Commands stations_on(const std::string& device, const std::string& network) {
  Commands commands;
  for (int station = 1; station <= kStations; ++station)
    commands.push_back(fmt::format("ip neigh add {}.{} lladdr {} dev {} nud permanent", network,
                                   station, to_string(station_mac(station)), device));
  return commands;
}

const Commands kRouted{"ip addr add 192.0.2.254/24 dev br0",
                       "sysctl -qw net.ipv4.ip_forward=1",
                       "ip route add 198.51.100.0/24 via 192.0.2.3",
                       "ip route add 198.51.100.64/26 via 192.0.2.4 mtu 1000",
                       "ip route add unreachable 203.0.113.0/25",
                       "ip route add blackhole 203.0.113.128/25",
                       "ip route add default via 192.0.2.5 table 100",
                       "ip rule add from 192.0.2.6 lookup 100"};

const Commands kFilterVlans = filter_vlans();

const Shape kShapes[] = {
    {.weight = 42, .name = "one bridge"},
    {.weight = 9,
     .name = "address and routes",
     .commands = kRouted,
     .topics = {Topic::routing},
     .routed = 12},
    {.weight = 6,
     .name = "routed port",
     .commands = kRouted +
                 Commands{"ip link set p3 nomaster", "ip route del 198.51.100.0/24",
                          "ip addr add 198.51.100.254/24 dev p3"} +
                 stations_on("p3", "198.51.100"),
     .topics = {Topic::routing},
     .ports = 4,
     .routed = 12},
    {.weight = 6,
     // No address translation: where two connections would clash, the kernel draws a port by lot.
     .name = "rules for what is routed only",
     .commands =
         kRouted + Commands{"sysctl -qw net.bridge.bridge-nf-call-iptables=0",
                            "sysctl -qw net.bridge.bridge-nf-call-ip6tables=0",
                            "iptables -A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT",
                            "iptables -A FORWARD -p udp --dport 4001 -j DROP",
                            "iptables -A INPUT -p udp --dport 4002 -j DROP"},
     .topics = {Topic::routing},
     .routed = 12},
    {.weight = 3,
     .name = "rules for what is bridged",
     .commands = {"iptables -A FORWARD -m conntrack --ctstate INVALID -j DROP",
                  "iptables -A FORWARD -p udp --dport 4001 -j DROP",
                  "ip6tables -A FORWARD -p udp --dport 4002 -j DROP"}},
    {.weight = 9,
     .name = "two bridges",
     .commands = second_bridge(),
     .topics = {Topic::two_bridges},
     .ports = 4},
    {.weight = 6,
     .name = "two bridges joined by a cable",
     .commands = second_bridge() +
                 Commands{fmt::format("ip link add j0 address {} type veth peer name j1 address {}",
                                      to_string(port_mac(10)), to_string(port_mac(11))),
                          "ip link set j0 master br0 up", "ip link set j1 master br1 up"},
     .topics = {Topic::two_bridges},
     .ports = 4},
    {.weight = 6,
     .name = "spanning tree",
     .commands = {"ip link set br0 type bridge stp_state 1 forward_delay 3000 max_age 4000"},
     .topics = {Topic::spanning_tree}},
    {.weight = 6,
     .name = "snooping",
     .commands = {"ip link set br0 type bridge mcast_snooping 1",
                  "bridge mdb add dev br0 port p1 grp 239.1.2.3 permanent"},
     .topics = {Topic::snooping},
     .uncertain = true},
    {.weight = 3,
     .name = "a tap device as a port",
     .commands = {"ip tuntap add t1 mode tap",
                  fmt::format("ip link set t1 address {}", to_string(port_mac(13))),
                  "ip link set t1 master br0 up"},
     .uncertain = true},
    {.weight = 6,
     .name = "VLAN-aware bridge",
     .commands = kFilterVlans,
     .topics = {Topic::vlans},
     .uncertain = true,
     .tagged = 65},
    {.weight = 3,
     .name = "VLAN-aware bridge of provider tags",
     .commands = kFilterVlans + Commands{"ip link set br0 type bridge vlan_protocol 802.1ad"},
     .topics = {Topic::vlans},
     .uncertain = true,
     .tagged = 65,
     .provider_tags = true},
    {.weight = 3,
     .name = "VLAN device on a port",
     .commands = {"ip link add link p1 name p1.5 type vlan id 5", "ip link set p1.5 up",
                  "ip addr add 198.51.100.254/24 dev p1.5"},
     .uncertain = true,
     .tagged = 30,
     .routed = 5},
    {.weight = 3,
     .name = "VLAN devices as ports of a second bridge",
     .commands = second_bridge() + Commands{"ip link add link p1 name p1.5 type vlan id 5",
                                            "ip link add link p2 name p2.5 type vlan id 5",
                                            "ip link set p1.5 master br1 up",
                                            "ip link set p2.5 master br1 up"},
     .topics = {Topic::two_bridges},
     .ports = 4,
     .uncertain = true,
     .tagged = 40},
    {.weight = 3,
     .name = "VLAN device above a bridge",
     .commands =
         kRouted +
         Commands{"ip link add link br0 name br0.5 type vlan id 5", "ip link set br0.5 up",
                  "ip route del 198.51.100.0/24", "ip addr add 198.51.100.254/24 dev br0.5"} +
         stations_on("br0.5", "198.51.100"),
     .topics = {Topic::routing},
     .uncertain = true,
     .tagged = 40,
     .routed = 12},
    {.weight = 3,
     .name = "VLAN device above a VLAN-aware bridge",
     .commands = kFilterVlans +
                 Commands{"ip link add link br0 name br0.5 type vlan id 5", "ip link set br0.5 up",
                          "ip addr add 198.51.100.254/24 dev br0.5"} +
                 stations_on("br0.5", "198.51.100"),
     .topics = {Topic::vlans},
     .uncertain = true,
     .tagged = 50,
     .routed = 12},
};

// The first command that the kernel can't, or nothing.
Result<std::string> impossible(const Shape& shape, const std::string& name) {
  const World world = TRY(World::create(name, {shape.ports, shape.router}, false));
  for (const std::string& command : shape.commands)
    if (TRY(run(split_words(command), world.netns())).status != 0) return command;
  return "";
}

}  // namespace

Commands filter_vlans() {
  return {"ip link set br0 type bridge vlan_filtering 1", "bridge vlan add dev p1 vid 5",
          "bridge vlan add dev p2 vid 5-6",
          // p3 is an access port of VLAN 5, and what is not tagged elsewhere is VLAN 1.
          "bridge vlan add dev p3 vid 5 pvid untagged", "bridge vlan del dev p3 vid 1",
          "bridge vlan add dev br0 vid 5 self"};
}

bool Shape::has(Topic topic) const {
  return std::ranges::find(topics, topic) != topics.end();
}

const RoutedBridge* Shape::bridge_of(int port) const {
  for (const RoutedBridge& bridge : bridges)
    if (std::ranges::find(bridge.ports, port) != bridge.ports.end()) return &bridge;
  return nullptr;
}

const RoutedVlan* Shape::vlan_of(int port) const {
  const auto found = std::ranges::find(vlans, port, &RoutedVlan::network);
  return found == vlans.end() ? nullptr : &*found;
}

int Shape::cable_of(int port) const {
  const RoutedVlan* vlan = vlan_of(port);
  return vlan ? vlan->cable : port;
}

std::string Shape::routed_device(int port) const {
  if (const RoutedVlan* vlan = vlan_of(port)) return vlan->name;
  const RoutedBridge* bridge = bridge_of(port);
  return bridge ? bridge->name : port_name(port);
}

Mac Shape::router_mac(int port) const {
  const RoutedBridge* bridge = bridge_of(cable_of(port));
  return bridge ? bridge->address : port_mac(cable_of(port));
}

Result<Shapes> possible_shapes(const std::string& text, const std::string& world) {
  std::vector<Shape> all(std::begin(kShapes), std::end(kShapes));
  all.insert(all.end(), router_shapes().begin(), router_shapes().end());
  const Shapes firewalls = firewall_shapes(router_shapes()[1]);
  all.insert(all.end(), firewalls.begin(), firewalls.end());
  const Shapes iptables = iptables_shapes(router_shapes()[1]);
  all.insert(all.end(), iptables.begin(), iptables.end());
  const Shapes nats = nat_shapes(router_shapes()[1]);
  all.insert(all.end(), nats.begin(), nats.end());
  const Shapes dialogues = dialogue_shapes(router_shapes()[1]);
  all.insert(all.end(), dialogues.begin(), dialogues.end());
  const Shapes rule_sets = rule_set_shapes();
  all.insert(all.end(), rule_sets.begin(), rule_sets.end());
  const Shapes ruled = bridge_rules_shapes();
  all.insert(all.end(), ruled.begin(), ruled.end());
  const Shapes hooked = hook_shapes(all);
  all.insert(all.end(), hooked.begin(), hooked.end());
  Shapes shapes;
  for (const Shape& shape : all) {
    if (shape.name.find(text) == std::string::npos) continue;
    if (!shape.hook.empty() && text.find("hook") == std::string::npos) continue;
    const std::string missing = shape.uncertain ? TRY(impossible(shape, world)) : "";
    if (missing.empty())
      shapes.push_back(shape);
    else
      std::fprintf(stderr, "not on this kernel: %s (%s)\n", shape.name.c_str(), missing.c_str());
  }
  if (shapes.empty()) return error("there is no such shape of worlds here");
  return shapes;
}

}  // namespace tna::differential
