// SPDX-License-Identifier: Apache-2.0
// bpf/fpm/bridge_xmit.h: packets that are routed to a bridge
#include "fpm/helper_program.h"
#include "fpm/routed_bridge.h"

namespace tna::test {
namespace {

class BridgeXmit : public RoutedBridge {
 protected:
  BridgeXmit() { load(kPlain); }
  Outcome routed() { return run(down(), "p2"); }
};
INSTANTIATE_TEST_SUITE_P(, BridgeXmit, testing::ValuesIn(tested_hooks()), hook_name);

TEST_P(BridgeXmit, LeavesByTheStationsPort) {
  EXPECT_EQ(routed(), goes_on());
  EXPECT_EQ(path().left()[5], 0x0a);
  EXPECT_EQ(run(down6(), "p2"), goes_on());
  PacketSocket station = world.wire("s1");
  EXPECT_EQ(on_the_wire("p2", [&] { world.wire("s2").send(down()); }), goes_on());
  const Bytes wanted =
      with((Ethernet{a, world.address("br0")} / IPv4{} / Udp{} / Payload{40}).bytes(),
           {{15, 2}, {19, 1}, {8, 63}});
  std::optional<Bytes> came = station.receive(std::chrono::seconds(2));
  while (came && *came != wanted)
    came = station.receive(std::chrono::seconds(2));  // br0 speaks IPv6
  EXPECT_TRUE(came.has_value());
}

TEST_P(BridgeXmit, FromOneBridgeToAnother) {
  configure(R"(
    ip link add br1 type bridge mcast_snooping 0; ip link set br1 up
    ip link set p2 master br1
    ip route replace 192.0.2.2 dev br1; ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:0b dev br1
    for try in $(seq 200); do bridge link set dev p2 state 3 2>/dev/null && exit 0; sleep 0.01; done
    exit 1)");
  world.keep_fresh(std::chrono::milliseconds(0));
  load(kPort);
  EXPECT_EQ(run(up()), goes_on());
  EXPECT_EQ(path().left()[5], 0x0b);
  world.forget(kB);
  EXPECT_EQ(run(up()), punt(TNA_R_FDB_MISS));
}

TEST_P(BridgeXmit, StationThatIsNotKnown) {
  world.forget(kA);
  EXPECT_EQ(routed(), punt(TNA_R_FDB_MISS));
  world.station(kA, "p1", "permanent");
  EXPECT_EQ(routed(), punt(TNA_R_LOCAL));
}

TEST_P(BridgeXmit, PortThatDoesNotForward) {
  for (int state : {0, 1, 2}) {
    configure("bridge link set dev p1 state " + std::to_string(state));
    EXPECT_EQ(routed(), punt(TNA_R_EGRESS_STATE)) << state;
  }
}

TEST_P(BridgeXmit, OptionsOfThePort) {
  configure("bridge link set dev p1 isolated on; bridge link set dev p1 learning off");
  EXPECT_EQ(routed(), goes_on()) << "no port is isolated from the bridge itself";
  configure("bridge link set dev p1 backup_port p3");
  EXPECT_EQ(routed(), punt(TNA_R_BACKUP));
  configure("bridge link set dev p1 nobackup_port; bridge link set dev p1 vlan_tunnel on");
  EXPECT_EQ(routed(), punt(TNA_R_PORT_FLAG));
}

TEST_P(BridgeXmit, BridgeThatMayAnswerNeighbourDiscovery) {
  configure("bridge link set dev p3 neigh_suppress on");
  EXPECT_EQ(run(down6(Icmpv6{}), "p2"), punt(TNA_R_BRIDGE_OPTION));
  EXPECT_EQ(run(down6(), "p2"), goes_on());
  configure("bridge link set dev p3 neigh_suppress off");
  EXPECT_EQ(run(down6(Icmpv6{}), "p2"), goes_on());
}

TEST_P(BridgeXmit, BridgeThatFiltersVlans) {
  if (!world.can_configure("ip link set br0 type bridge vlan_filtering 1"))
    GTEST_SKIP() << "VLAN filtering";
  EXPECT_EQ(routed(), punt(TNA_R_BRIDGE_OPTION));
}

TEST_P(BridgeXmit, WhatStandsOnTheBridgesWayOut) {
  {
    PacketSocket tcpdump(world.ifindex("br0"));
    EXPECT_EQ(routed(), punt(TNA_R_EGRESS_TAP));
  }
  {
    PacketSocket tcpdump(0);
    EXPECT_EQ(routed(), by_hook(punt(TNA_R_TAP), punt(TNA_R_EGRESS_TAP))) << "on all";
  }
  {
    auto other = HelperProgram::pass(world.ifindex("br0"), HelperProgram::tcx_egress);
    EXPECT_EQ(routed(), punt(TNA_R_EGRESS_TC));
  }
  configure("tc qdisc replace dev br0 root tbf rate 1gbit burst 1mb latency 50ms");
  EXPECT_EQ(routed(), punt(TNA_R_EGRESS_QDISC));
  configure("tc qdisc del dev br0 root; nft add table netdev t");
  if (world.can_configure(
          "nft add chain netdev t c '{ type filter hook egress device br0 priority 0; }'")) {
    EXPECT_EQ(routed(), punt(TNA_R_EGRESS_NF));
  }
  configure("nft delete table netdev t");
  EXPECT_EQ(routed(), goes_on()) << "they are gone";
}

TEST_P(BridgeXmit, WhatStandsOnThePortsWayOut) {
  {
    auto other = HelperProgram::pass(world.ifindex("p1"), HelperProgram::tcx_egress);
    EXPECT_EQ(routed(), by_hook(punt(TNA_R_EGRESS_TC), goes_on()));
  }
  const Bytes large = down(Udp{}, 1400);
  EXPECT_EQ(run(large, "p2"), goes_on());
  configure("ip link set p1 mtu 1400");
  EXPECT_EQ(run(large, "p2"), punt(TNA_R_ROUTE_MTU)) << "br0 has the smallest of its ports' MTUs";
  configure("ip link set br0 mtu 1500");
  EXPECT_EQ(run(large, "p2"), punt(TNA_R_TOO_LONG));
}

TEST_P(BridgeXmit, RulesThatCameLater) {
  if (!world.can_configure("nft add table bridge t")) GTEST_SKIP() << "nftables' bridge family";
  for (const char* hook : {"output", "postrouting"}) {
    EXPECT_EQ(routed(), goes_on()) << "before " << hook;
    configure(std::string("nft add chain bridge t c '{ type filter hook ") + hook +
              " priority 0; }'");
    EXPECT_EQ(routed(), punt(TNA_R_STALE)) << hook;
    configure("nft delete chain bridge t c");
    load(kPlain);
  }
}

TEST_P(BridgeXmit, ProgramThatDoesNotKnowOfBridges) {
  load({.route4 = 1});
  EXPECT_EQ(routed(), by_hook(punt(TNA_R_EGRESS_XMIT), goes_on())) << "tc sends to any device";
}

}  // namespace
}  // namespace tna::test
