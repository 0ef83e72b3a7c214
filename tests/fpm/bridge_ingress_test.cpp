// SPDX-License-Identifier: Apache-2.0
// bpf/fpm/bridge_ingress.h
#include "fpm/fpm_test.h"

namespace tna::test {
namespace {

FPM_SUITE(BridgeIngress);

TEST_P(BridgeIngress, NoPort) {
  configure("ip link set p1 nomaster");
  EXPECT_EQ(run(udp), punt(TNA_R_NOT_PORT));
}

TEST_P(BridgeIngress, VlanDeviceOnThePortTakesItsFrames) {
  if (!world.can_configure("ip link add link p1 name p1.1027 type vlan id 1027 && "
                           "ip link add link p1 name p1.5 type vlan proto 802.1ad id 5")) {
    kernel_lacks(TNA_R_VLAN_DEVICE, "this kernel has no VLAN devices");
    GTEST_SKIP() << "this kernel has no VLAN devices";
  }
  PacketSocket s1 = world.wire("s1");
  auto tagged = [&](Vlan tag) {
    Packet packet = to_b / tag / IPv4{} / Udp{} / Payload{18};
    return on_the_wire("p1", [&] { s1.send(packet.bytes()); });
  };
  EXPECT_EQ(tagged({.id = 1027}), punt(TNA_R_VLAN_DEVICE));
  EXPECT_EQ(tagged({.id = 0x6403}), punt(TNA_R_VLAN_DEVICE)) << "with a priority";
  EXPECT_EQ(tagged({.id = 5, .tpid = 0x88a8}), punt(TNA_R_VLAN_DEVICE));
  EXPECT_EQ(tagged({.id = 1026}), goes_on());
  EXPECT_EQ(tagged({.id = 5}), goes_on());
  EXPECT_EQ(tagged({.id = 1027, .tpid = 0x88a8}), goes_on());
  EXPECT_EQ(run(udp), goes_on());
  configure("ip link del p1.1027");
  EXPECT_EQ(tagged({.id = 1027}), goes_on());
}

TEST_P(BridgeIngress, PromiscuousBridge) {
  configure("ip link set br0 promisc on");
  EXPECT_EQ(run(udp), punt(TNA_R_BRIDGE_PROMISC));
  configure("ip link set br0 promisc off");
  EXPECT_EQ(run(udp), goes_on());
}

TEST_P(BridgeIngress, TunnelPort) {
  configure("bridge link set dev p1 vlan_tunnel on");
  EXPECT_EQ(run(udp), punt(TNA_R_PORT_FLAG));
}

TEST_P(BridgeIngress, PortThatIsNotForwarding) {
  // Not "4", blocking: without STP Linux makes the port forward at once.
  for (const char* state : {"0", "1", "2"}) {
    configure(std::string("bridge link set dev p1 state ") + state);
    EXPECT_EQ(run(udp), punt(TNA_R_PORT_STATE)) << state;
  }
  configure("bridge link set dev p1 state 3");
  EXPECT_EQ(run(udp), goes_on());
}

}  // namespace
}  // namespace tna::test
