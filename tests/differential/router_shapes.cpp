// SPDX-License-Identifier: Apache-2.0
// router_shapes.cpp: worlds whose device is a router: its routes, rules and checks.
#include "shapes.h"

namespace tna::differential {
namespace {

using Commands = std::vector<std::string>;

Commands operator+(Commands first, const Commands& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

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
