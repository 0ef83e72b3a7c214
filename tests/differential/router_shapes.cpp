// SPDX-License-Identifier: Apache-2.0
// router_shapes.cpp: worlds whose device is a router: its routes, rules and checks.
#include <spdlog/fmt/fmt.h>

#include "router_world.h"
#include "shapes.h"

namespace tna::differential {
namespace {

// 192.0.2.35 and 2001:db8:2::3 are station 2, 192.0.2.68 is station 3, 192.0.2.101 station 4;
// 5 is 192.0.2.6, 6 is 192.0.2.39, 7 is 192.0.2.72, 8 is 192.0.2.105.
const Commands kRoutes4{
    "ip route add 198.51.100.0/24 via 192.0.2.35", "ip route add 198.51.100.64/26 via 192.0.2.68",
    "ip route add 198.51.100.70 via 192.0.2.101",
    "ip route add 198.51.100.71 via 192.0.2.20",  // nobody
    "ip route add unreachable 203.0.113.0/26",     "ip route add blackhole 203.0.113.64/26",
    "ip route add prohibit 203.0.113.128/26"};
const Commands kRoutes6{"ip -6 route add 2001:db8:100::/48 via 2001:db8:2::3",
                        "ip -6 route add 2001:db8:100:1::/64 via fe80::4 dev p3",
                        "ip -6 route add 2001:db8:100:1::46 via 2001:db8:4::5",
                        "ip -6 route add 2001:db8:100:1::47 via 2001:db8:1::14",  // nobody
                        "ip -6 route add unreachable 2001:db8:203::/64",
                        "ip -6 route add blackhole 2001:db8:203:1::/64",
                        "ip -6 route add prohibit 2001:db8:203:2::/64"};
const Commands kRoutes = kRoutes4 + kRoutes6;
const Commands kDefault{"ip route add default via 192.0.2.2",
                        "ip -6 route add default via fe80::2 dev p1"};

Shape router(unsigned weight, const std::string& name, const Commands& commands,
             bool uncertain = false) {
  return {.weight = weight,
          .name = name,
          .commands = commands,
          .topics = {Topic::router},
          .ports = 4,
          .uncertain = uncertain,
          .tagged = 5,
          .router = true};
}

// The router's addresses on the ports move to the bridge, and the stations become its neighbours.
Commands commands_of(const RoutedBridge& bridge) {
  Commands commands{"ip link add " + bridge.name + " address " + to_string(bridge.address) +
                        " type bridge mcast_snooping 0 forward_delay 0",
                    "ip link set " + bridge.name + " up",
                    fmt::format("{}", fmt::join(patient_neighbours({bridge.name}), " "))};
  const std::string end = " dev " + bridge.name;
  for (int port : bridge.ports)
    commands = commands + Commands{"ip addr flush dev " + port_name(port),
                                   "ip link set " + port_name(port) + " master " + bridge.name,
                                   "ip addr add " + routed_ip_text(port, kRouterHost) + "/27" + end,
                                   "ip addr add " + routed_ip6_text(port, kRouterHost) + "/64" +
                                       end + " nodad"};
  commands.push_back("ip addr add " + link_local_text(kRouterHost) + "/64" + end + " nodad");
  for (int port : bridge.ports)
    for (const std::string& neighbour : router_neighbours(port, bridge.name))
      commands.push_back("ip neigh replace " + neighbour);
  return commands;
}

Shape router_with_bridges(unsigned weight, const std::string& name,
                          const std::vector<RoutedBridge>& bridges, const Commands& commands) {
  Commands all;
  for (const RoutedBridge& bridge : bridges) all = all + commands_of(bridge);
  Shape shape = router(weight, name, all + commands);
  shape.bridges = bridges;
  return shape;
}

// Ports 1 to 3 belong to VRF red, which has the routes in its table and two ways out of it, by
// port 4; that has a way into it.
Shape router_with_vrf(unsigned weight) {
  Commands commands{"ip link add red type vrf table 10", "ip link set red up",
                    "ip -6 route add unreachable default metric 4278198272 vrf red"};
  for (int port : {1, 2, 3}) {
    commands.push_back("ip link set " + port_name(port) + " master red");
    for (const std::string& neighbour : router_neighbours(port, port_name(port)))
      commands.push_back("ip neigh replace " + neighbour);
  }
  Commands routes{"ip route add 198.51.100.0/24 via 192.0.2.35",
                  "ip route add 198.51.100.64/26 via 192.0.2.68",
                  "ip route add 198.51.100.70 via 192.0.2.101 dev p4 onlink",
                  "ip route add 198.51.100.128/25 nexthop via 192.0.2.35 nexthop via 192.0.2.68",
                  "ip route add unreachable 203.0.113.0/26",
                  "ip route add 192.0.2.96/27 dev p4",
                  "ip -6 route add 2001:db8:100::/48 via 2001:db8:2::3",
                  "ip -6 route add 2001:db8:100:1::/64 via fe80::4 dev p3",
                  "ip -6 route add 2001:db8:100:1::46 via fe80::5 dev p4",
                  "ip -6 route add 2001:db8:4::/64 dev p4",
                  "ip -6 route add prohibit 2001:db8:203:2::/64"};
  for (std::string& route : routes)
    commands.push_back(route.insert(route.find("add ") + 4, "vrf red "));
  Shape shape = router(weight, "router with a VRF",
                       commands + Commands{"ip route add 192.0.2.0/26 dev p1",
                                           "ip -6 route add 2001:db8:1::/64 dev p1"},
                       true);
  shape.vrf = "red";
  return shape;
}

// The router's addresses of a network move from its port, or bridge, to a VLAN device.
Commands commands_of(const RoutedVlan& vlan, const std::string& before) {
  const std::string ip = routed_ip_text(vlan.network, kRouterHost) + "/27 dev ";
  const std::string ip6 = routed_ip6_text(vlan.network, kRouterHost) + "/64 dev ";
  Commands commands{
      "ip addr del " + ip + before,
      "ip addr del " + ip6 + before,
      fmt::format("ip link add link {} name {} type vlan protocol {} id {}", vlan.below, vlan.name,
                  vlan.provider ? "802.1ad" : "802.1q", vlan.vid),
      "ip link set " + vlan.name + " up",
      fmt::format("{}", fmt::join(patient_neighbours({vlan.name}), " ")),
      "ip addr add " + ip + vlan.name,
      "ip addr add " + ip6 + vlan.name + " nodad",
      "ip addr add " + link_local_text(kRouterHost) + "/64 dev " + vlan.name + " nodad"};
  for (const std::string& neighbour : router_neighbours(vlan.network, vlan.name))
    commands.push_back("ip neigh replace " + neighbour);
  return commands;
}

Shape router_with_vlans(unsigned weight, const std::string& name,
                        const std::vector<RoutedBridge>& bridges,
                        const std::vector<RoutedVlan>& vlans, const Commands& commands) {
  Shape shape = router_with_bridges(weight, name, bridges, commands);
  for (const RoutedVlan& vlan : vlans)
    shape.commands = shape.commands + commands_of(vlan, shape.routed_device(vlan.network));
  shape.commands = shape.commands + kRoutes;
  shape.vlans = vlans;
  shape.topics.push_back(Topic::router_vlans);
  shape.uncertain = true;
  return shape;
}

const Commands kFilters{"ip link set br0 type bridge vlan_filtering 1",
                        "bridge vlan add dev p1 vid 5",
                        "bridge vlan add dev p2 vid 5",
                        "bridge vlan add dev p2 vid 6 pvid untagged",
                        "bridge vlan add dev br0 vid 5 self",
                        "bridge vlan add dev br0 vid 6 self"};

const Shape kShapes[] = {
    router(9, "router", kRoutes),
    router(6, "router with default routes", kRoutes + kDefault),
    router(6, "router with policy rules",
           kRoutes + kDefault +
               Commands{"ip route add default via 192.0.2.72 table 100",
                        "ip rule add from 192.0.2.6 lookup 100",
                        "ip rule add iif p2 to 198.51.100.0/25 lookup 100",
                        "ip rule add tos 0x10 prohibit",
                        "ip -6 route add default via fe80::8 dev p3 table 100",
                        "ip -6 rule add from 2001:db8:1::6 lookup 100",
                        "ip -6 rule add iif p2 to 2001:db8:100::/64 lookup 100"},
           true),
    router(
        1, "router with routes by source",
        kRoutes +
            Commands{"ip rule add ipproto udp dport 53 lookup 100",
                     "ip route add 198.51.100.0/24 via 192.0.2.105 table 100",
                     "ip -6 route add 2001:db8:100:2::/64 from 2001:db8:1::/64 via fe80::8 dev p3",
                     "ip -6 route add 2001:db8:100:2::/64 from 2001:db8:2::/64 via fe80::9 dev p4"},
        true),
    router(
        2, "router with several paths",
        kRoutes +
            Commands{"ip route add 198.51.100.128/25 nexthop via 192.0.2.35 weight 1 nexthop via "
                     "192.0.2.68 weight 2",
                     "ip route add default nexthop via 192.0.2.2 nexthop via 192.0.2.101",
                     "ip -6 route add 2001:db8:100:2::/64 nexthop via 2001:db8:2::3 nexthop via "
                     "fe80::4 dev p3",
                     "ip -6 route add default nexthop via fe80::2 dev p1 nexthop via fe80::5 dev "
                     "p4"},
        true),
    router(3, "router with several paths by ports",
           kRoutes +
               Commands{
                   "sysctl -qw net.ipv4.fib_multipath_hash_policy=1 "
                   "net.ipv6.fib_multipath_hash_policy=1",
                   "ip route replace 198.51.100.0/24 nexthop via 192.0.2.35 nexthop via "
                   "192.0.2.68 nexthop via 192.0.2.101",
                   "ip route replace 198.51.100.64/26 nexthop via 192.0.2.35 weight 1 nexthop via "
                   "192.0.2.68 weight 2",
                   "ip -6 route replace 2001:db8:100::/48 nexthop via 2001:db8:2::3 nexthop via "
                   "fe80::4 dev p3 nexthop via fe80::5 dev p4 nexthop via fe80::2 dev p1",
                   "ip -6 route replace 2001:db8:100:1::/64 nexthop via 2001:db8:2::3 nexthop via "
                   "fe80::5 dev p4 weight 3"},
           true),
    router(3, "router with nexthop objects",
           kRoutes +
               Commands{"ip nexthop add id 1 via 192.0.2.35 dev p2",
                        "ip nexthop add id 2 via 192.0.2.68 dev p3",
                        "ip nexthop add id 3 group 1/2", "ip nexthop add id 4 via fe80::4 dev p3",
                        "ip route add 198.51.100.128/26 nhid 3",
                        "ip route add 198.51.100.192/26 nhid 4",  // IPv4 through an IPv6 gateway
                        "ip -6 route add 2001:db8:100:2::/64 nhid 4"},
           true),
    router(6, "router with strict sources",
           kRoutes + Commands{"sysctl -qw net.ipv4.conf.all.rp_filter=1"}),
    router(3, "router with loose sources",
           kRoutes + Commands{"sysctl -qw net.ipv4.conf.all.rp_filter=2"}),
    router(3, "router without IPv6",
           kRoutes4 + Commands{"ip route add default via 192.0.2.2",
                               "sysctl -qw net.ipv6.conf.all.disable_ipv6=1"}),
    router(3, "router with redirects",
           kRoutes + kDefault + Commands{"sysctl -qw net.ipv4.conf.all.send_redirects=1"}),
    router_with_bridges(8, "router with a bridge", {{"br0", bridge_mac(), {1, 2}}}, kRoutes),
    router_with_bridges(8, "router with two bridges",
                        {{"br0", bridge_mac(), {1, 2}}, {"br1", port_mac(4), {4}}},
                        kRoutes + Commands{"sysctl -qw net.ipv4.conf.br0.rp_filter=1"}),
    router_with_vrf(3),
    router_with_vlans(6, "VLAN router on a stick", {},
                      {{1, "vlan1", "p1", 5, 1},
                       {2, "vlan2", "p1", 6, 1},
                       {3, "vlan3", "p3", 100, 3, true, true}},
                      {}),
    router_with_vlans(6, "VLAN router with a VLAN-aware bridge", {{"br0", bridge_mac(), {1, 2, 3}}},
                      {{1, "vlan1", "br0", 5, 1}, {2, "vlan2", "br0", 6, 2, false}}, kFilters),
    router_with_vlans(3, "VLAN router with a device on a bridge", {{"br0", bridge_mac(), {1, 2}}},
                      {{1, "vlan1", "br0", 5, 1}}, {}),
    router(3, "router with rules",
           kRoutes + Commands{"iptables -A FORWARD -m conntrack --ctstate INVALID -j DROP",
                              "iptables -A FORWARD -p udp --dport 4001 -j DROP",
                              "ip6tables -A FORWARD -p udp --dport 4002 -j DROP"},
           true),
};

}  // namespace

std::span<const Shape> router_shapes() {
  return kShapes;
}

}  // namespace tna::differential
