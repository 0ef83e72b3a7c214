// SPDX-License-Identifier: Apache-2.0
// bpf/fpm/bridge_up.h: frames for a bridge that is a router's interface
#include "fpm/helper_program.h"
#include "fpm/routed_bridge.h"

namespace tna::test {
namespace {

class BridgeUp : public RoutedBridge {};
INSTANTIATE_TEST_SUITE_P(, BridgeUp, testing::ValuesIn(tested_hooks()), hook_name);

TEST_P(BridgeUp, IsRouted) {
  EXPECT_EQ(run(up()), goes_on());
  Bytes expected = (Ethernet{b, world.address("p2")} / IPv4{} / Udp{} / Payload{40}).bytes();
  EXPECT_EQ(path().left(), with(expected, {{8, 63}}));
  EXPECT_EQ(run(up6()), goes_on());
  EXPECT_EQ(path().left()[14 + 7], 63);
}

TEST_P(BridgeUp, OthersAreBridged) {
  Packet to_c = Ethernet{c, a} / IPv4{} / Udp{} / Payload{40};
  EXPECT_EQ(run(to_c), goes_on());
  EXPECT_EQ(path().left(), to_c.bytes());
  EXPECT_EQ(run(Ethernet{b, a} / IPv4{} / Udp{}), punt(TNA_R_FDB_MISS)) << "B is no station of br0";
}

TEST_P(BridgeUp, OnlyItsOwnMac) {
  configure("ip link set br0 address 02:00:00:00:11:11");
  EXPECT_EQ(run(up()), goes_on()) << "to its new MAC";
  for (const char* port : {"p1", "p3"})
    EXPECT_EQ(run(Ethernet{world.address(port), a} / IPv4{} / Udp{}), punt(TNA_R_LOCAL)) << port;
  configure("bridge fdb del 02:00:00:00:11:11 dev br0 self");
  EXPECT_EQ(run(up()), punt(TNA_R_FDB_MISS)) << "Linux floods it";
}

TEST_P(BridgeUp, TheSourceIsLearnedFirst) {
  world.forget(kA);
  EXPECT_EQ(run(up()), punt(TNA_R_SOURCE_UNKNOWN));
  world.station(kA, "p3");
  EXPECT_EQ(run(up()), punt(TNA_R_SOURCE_MOVED));
}

TEST_P(BridgeUp, TaggedFramesAreForVlanDevices) {
  EXPECT_EQ(run(to_bridge() / Vlan{.id = 5} / IPv4{} / Udp{}), punt(TNA_R_TAGGED));
}

TEST_P(BridgeUp, PacketSocketsOnTheBridge) {
  for (std::uint16_t protocol : {0x0003, 0x0800}) {
    PacketSocket listener(world.ifindex("br0"), protocol);
    EXPECT_EQ(run(up()), punt(TNA_R_TAP)) << protocol;
    EXPECT_EQ(run(Ethernet{c, a} / IPv4{} / Udp{}), goes_on()) << "it does not see those";
  }
  PacketSocket tcpdump(0);
  EXPECT_EQ(run(up()), punt(TNA_R_TAP)) << "which sees it on the port and on the bridge";
}

TEST_P(BridgeUp, ProgramsAndFiltersOnTheBridge) {
  {
    auto other = HelperProgram::pass(world.ifindex("br0"), HelperProgram::tcx_ingress);
    EXPECT_EQ(run(up()), punt(TNA_R_TC));
  }
  {
    auto other = HelperProgram::pass(world.ifindex("br0"), HelperProgram::generic_xdp);
    EXPECT_EQ(run(up()), punt(TNA_R_NOT_ROUTED));
  }
  configure("nft add table netdev t");
  configure("nft add chain netdev t c '{ type filter hook ingress device br0 priority 0; }'");
  EXPECT_EQ(run(up()), punt(TNA_R_NF_INGRESS));
  configure("nft delete table netdev t");
  EXPECT_EQ(run(up()), goes_on()) << "they are gone";
}

TEST_P(BridgeUp, BridgeThatBelongsToAVrf) {
  if (!world.can_configure("ip link add v7 up type vrf table 7 && ip link set br0 master v7"))
    GTEST_SKIP() << "VRFs";
  configure(R"(
    ip link set p2 master v7
    ip route add 192.0.2.1 dev br0 table 7
    ip route add 192.0.2.2 dev p2 table 7
    ip neigh replace 192.0.2.2 lladdr 02:00:00:00:00:0b dev p2
    for try in $(seq 200); do
      printf 'link set dev p%d state 3\n' 1 3 | bridge -batch - 2>/dev/null && exit 0
      sleep 0.01
    done
    exit 1)");
  EXPECT_EQ(run(up()), goes_on());
  PacketSocket tcpdump(world.ifindex("v7"));
  EXPECT_EQ(run(up()), punt(TNA_R_TAP));
}

TEST_P(BridgeUp, RulesThatCameLater) {
  if (!world.can_configure("nft add table bridge t")) GTEST_SKIP() << "nftables' bridge family";
  configure("nft add chain bridge t c '{ type filter hook input priority 0; }'");
  EXPECT_EQ(run(up()), punt(TNA_R_STALE));
  EXPECT_EQ(run(Ethernet{c, a} / IPv4{} / Udp{}), goes_on()) << "these do not meet them";
  load(kPort);
  EXPECT_EQ(run(up()), punt(TNA_R_STALE)) << "no program is made for them";
}

TEST_P(BridgeUp, BridgeThatIsDown) {
  configure("ip link set br0 down");
  EXPECT_EQ(run(up()), punt(TNA_R_PORT_STATE));
}

TEST_P(BridgeUp, SettingsOfTheBridgeCount) {
  sysctl("ipv4/conf/p1/forwarding", 0);
  sysctl("ipv4/conf/p1/rp_filter", 1);
  sysctl("ipv6/conf/p1/disable_ipv6", 1);
  EXPECT_EQ(run(up()), goes_on()) << "not those of its port";
  EXPECT_EQ(run(up6()), goes_on());
  sysctl("ipv4/conf/br0/rp_filter", 1);
  EXPECT_EQ(run(up()), goes_on());
  configure("ip route replace 192.0.2.1 dev p2");
  EXPECT_EQ(run(up()), punt(TNA_R_SOURCE_ADDRESS));
  sysctl("ipv4/conf/br0/forwarding", 0);
  EXPECT_EQ(run(up()), punt(TNA_R_FORWARDING));
  sysctl("ipv6/conf/br0/disable_ipv6", 1);
  EXPECT_EQ(run(up6()), punt(TNA_R_FORWARDING));
}

TEST_P(BridgeUp, BackToTheSameBridge) {
  configure("ip route replace 192.0.2.2 dev br0; ip neigh replace 192.0.2.2 lladdr " +
            std::string(kC) + " dev br0");
  EXPECT_EQ(run(up()), punt(TNA_R_SAME_DEVICE));
}

TEST_P(BridgeUp, WithoutRouting) {
  load({.bridge = 1});
  EXPECT_EQ(run(up()), punt(TNA_R_LOCAL));
}

}  // namespace
}  // namespace tna::test
