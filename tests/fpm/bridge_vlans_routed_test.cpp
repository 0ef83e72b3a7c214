// SPDX-License-Identifier: Apache-2.0
// What a bridge that filters VLANs routes: bpf/fpm/bridge_up.h, bpf/fpm/bridge_xmit.h with
// bpf/fpm/vlan_up.h, bpf/fpm/vlan_xmit.h.
//
//   A on p1: VLANs 1 (untagged, PVID), 10, 20      br0: VLANs 1 (untagged, PVID), 10, 20
//   C on p3: VLAN 10 (untagged, PVID)              br0.10, br0.20: VLAN devices on it
//   B on p2, which is no port: the router's interface
#include "fpm/routed_bridge.h"

namespace tna::test {
namespace {

class BridgeVlansRouted : public RoutedBridge {
 protected:
  void SetUp() override {
    RoutedBridge::SetUp();
    if (IsSkipped()) return;
    if (!world.can_configure("ip link set br0 type bridge vlan_filtering 1 && "
                             "ip link add link br0 name br0.10 type vlan id 10"))
      GTEST_SKIP() << "VLAN filtering";
    configure(R"(
      ip link add link br0 name br0.20 type vlan id 20
      for vid in 10 20; do
        bridge vlan add dev p1 vid $vid
        bridge vlan add dev br0 vid $vid self
        echo 0 >/proc/sys/net/ipv6/conf/br0.$vid/disable_ipv6
        ip link set br0.$vid up; ip addr add 10.0.$vid.1/24 dev br0.$vid
      done
      bridge vlan del dev p3 vid 1
      bridge vlan add dev p3 vid 10 pvid untagged)");
    load(kPort);
    world.keep_fresh(std::chrono::milliseconds(0));  // entries in all these VLANs
  }
  static constexpr tna_const kPort{.bridge = 1,
                                   .vlan = 1,
                                   .route4 = 1,
                                   .route6 = 1,
                                   .bridge_up = 1,
                                   .bridge_xmit = 1,
                                   .vlan_up = 1,
                                   .vlan_xmit = 1};
  static constexpr tna_const kPlain{.route4 = 1, .route6 = 1, .bridge_xmit = 1, .vlan_xmit = 1};

  // That station is behind that device.
  void at(const std::string& device, int host, const std::string& mac) {
    const std::string address = "192.0.2." + std::to_string(host);
    configure("ip route replace " + address + " dev " + device + "; ip neigh replace " + address +
              " lladdr 02:00:00:00:00:0" + mac + " dev " + device);
  }
  Packet tagged(std::uint16_t tci) {
    return to_bridge() / Vlan{.id = tci} / IPv4{} / Udp{} / Payload{40};
  }
  // The tag of the frame that went last, -1: it had none.
  int tag() {
    const Bytes& frame = path().left();
    return frame[12] == 0x81 ? frame[14] << 8 | frame[15] : -1;
  }
  Outcome routed() {
    load(kPlain);
    return run(down(), "p2");
  }
};
INSTANTIATE_TEST_SUITE_P(, BridgeVlansRouted, testing::Values(Hook::xdp), hook_name);

TEST_P(BridgeVlansRouted, FromTheVlanOfATag) {
  at("br0.10", 1, "a");
  EXPECT_EQ(run(tagged(10)), goes_on());
  EXPECT_EQ(
      path().left(),
      with((Ethernet{b, world.address("p2")} / IPv4{} / Udp{} / Payload{40}).bytes(), {{8, 63}}));
  EXPECT_EQ(run(tagged(0xe014)), goes_on()) << "VLAN 20";
  EXPECT_EQ(run(tagged(30)), punt(TNA_R_VLAN_MEMBER));
}

TEST_P(BridgeVlansRouted, FromTheVlanOfAPort) {
  EXPECT_EQ(run(Ethernet{world.address("br0"), c} / IPv4{} / Udp{} / Payload{40}, "p3"), goes_on());
  EXPECT_EQ(tag(), -1);
  configure("ip link set br0.10 down");
  EXPECT_EQ(run(Ethernet{world.address("br0"), c} / IPv4{} / Udp{} / Payload{40}, "p3"),
            punt(TNA_R_VLAN_DEVICE))
      << "it is br0.10's, though it has no tag";
}

TEST_P(BridgeVlansRouted, FromTheBridgesOwnPvid) {
  EXPECT_EQ(run(up()), goes_on());
  EXPECT_EQ(tag(), -1);
  EXPECT_EQ(run(tagged(0)), goes_on()) << "a priority tag";
  EXPECT_EQ(tag(), -1);
  EXPECT_EQ(run(tagged(1)), goes_on()) << "br0 gets it untagged";
  EXPECT_EQ(tag(), -1);
  configure("bridge vlan add dev br0 vid 1 pvid self");
  EXPECT_EQ(run(up()), punt(TNA_R_TAGGED)) << "br0 gets it tagged, and there is no br0.1";
}

TEST_P(BridgeVlansRouted, VlanThatTheBridgeIsNotIn) {
  configure("bridge vlan del dev br0 vid 20 self");
  EXPECT_EQ(run(tagged(20)), punt(TNA_R_FDB_MISS));
  EXPECT_EQ(run(Ethernet{world.address("p1"), a} / Vlan{.id = 20} / IPv4{} / Udp{}),
            punt(TNA_R_EGRESS_VLAN))
      << "the MAC of a port is known in it";
  EXPECT_EQ(run(tagged(10)), goes_on());
}

TEST_P(BridgeVlansRouted, FromVlanToVlan) {
  at("br0.20", 2, "a");
  EXPECT_EQ(run(Ethernet{world.address("br0"), c} / IPv4{} / Udp{} / Payload{40}, "p3"), goes_on());
  EXPECT_EQ(tag(), 20);
  at("br0.10", 2, "c");
  EXPECT_EQ(run(tagged(20)), goes_on());
  EXPECT_EQ(tag(), -1) << "C's port has VLAN 10 untagged";
  at("br0", 2, "a");
  EXPECT_EQ(run(tagged(20)), goes_on());
  EXPECT_EQ(tag(), -1) << "VLAN 1";
  at("br0.20", 2, "a");
  EXPECT_EQ(run(tagged(0xe00a)), goes_on());
  EXPECT_EQ(tag(), 20) << "without the priority that it came with";
}

TEST_P(BridgeVlansRouted, ToAVlan) {
  at("br0.10", 1, "a");
  EXPECT_EQ(routed(), goes_on());
  EXPECT_EQ(tag(), 10);
  configure("ip link set br0.10 type vlan egress 0:3");
  EXPECT_EQ(routed(), goes_on());
  EXPECT_EQ(tag(), 0x600a);
  at("br0.10", 1, "c");
  EXPECT_EQ(routed(), goes_on());
  EXPECT_EQ(tag(), -1);
  at("br0", 1, "a");
  EXPECT_EQ(routed(), goes_on());
  EXPECT_EQ(tag(), -1);
  configure("bridge vlan add dev p1 vid 1 pvid");
  EXPECT_EQ(routed(), goes_on());
  EXPECT_EQ(tag(), 1);
}

TEST_P(BridgeVlansRouted, StationInAnotherVlan) {
  at("br0.20", 1, "c");
  EXPECT_EQ(routed(), punt(TNA_R_FDB_MISS));
}

TEST_P(BridgeVlansRouted, VlanThatItMayNotBeSentIn) {
  at("br0.10", 1, "a");
  configure("bridge vlan set dev p1 vid 10 state blocking");
  EXPECT_EQ(routed(), punt(TNA_R_EGRESS_VLAN)) << "the VLAN's state on the port";
  configure("bridge vlan set dev p1 vid 10 state forwarding");
  EXPECT_EQ(routed(), goes_on());
  configure("bridge vlan del dev p1 vid 10");  // a static entry stays
  EXPECT_EQ(routed(), punt(TNA_R_EGRESS_VLAN)) << "the port";
  configure("bridge vlan add dev p1 vid 10; bridge vlan del dev br0 vid 10 self");
  EXPECT_EQ(routed(), punt(TNA_R_EGRESS_VLAN)) << "the bridge itself";
  at("br0", 1, "a");
  EXPECT_EQ(routed(), goes_on());
  configure("bridge vlan add dev br0 vid 1 self");
  EXPECT_EQ(routed(), punt(TNA_R_EGRESS_VLAN)) << "no PVID";
}

TEST_P(BridgeVlansRouted, TagsOfTheOtherProtocol) {
  configure(
      "ip link add link br0 name br0.ad type vlan proto 802.1ad id 10; ip link set br0.ad up");
  at("br0.ad", 1, "a");
  EXPECT_EQ(routed(), punt(TNA_R_VLAN_PROTO));
}

TEST_P(BridgeVlansRouted, BridgeThatCounts) {
  configure("ip link set br0 type bridge vlan_stats_enabled 1");
  at("br0.10", 1, "a");
  EXPECT_EQ(routed(), punt(TNA_R_BRIDGE_OPTION));
}

TEST_P(BridgeVlansRouted, VlanDevicesOfAPlainBridge) {
  configure("ip link set br0 type bridge vlan_filtering 0");
  tna_const plain = kPort;
  plain.vlan = 0;
  load(plain);
  world.keep_fresh(std::chrono::milliseconds(0));
  at("br0.20", 2, "c");
  EXPECT_EQ(run(tagged(10)), goes_on());
  EXPECT_EQ(tag(), 20);
  EXPECT_EQ(run(up()), goes_on());
  EXPECT_EQ(tag(), 20);
}

}  // namespace
}  // namespace tna::test
