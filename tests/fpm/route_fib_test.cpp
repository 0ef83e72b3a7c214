// SPDX-License-Identifier: Apache-2.0
// bpf/fpm/fib.h, route_forward.h
#include "fpm/helper_program.h"
#include "fpm/routing.h"

namespace tna::test {
namespace {

class RoutingFib : public Routing {};
INSTANTIATE_TEST_SUITE_P(, RoutingFib, testing::ValuesIn(tested_hooks()), hook_name);

TEST_P(RoutingFib, WithoutARoute) {
  configure("ip route del 192.0.2.2; ip route del 2001:db8::2");
  EXPECT_EQ(run(ipv4()), punt(TNA_R_NO_ROUTE));
  EXPECT_EQ(run(ipv6()), punt(TNA_R_NO_ROUTE));
  for (const char* type : {"blackhole", "unreachable", "prohibit"}) {
    configure(std::string("ip route replace ") + type + " 192.0.2.2");
    EXPECT_EQ(run(ipv4()), punt(TNA_R_NO_ROUTE)) << type;
  }
  configure("ip route flush 192.0.2.2; ip addr add 192.0.2.2/32 dev p3");
  EXPECT_EQ(run(ipv4()), punt(TNA_R_NO_ROUTE)) << "for the router itself";
}

TEST_P(RoutingFib, RulesOfPolicyRouting) {
  configure("ip route add 192.0.2.2 dev p3 table 7; ip neigh add 192.0.2.2 lladdr " +
            std::string(kC) + " dev p3; ip rule add ipproto udp dport 4243 lookup 7");
  EXPECT_EQ(run(ipv4()), goes_on());
  EXPECT_EQ(Bytes(path().left().begin(), path().left().begin() + 6),
            Bytes(c.bytes.begin(), c.bytes.end()));
  configure("ip rule add iif p1 prohibit");
  EXPECT_EQ(run(ipv4()), punt(TNA_R_NO_ROUTE));
}

TEST_P(RoutingFib, ForwardingOff) {
  sysctl("ipv4/conf/p1/forwarding", 0);
  EXPECT_EQ(run(ipv4()), punt(TNA_R_FORWARDING));
  sysctl("ipv6/conf/p1/forwarding", 0);
  EXPECT_EQ(run(ipv6()), punt(TNA_R_FORWARDING));
  sysctl("ipv6/conf/p1/forwarding", 1);
  EXPECT_EQ(run(ipv6()), goes_on());
  sysctl("ipv6/conf/all/forwarding", 0);
  sysctl("ipv6/conf/p1/forwarding", 1);
  EXPECT_EQ(run(ipv6()), punt(TNA_R_FORWARDING)) << "which counts, but not to the helper";
  sysctl("ipv6/conf/all/forwarding", 1);
  sysctl("ipv6/conf/all/proxy_ndp", 1);
  EXPECT_EQ(run(ipv6()), punt(TNA_R_FORWARDING));
}

TEST_P(RoutingFib, Ipv6DisabledOnEitherInterface) {
  sysctl("ipv6/conf/p1/disable_ipv6", 1);
  EXPECT_EQ(run(ipv6()), punt(TNA_R_FORWARDING)) << "where it comes in";
  sysctl("ipv6/conf/p1/disable_ipv6", 0);
  EXPECT_EQ(run(ipv6()), goes_on());
  sysctl("ipv6/conf/p2/disable_ipv6", 1);  // which takes its routes away
  EXPECT_EQ(run(ipv6()), punt(TNA_R_NO_ROUTE));
}

TEST_P(RoutingFib, BackTheWayItCame) {
  configure("ip route replace 192.0.2.2 dev p1; ip neigh add 192.0.2.2 lladdr " + std::string(kB) +
            " dev p1");
  EXPECT_EQ(run(ipv4()), punt(TNA_R_SAME_DEVICE));
  sysctl("ipv4/conf/all/send_redirects", 0);
  EXPECT_EQ(run(ipv4()), punt(TNA_R_SAME_DEVICE));
  sysctl("ipv4/conf/p1/send_redirects", 0);
  for (int time = 0; time < 2; ++time) EXPECT_EQ(run(ipv4()), goes_on()) << time;
  sysctl("ipv4/conf/all/send_redirects", 1);
  EXPECT_EQ(run(ipv4()), punt(TNA_R_SAME_DEVICE)) << "kept";
}

TEST_P(RoutingFib, SourceOfThisHost) {
  configure("ip addr add 192.0.2.1/32 dev p3");
  EXPECT_EQ(run(ipv4()), punt(TNA_R_SOURCE_ADDRESS));
}

TEST_P(RoutingFib, SourceThatARouteSaysIsLocal) {
  configure(
      "ip rule add pref 5 to 192.0.2.1 lookup 7; ip route add local 192.0.2.1 dev lo table 7");
  EXPECT_EQ(run(ipv4()), punt(TNA_R_SOURCE_ADDRESS));
}

TEST_P(RoutingFib, LooseFilterOfAnInterfaceWithoutAddress) {
  configure("ip addr flush dev p1; ip route replace 192.0.2.1 dev p3");
  sysctl("ipv4/conf/p1/rp_filter", 2);
  EXPECT_EQ(run(ipv4()), punt(TNA_R_SOURCE_ADDRESS));
  sysctl("ipv4/conf/p1/rp_filter", 0);
  EXPECT_EQ(run(ipv4()), goes_on());
}

TEST_P(RoutingFib, ReversePathFilter) {
  configure("ip route replace 192.0.2.1 dev p3; ip neigh add 192.0.2.1 lladdr " + std::string(kC) +
            " dev p3");
  EXPECT_EQ(run(ipv4()), goes_on());
  sysctl("ipv4/conf/p1/rp_filter", 1);
  EXPECT_EQ(run(ipv4()), punt(TNA_R_SOURCE_ADDRESS)) << "strict";
  sysctl("ipv4/conf/p1/rp_filter", 2);
  EXPECT_EQ(run(ipv4()), goes_on()) << "loose";
  sysctl("ipv4/conf/p1/rp_filter", 0);
  sysctl("ipv4/conf/all/rp_filter", 1);
  EXPECT_EQ(run(ipv4()), punt(TNA_R_SOURCE_ADDRESS)) << "of all";
  configure("ip route replace 192.0.2.1 dev p1");
  EXPECT_EQ(run(ipv4()), goes_on());
}

TEST_P(RoutingFib, EveryStateOfANeighbour) {
  for (const char* address : {"192.0.2.2", "2001:db8::2"}) {
    const bool v4 = address[0] == '1';
    auto outcome = [&] { return run(v4 ? ipv4() : ipv6()); };
    auto state = [&](const std::string& nud) {
      configure("ip neigh replace " + std::string(address) + " lladdr " + kB + " dev p2 nud " +
                nud);
    };
    for (const char* nud : {"permanent", "reachable", "noarp"}) {
      state(nud);
      EXPECT_EQ(outcome(), goes_on()) << nud;
    }
    state("stale");
    EXPECT_EQ(outcome(), punt(TNA_R_NEIGHBOUR)) << "Linux must ask it";
    state("failed");
    EXPECT_EQ(outcome(), punt(TNA_R_NEIGHBOUR)) << "failed";
    configure("ip neigh del " + std::string(address) + " dev p2");
    EXPECT_EQ(outcome(), punt(TNA_R_NEIGHBOUR)) << "none";
  }
}

TEST_P(RoutingFib, ManyNeighbours) {
  configure(R"(
    for i in $(seq 250); do
      echo "neigh add 10.0.2.$i lladdr 02:00:00:00:01:00 dev p2 nud reachable"
      echo "neigh add 2001:db8:0:2::$i lladdr 02:00:00:00:01:00 dev p2 nud reachable"
    done | ip -batch -)");
  EXPECT_EQ(run(ipv4()), goes_on());
  EXPECT_EQ(run(ipv6()), goes_on());
}

TEST_P(RoutingFib, ThroughAGateway) {
  configure("ip route replace 192.0.2.2 via 10.0.2.9; ip neigh add 10.0.2.9 lladdr " +
            std::string(kC) + " dev p2 nud reachable");
  EXPECT_EQ(run(ipv4()), goes_on());
  EXPECT_EQ(path().left()[5], 0x0c);
  configure("ip neigh replace 10.0.2.9 lladdr " + std::string(kC) + " dev p2 nud stale");
  EXPECT_EQ(run(ipv4()), punt(TNA_R_NEIGHBOUR));
  configure("ip route replace 192.0.2.2 via inet6 2001:db8::2 dev p2");
  EXPECT_EQ(run(ipv4()), goes_on()) << "of the other family";
  EXPECT_EQ(path().left()[5], 0x0b);
}

TEST_P(RoutingFib, LongerThanTheWay) {
  configure("ip link set p2 mtu 1300");
  EXPECT_EQ(run(ipv4({}, 1300 - 28)), goes_on());
  EXPECT_EQ(run(ipv4({}, 1301 - 28)), punt(TNA_R_ROUTE_MTU));
  EXPECT_EQ(run(ipv6({}, 1300 - 48)), goes_on());
  EXPECT_EQ(run(ipv6({}, 1301 - 48)), punt(TNA_R_ROUTE_MTU));
  // Some route's metric, which the helper does not heed.
  path().program().guard->route_mtu4 = 1000;
  path().program().guard->route_mtu6 = 1100;
  EXPECT_EQ(run(ipv6({}, 1100 - 48)), goes_on());
  EXPECT_EQ(run(ipv6({}, 1101 - 48)), punt(TNA_R_ROUTE_MTU));
  EXPECT_EQ(run(ipv4({}, 1000 - 28)), goes_on());
  EXPECT_EQ(run(ipv4({}, 1001 - 28)), punt(TNA_R_ROUTE_MTU));
}

TEST_P(RoutingFib, PacketsThatWillBeCut) {
  if (at_xdp()) GTEST_SKIP() << "tc only";
  Packet tcp = to_router() / IPv4{.protocol = 6} / Payload{.bytes = Bytes(3020, 0x55)};  // 20 words
  EXPECT_EQ(run(tcp.bytes(), "p1", 1420), goes_on());
  EXPECT_EQ(run(tcp.bytes(), "p1", 1480), punt(TNA_R_ROUTE_MTU)) << "each part is too long";
  EXPECT_EQ(run(ipv4({}, 3000).bytes(), "p1", 1400), punt(TNA_R_GSO)) << "UDP";
}

TEST_P(RoutingFib, RoutesThatEncapsulate) {
  if (!world.can_configure("ip route replace 192.0.2.2 encap ip id 7 dst 10.0.2.9 dev p2")) {
    kernel_lacks(TNA_R_ENCAP, "lightweight tunnels");
    GTEST_SKIP() << "lightweight tunnels";
  }
  EXPECT_EQ(run(ipv4()), punt(TNA_R_ENCAP));
}

TEST_P(RoutingFib, SeveralPaths) {
  configure("ip route replace 192.0.2.2 nexthop via 10.0.2.8 nexthop via 10.0.2.9");
  configure("for i in 8 9; do ip neigh add 10.0.2.$i lladdr 02:00:00:00:00:0$i dev p2; done");
  EXPECT_EQ(run(ipv4()), goes_on());
  for (int policy : {2, 3}) {
    sysctl("ipv4/fib_multipath_hash_policy", policy);
    EXPECT_EQ(run(ipv4()), punt(TNA_R_MULTIPATH)) << policy;
    sysctl("ipv6/fib_multipath_hash_policy", policy);
    EXPECT_EQ(run(ipv6()), punt(TNA_R_MULTIPATH)) << policy;
  }
}

TEST_P(RoutingFib, IpsecPolicies) {
  if (!world.can_configure("ip xfrm policy add dst 203.0.113.0/24 dir fwd action block")) {
    kernel_lacks(TNA_R_IPSEC, "IPsec");
    GTEST_SKIP() << "IPsec";
  }
  EXPECT_EQ(run(ipv4()), punt(TNA_R_IPSEC));
  EXPECT_EQ(run(ipv6()), punt(TNA_R_IPSEC));
  configure("ip xfrm policy flush");
  EXPECT_EQ(run(ipv4()), goes_on());
}

TEST_P(RoutingFib, RulesThatCameLater) {
  for (const char* family : {"ip", "ip6"})
    for (const char* hook : {"prerouting", "forward", "postrouting"}) {
      load({.route4 = 1, .route6 = 1});
      configure(std::string("nft add table ") + family + " t && nft add chain " + family +
                " t c '{ type filter hook " + hook + " priority 0; }'");
      bool v4 = family == std::string("ip");
      EXPECT_EQ(run(v4 ? ipv4() : ipv6()), punt(TNA_R_STALE)) << family << ' ' << hook;
      EXPECT_EQ(run(v4 ? ipv6() : ipv4()), goes_on()) << family << ' ' << hook;
      configure(std::string("nft delete table ") + family + " t");
    }
}

TEST_P(RoutingFib, WhatStandsOnTheWayOut) {
  {
    PacketSocket tcpdump(world.ifindex("p2"));
    EXPECT_EQ(run(ipv4()), by_hook(punt(TNA_R_EGRESS_TAP), goes_on()));
  }
  {
    auto other = HelperProgram::pass(world.ifindex("p2"), HelperProgram::tcx_egress);
    EXPECT_EQ(run(ipv4()), by_hook(punt(TNA_R_EGRESS_TC), goes_on()));
  }
  configure("tc qdisc replace dev p2 root tbf rate 1gbit burst 1mb latency 50ms");
  EXPECT_EQ(run(ipv4()), by_hook(punt(TNA_R_EGRESS_QDISC), goes_on()));
  configure("tc qdisc del dev p2 root; ip link set p2 down");
  EXPECT_EQ(run(ipv4()), punt(TNA_R_NO_ROUTE));
}

}  // namespace
}  // namespace tna::test
