// SPDX-License-Identifier: Apache-2.0
// bpf/lib/vrf.h: p1 and p2 belong to VRF "red", whose table has the routes; p3 to none.
#include "fpm/packet_socket.h"
#include "fpm/routing.h"

namespace tna::test {
namespace {

class Vrf : public Routing {
 protected:
  void SetUp() override {
    Routing::SetUp();
    if (IsSkipped()) return;
    if (!world.can_configure("ip link add red up type vrf table 10")) {
      kernel_lacks(TNA_R_VRF, "VRFs");
      GTEST_SKIP() << "this kernel has no VRFs";
    }
    configure(R"(
      ip link add blue up type vrf table 20
      for port in p1 p2; do
        ip link set $port master red
        ip addr add 2001:db8:${port#p}::1/64 dev $port nodad
      done
      ip route add 192.0.2.1 dev p1 table 10
      ip route add 192.0.2.2 dev p2 table 10
      ip route add 2001:db8::1 dev p1 table 10
      ip route add 2001:db8::2 dev p2 table 10
      for family in 192.0.2. 2001:db8::; do
        ip neigh replace ${family}1 lladdr 02:00:00:00:00:0a dev p1
        ip neigh replace ${family}2 lladdr 02:00:00:00:00:0b dev p2
        ip neigh replace ${family}2 lladdr 02:00:00:00:00:0b dev p3
      done)");
  }
  Packet icmp6(std::uint8_t type) {
    return to_router() / IPv6{} / Icmpv6{.type = type} / Payload{40};
  }
};
INSTANTIATE_TEST_SUITE_P(, Vrf, testing::ValuesIn(tested_hooks()), hook_name);

TEST_P(Vrf, RoutesByItsTable) {
  EXPECT_EQ(run(ipv4()), goes_on());
  EXPECT_EQ(run(ipv6()), goes_on());
  configure("ip route add 192.0.2.2 dev p3; ip route add 2001:db8::2 dev p3");
  EXPECT_EQ(run(ipv4()), goes_on()) << "what the main table says is of no importance";
  configure("ip route del 192.0.2.2 table 10; ip route del 2001:db8::2 table 10");
  configure("ip route add unreachable default table 10 metric 4278198272");
  configure("ip -6 route add unreachable default table 10 metric 4278198272");
  EXPECT_EQ(run(ipv4()), punt(TNA_R_NO_ROUTE));
  EXPECT_EQ(run(ipv6()), punt(TNA_R_NO_ROUTE));
}

TEST_P(Vrf, IntoAnotherOne) {
  for (const char* into : {"ip link set p3 up", "ip link set p3 master blue"}) {
    configure(into);
    configure(R"(
      ip route replace 192.0.2.2 dev p3 table 10
      ip route replace 2001:db8::2 dev p3 table 10
      for family in 192.0.2. 2001:db8::; do
        ip neigh replace ${family}2 lladdr 02:00:00:00:00:0b dev p3
      done)");
    sysctl("ipv6/conf/p3/disable_ipv6", 0);
    // Whether there is a way back in the egress device's own table is not the question.
    configure("ip route replace 192.0.2.1 dev p1; ip route replace 192.0.2.1 dev p1 table 20");
    EXPECT_EQ(run(ipv4()), punt(TNA_R_VRF)) << into;
    EXPECT_EQ(run(ipv6()), goes_on()) << into;
  }
}

TEST_P(Vrf, FromOutsideIntoOne) {
  configure("ip link set p1 nomaster; ip addr add 10.0.1.1/24 dev p1 2>/dev/null || true");
  configure(R"(
    ip route replace 192.0.2.2 dev p2
    ip route replace 192.0.2.1 dev p1 table 10
    ip neigh replace 192.0.2.2 lladdr 02:00:00:00:00:0b dev p2)");
  EXPECT_EQ(run(ipv4()), goes_on());
}

TEST_P(Vrf, SourceIsLookedForInIt) {
  sysctl("ipv4/conf/p1/rp_filter", 1);
  EXPECT_EQ(run(ipv4()), goes_on());
  configure("ip route replace 192.0.2.1 dev p2 table 10; ip route add 192.0.2.1 dev p1");
  EXPECT_EQ(run(ipv4()), punt(TNA_R_SOURCE_ADDRESS));
  sysctl("ipv4/conf/p1/rp_filter", 0);
  EXPECT_EQ(run(ipv4()), goes_on());
  configure("ip route del 192.0.2.1 table 10; ip addr add 192.0.2.1/32 dev red");
  EXPECT_EQ(run(ipv4()), punt(TNA_R_SOURCE_ADDRESS)) << "its own address";
}

TEST_P(Vrf, PacketSocketOnTheVrf) {
  {
    PacketSocket tcpdump(world.ifindex("red"));
    EXPECT_EQ(run(ipv4()), punt(TNA_R_TAP));
    EXPECT_EQ(run(ipv6()), punt(TNA_R_TAP));
  }
  PacketSocket other(world.ifindex("blue"));
  EXPECT_EQ(run(ipv4()), goes_on());
}

// Linux takes IPv6 for the VRF's before it looks for a route, but not neighbour discovery. (That
// IPv4 comes in by the VRF as well, rules have it from 6.14 on.)
TEST_P(Vrf, Ipv6ComesInByTheVrfItself) {
  configure("ip -6 rule add iif p1 pref 100 prohibit");
  EXPECT_EQ(run(ipv6()), goes_on());
  configure("ip -6 rule add iif red pref 100 prohibit");
  EXPECT_EQ(run(ipv6()), punt(TNA_R_NO_ROUTE));
  EXPECT_EQ(run(ipv4()), goes_on());
  configure("ip rule add iif p1 pref 100 prohibit");
  EXPECT_EQ(run(ipv4()), punt(TNA_R_NO_ROUTE));
}

TEST_P(Vrf, NeighbourDiscovery) {
  EXPECT_EQ(run(icmp6(128)), goes_on());
  for (std::uint8_t type : {133, 134, 135, 136, 137})
    EXPECT_EQ(run(icmp6(type)), punt(TNA_R_ICMP_ERROR)) << int(type);
  for (std::uint8_t type : {132, 138}) EXPECT_EQ(run(icmp6(type)), goes_on()) << int(type);
}

TEST_P(Vrf, NoneAnyMore) {
  configure("ip link set p1 nomaster");
  EXPECT_EQ(run(ipv4()), punt(TNA_R_NO_ROUTE));
}

}  // namespace
}  // namespace tna::test
