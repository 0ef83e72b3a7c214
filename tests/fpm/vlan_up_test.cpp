// SPDX-License-Identifier: Apache-2.0
// bpf/fpm/vlan_up.h: frames for the VLAN devices of a router
#include "fpm/helper_program.h"
#include "fpm/routed_vlans.h"

namespace tna::test {
namespace {

class VlanUp : public RoutedVlans {};
INSTANTIATE_TEST_SUITE_P(, VlanUp, testing::Values(Hook::xdp), hook_name);

TEST_P(VlanUp, FromOneVlanToAnother) {
  EXPECT_EQ(run(tagged()), goes_on());
  EXPECT_EQ(path().left(), routed("v20", Vlan{.id = 20}));
  EXPECT_EQ(run(tagged6()), goes_on());
  EXPECT_EQ(path().left()[15], 20);
  EXPECT_EQ(path().left()[18 + 7], 63);
}

TEST_P(VlanUp, FromAVlanToAPlainInterface) {
  at("p3", 2, "b");
  EXPECT_EQ(run(tagged()), goes_on());
  EXPECT_EQ(path().left(), routed("p3", std::nullopt));
}

TEST_P(VlanUp, PaddingIsCutOffBehindTheTag) {
  at("p3", 2, "b");
  Packet small = to_v10() / Vlan{.id = 10} / IPv4{} / Udp{} / Payload{1};
  EXPECT_EQ(run(small.padded()), goes_on());
  EXPECT_EQ(path().left().size(), 14 + 20 + 8 + 1);
}

TEST_P(VlanUp, ProviderTags) {
  configure("ip link add link p1 name s10 type vlan proto 802.1ad id 10; ip link set s10 up");
  at("s10", 1, "a");
  EXPECT_EQ(run(tagged({.id = 10, .tpid = 0x88a8})), goes_on());
  EXPECT_EQ(path().left(), routed("v20", Vlan{.id = 20}));
}

TEST_P(VlanUp, VlanWithoutADevice) {
  EXPECT_EQ(run(tagged({.id = 11})), punt(TNA_R_TAGGED));
  EXPECT_EQ(run(tagged({.id = 10, .tpid = 0x88a8})), punt(TNA_R_TAGGED)) << "of the other protocol";
  EXPECT_EQ(run(tagged({.id = 0})), punt(TNA_R_TAGGED));
  EXPECT_EQ(run(tagged(), "p3"), punt(TNA_R_TAGGED)) << "on another interface";
  configure("ip link del v10");
  EXPECT_EQ(run(Ethernet{world.address("p1"), a} / Vlan{.id = 10} / IPv4{} / Udp{}),
            punt(TNA_R_TAGGED));
}

TEST_P(VlanUp, SecondTag) {
  configure("ip link add link v10 name v10.5 type vlan id 5; ip link set v10.5 up");
  Packet two = to_v10() / Vlan{.id = 10} / Vlan{.id = 5} / IPv4{} / Udp{};
  EXPECT_EQ(run(two), punt(TNA_R_TAGGED));
}

TEST_P(VlanUp, DeviceThatIsNotPlain) {
  configure("ip link set v10 down");
  EXPECT_EQ(run(tagged()), punt(TNA_R_VLAN_DEVICE));
  configure("ip link set v10 up; ip link set v10 type vlan reorder_hdr off");
  at("v10", 1, "a");
  EXPECT_EQ(run(tagged()), punt(TNA_R_VLAN_DEVICE));
  configure("ip link set v10 type vlan reorder_hdr on");
  EXPECT_EQ(run(tagged()), goes_on());
  Packet before = tagged();
  configure(
      "ip netns add vlans-$$ && ip link set v10 netns vlans-$$ && ip -n vlans-$$ link set v10 up");
  EXPECT_EQ(run(before), punt(TNA_R_VLAN_DEVICE)) << "another namespace's";
  configure(
      "for name in $(ip netns | sed -n 's/^\\(vlans-[0-9]*\\).*/\\1/p'); do ip netns del $name; "
      "done");
}

TEST_P(VlanUp, MacOfTheInterfaceBelow) {
  configure("ip link set v10 address 02:00:00:00:11:11");
  EXPECT_EQ(run(tagged()), goes_on()) << "to its own";
  EXPECT_EQ(run(Ethernet{world.address("p1"), a} / Vlan{.id = 10} / IPv4{} / Udp{}),
            punt(TNA_R_OTHER_HOST));
}

TEST_P(VlanUp, WhoElseTakesItsFrames) {
  for (const char* device : {"p1", "v10"})
    for (std::uint16_t protocol : {0x0003, 0x0800}) {
      PacketSocket listener(world.ifindex(device), protocol);
      EXPECT_EQ(run(tagged()), punt(TNA_R_TAP)) << device << protocol;
    }
  {
    auto other = HelperProgram::pass(world.ifindex("v10"), HelperProgram::tcx_ingress);
    EXPECT_EQ(run(tagged()), punt(TNA_R_TC));
  }
  EXPECT_EQ(run(tagged()), goes_on());
  configure("ip link add br9 type bridge; ip link set br9 up; ip link set v10 master br9");
  EXPECT_EQ(run(tagged()), punt(TNA_R_NOT_ROUTED)) << "a bridge";
  configure("ip link set v10 nomaster");
  if (world.can_configure("ip link add m0 link v10 type macvlan; ip link set m0 up")) {
    EXPECT_EQ(run(tagged()), punt(TNA_R_NOT_ROUTED)) << "a macvlan";
    configure("ip link del m0");
  }
  at("v10", 1, "a");
  EXPECT_EQ(run(tagged()), goes_on());
  if (world.can_configure("ip link add vrf0 type vrf table 7; ip link set v10 master vrf0")) {
    EXPECT_EQ(run(tagged()), punt(TNA_R_NOT_ROUTED)) << "a VRF";
  }
}

TEST_P(VlanUp, ForwardingIsThatOfTheVlanDevice) {
  sysctl("ipv4/conf/v10/forwarding", 0);
  EXPECT_EQ(run(tagged()), punt(TNA_R_FORWARDING));
  sysctl("ipv4/conf/v10/forwarding", 1);
  sysctl("ipv4/conf/p1/forwarding", 0);
  EXPECT_EQ(run(tagged()), goes_on());
}

TEST_P(VlanUp, SourcesComeByTheVlanDevice) {
  sysctl("ipv4/conf/v10/rp_filter", 1);
  EXPECT_EQ(run(tagged()), goes_on());
  at("p3", 1, "a");
  EXPECT_EQ(run(tagged()), punt(TNA_R_SOURCE_ADDRESS));
}

TEST_P(VlanUp, ProgramWithoutVlans) {
  load({.route4 = 1, .route6 = 1});
  EXPECT_EQ(run(tagged()), punt(TNA_R_TAGGED));
}

}  // namespace
}  // namespace tna::test
