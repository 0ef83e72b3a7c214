// SPDX-License-Identifier: Apache-2.0
// bpf/fpm/bridge_ingress.h
#include <thread>

#include "fpm/fpm_test.h"

namespace tna::test {
namespace {

using std::chrono::milliseconds;

FPM_SUITE(BridgeIngress);

constexpr char kUnknown[] = "02:00:00:00:00:99";

TEST_P(BridgeIngress, KnownSourceGoesOn) {
  EXPECT_EQ(run(udp), goes_on());
}

TEST_P(BridgeIngress, NoPort) {
  configure("ip link set p1 nomaster");
  EXPECT_EQ(run(udp), punt(TNA_R_NOT_PORT));
}

TEST_P(BridgeIngress, VlanDeviceOnThePort) {
  if (!world.can_configure("ip link add link p1 name p1.5 type vlan id 5")) {
    kernel_lacks(TNA_R_VLAN_DEVICE, "this kernel has no VLAN devices");
    GTEST_SKIP() << "this kernel has no VLAN devices";
  }
  EXPECT_EQ(run(udp), punt(TNA_R_VLAN_DEVICE));
  configure("ip link del p1.5");
  EXPECT_EQ(run(udp), goes_on());
}

TEST_P(BridgeIngress, VlanFiltering) {
  if (!world.can_configure("ip link set br0 type bridge vlan_filtering 1")) {
    kernel_lacks(TNA_R_BRIDGE_OPTION, "this kernel's bridge can't filter VLANs");
    GTEST_SKIP() << "this kernel's bridge can't filter VLANs";
  }
  EXPECT_EQ(run(udp), punt(TNA_R_BRIDGE_OPTION));
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

TEST_P(BridgeIngress, UnknownSource) {
  EXPECT_EQ(run(Ethernet{b, mac(kUnknown)}), punt(TNA_R_SOURCE_UNKNOWN));
  world.station(kUnknown, "p1");
  EXPECT_EQ(run(Ethernet{b, mac(kUnknown)}), goes_on()) << "was learned";
  world.forget(kUnknown);
  EXPECT_EQ(run(Ethernet{b, mac(kUnknown)}), punt(TNA_R_SOURCE_UNKNOWN)) << "and forgotten";
}

TEST_P(BridgeIngress, SourceOnAnotherPort) {
  EXPECT_EQ(run(Ethernet{b, mac(kC)}), punt(TNA_R_SOURCE_MOVED));
  world.station(kA, "p3");
  EXPECT_EQ(run(udp), punt(TNA_R_SOURCE_MOVED));
}

TEST_P(BridgeIngress, StickySourceOnAnotherPortStays) {
  world.station(kA, "p3", "static sticky");
  EXPECT_EQ(run(udp), goes_on());
}

TEST_P(BridgeIngress, AddressOfTheBridgeAsSource) {
  for (const char* own : {"br0", "p1", "p2"})
    EXPECT_EQ(run(Ethernet{b, world.address(own)}), punt(TNA_R_SOURCE_LOCAL)) << own;
}

TEST_P(BridgeIngress, LearningOff) {
  configure("bridge link set dev p1 learning off");
  EXPECT_EQ(run(udp), goes_on());
  EXPECT_EQ(run(Ethernet{b, mac(kUnknown)}), goes_on()) << "not looked for";
  EXPECT_EQ(run(Ethernet{b, mac(kC)}), goes_on()) << "not moved";
  EXPECT_EQ(run(Ethernet{b, world.address("br0")}), goes_on());
}

TEST_P(BridgeIngress, LockedPort) {
  configure("bridge link set dev p1 locked on");
  EXPECT_EQ(run(udp), goes_on()) << "authorised";
  EXPECT_EQ(run(Ethernet{b, mac(kC)}), punt(TNA_R_LOCKED)) << "on another port";
  EXPECT_EQ(run(Ethernet{b, mac(kUnknown)}), punt(TNA_R_SOURCE_UNKNOWN));
  EXPECT_EQ(run(Ethernet{b, world.address("br0")}), punt(TNA_R_SOURCE_LOCAL));
  world.station(kA, "p3", "static sticky");
  EXPECT_EQ(run(udp), punt(TNA_R_LOCKED)) << "sticky, but on another port";
}

TEST_P(BridgeIngress, LockedPortThatDoesNotLearn) {
  configure("bridge link set dev p1 locked on learning off");
  EXPECT_EQ(run(udp), goes_on());
  EXPECT_EQ(run(Ethernet{b, mac(kC)}), punt(TNA_R_LOCKED));
  EXPECT_EQ(run(Ethernet{b, mac(kUnknown)}), punt(TNA_R_SOURCE_UNKNOWN));
}

TEST_P(BridgeIngress, OldSourceIsLinuxToRefresh) {
  std::this_thread::sleep_for(milliseconds(1100));
  EXPECT_EQ(run_now(udp.bytes()), punt(TNA_R_SOURCE_REFRESH));
  // Linux is given a frame of A, and so refreshes the entry.
  PacketSocket s1 = world.wire("s1");
  EXPECT_EQ(on_the_wire_now("p1", [&] { s1.send(udp.bytes()); }), punt(TNA_R_SOURCE_REFRESH));
  EXPECT_EQ(on_the_wire_now("p1", [&] { s1.send(udp.bytes()); }), goes_on());
}

TEST_P(BridgeIngress, AgeDoesNotMatterWhereNothingIsLearned) {
  configure("bridge link set dev p1 learning off locked on");
  std::this_thread::sleep_for(milliseconds(1100));
  EXPECT_EQ(run_now(udp.bytes()), goes_on());
}

TEST_P(BridgeIngress, HowOldIsOldIsWhatTheGuardSays) {
  tna_guard of_a_minute = guard(), of_a_quarter = guard();
  of_a_minute.refresh_after *= 60;
  of_a_quarter.refresh_after /= 4;
  std::this_thread::sleep_for(milliseconds(600) - world.age());  // an emulated jiffy may be late
  path().program().arm(of_a_minute);
  ASSERT_EQ(run_now(udp.bytes()), goes_on());
  path().program().arm(of_a_quarter);
  EXPECT_EQ(run_now(udp.bytes()), punt(TNA_R_SOURCE_REFRESH));
}

}  // namespace
}  // namespace tna::test
