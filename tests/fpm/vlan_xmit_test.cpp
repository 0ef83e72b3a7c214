// SPDX-License-Identifier: Apache-2.0
// bpf/fpm/vlan_xmit.h: packets that are routed to VLAN devices
#include "fpm/helper_program.h"
#include "fpm/routed_vlans.h"

namespace tna::test {
namespace {

class VlanXmit : public RoutedVlans {
 protected:
  // From C, who is on no VLAN, to B.
  Packet plain() { return Ethernet{world.address("p3"), c} / IPv4{} / Udp{} / Payload{40}; }
  Packet plain6() { return Ethernet{world.address("p3"), c} / IPv6{} / Udp{} / Payload{40}; }
  Outcome sent() { return run(plain(), "p3"); }
};
INSTANTIATE_TEST_SUITE_P(, VlanXmit, testing::Values(Hook::xdp), hook_name);

TEST_P(VlanXmit, PutsTheTagOn) {
  EXPECT_EQ(sent(), goes_on());
  EXPECT_EQ(path().left(), routed("v20", Vlan{.id = 20}));
  configure("ip link set v20 address 02:00:00:00:11:11");
  at("v20", 2, "b");
  EXPECT_EQ(sent(), goes_on());
  EXPECT_EQ(path().left(), routed("v20", Vlan{.id = 20})) << "its own MAC";
}

TEST_P(VlanXmit, IsReallySent) {
  PacketSocket station = world.wire("s2");
  EXPECT_EQ(on_the_wire("p3", [&] { world.wire("s3").send(plain().bytes()); }), goes_on());
  const Bytes wanted = routed("v20", Vlan{.id = 20});
  std::optional<Bytes> came = station.receive(std::chrono::seconds(2));
  while (came && *came != wanted) came = station.receive(std::chrono::seconds(2));
  EXPECT_TRUE(came.has_value());
}

TEST_P(VlanXmit, OutOfTheVeryInterface) {  // a router on a stick
  configure("ip link add link p1 name w20 type vlan id 20; ip link set w20 up");
  at("w20", 2, "b");
  PacketSocket station = world.wire("s1");
  EXPECT_EQ(on_the_wire("p1", [&] { world.wire("s1").send(tagged().bytes()); }), goes_on());
  const Bytes wanted = routed("w20", Vlan{.id = 20});
  std::optional<Bytes> came = station.receive(std::chrono::seconds(2));
  while (came && *came != wanted) came = station.receive(std::chrono::seconds(2));
  EXPECT_TRUE(came.has_value());
  at("v10", 2, "b");
  EXPECT_EQ(run(tagged()), punt(TNA_R_SAME_DEVICE)) << "the very VLAN";
}

TEST_P(VlanXmit, ProviderTags) {
  configure("ip link add link p2 name s20 type vlan proto 802.1ad id 20; ip link set s20 up");
  at("s20", 2, "b");
  EXPECT_EQ(run(tagged()), goes_on());
  EXPECT_EQ(path().left(), routed("s20", Vlan{.id = 20, .tpid = 0x88a8}));
}

TEST_P(VlanXmit, PriorityByTypeOfService) {
  configure("ip link set v20 type vlan egress 0:1 2:2 6:5 4:7");
  for (auto [tos, wanted] : {std::pair{0x00, 1}, {0x08, 2}, {0x10, 5}, {0x18, 7}, {0xb8, 7}}) {
    EXPECT_EQ(run(with_service(plain(), tos, 14), "p3"), goes_on());
    EXPECT_EQ(priority(), wanted) << tos;
  }
  configure("ip link set v20 type vlan egress 6:3");
  EXPECT_EQ(run(with_service(plain(), 0x10, 14), "p3"), goes_on());
  EXPECT_EQ(priority(), 3) << "a change is obeyed";
  sysctl("ipv4/ip_forward_update_priority", 0);
  EXPECT_EQ(run(with_service(plain(), 0x10, 14), "p3"), goes_on());
  EXPECT_EQ(priority(), 1);
}

TEST_P(VlanXmit, PriorityOfTheTagThatItCameWith) {
  configure(
      "ip link set v10 type vlan ingress 3:21; ip link set v20 type vlan egress 21:6 5:4 37:2 0:1");
  EXPECT_EQ(run(tagged6({.id = 0x600a})), goes_on());
  EXPECT_EQ(priority(), 6) << "IPv6 keeps it; 5, 21 and 37 share a list";
  EXPECT_EQ(run(tagged6({.id = 0x400a})), goes_on());
  EXPECT_EQ(priority(), 1);
  EXPECT_EQ(run(tagged({.id = 0x600a})), goes_on());
  EXPECT_EQ(priority(), 1) << "IPv4 goes by the type of service";
  sysctl("ipv4/ip_forward_update_priority", 0);
  EXPECT_EQ(run(tagged({.id = 0x600a})), goes_on());
  EXPECT_EQ(priority(), 6);
  EXPECT_EQ(run(plain6(), "p3"), goes_on());
  EXPECT_EQ(priority(), 1) << "untagged";
}

TEST_P(VlanXmit, MorePrioritiesThanAreLookedThrough) {
  configure("ip link set v20 type vlan egress 16:1 32:1 48:1 64:1");
  EXPECT_EQ(sent(), goes_on());
  configure("ip link set v20 type vlan egress 80:1");
  EXPECT_EQ(sent(), punt(TNA_R_EGRESS_VLAN_DEVICE));
}

TEST_P(VlanXmit, DeviceThatIsNotPlain) {
  configure("ip link set v20 type vlan reorder_hdr off");
  EXPECT_EQ(sent(), punt(TNA_R_EGRESS_VLAN_DEVICE));
  configure("ip link set v20 type vlan reorder_hdr on");
  EXPECT_EQ(sent(), goes_on());
  configure("ip link set v20 down");
  EXPECT_EQ(sent(), punt(TNA_R_NO_ROUTE));
}

TEST_P(VlanXmit, DeviceBelowIsAnothers) {
  configure("ip link add link v20 name v20.5 type vlan id 5; ip link set v20.5 up");
  at("v20.5", 2, "b");
  EXPECT_EQ(sent(), punt(TNA_R_EGRESS_XMIT)) << "a VLAN device";
  if (!world.can_configure(R"(
        ip link add bond9 type bond; ip link set bond9 up
        ip link add link bond9 name b5 type vlan id 5; ip link set b5 up)"))
    return;
  at("b5", 2, "b");
  EXPECT_NE(sent(), goes_on()) << "a bond";
}

TEST_P(VlanXmit, WhatStandsOnTheWayOut) {
  for (const char* device : {"v20", "p2"}) {
    const std::string dev = device;
    {
      PacketSocket tcpdump(world.ifindex(device));
      EXPECT_EQ(sent(), punt(TNA_R_EGRESS_TAP)) << dev;
    }
    {
      auto other = HelperProgram::pass(world.ifindex(device), HelperProgram::tcx_egress);
      EXPECT_EQ(sent(), punt(TNA_R_EGRESS_TC)) << dev;
    }
    configure("tc qdisc replace dev " + dev + " root tbf rate 1gbit burst 1mb latency 50ms");
    EXPECT_EQ(sent(), punt(TNA_R_EGRESS_QDISC)) << dev;
    configure("tc qdisc del dev " + dev + " root; nft add table netdev t");
    if (world.can_configure("nft add chain netdev t c '{ type filter hook egress device " + dev +
                            " priority 0; }'")) {
      EXPECT_EQ(sent(), punt(TNA_R_EGRESS_NF)) << dev;
    }
    configure("nft delete table netdev t");
    EXPECT_EQ(sent(), goes_on()) << dev << ": they are gone";
  }
}

TEST_P(VlanXmit, Length) {
  auto sized = [&](std::size_t payload) {
    return run(Ethernet{world.address("p3"), c} / IPv4{} / Udp{} / Payload{payload}, "p3");
  };
  EXPECT_EQ(sized(1500 - 28), goes_on()) << "the tag is extra";
  configure("ip link set v20 mtu 1400");
  EXPECT_EQ(sized(1400 - 28), goes_on());
  EXPECT_EQ(sized(1401 - 28), punt(TNA_R_ROUTE_MTU));
}

TEST_P(VlanXmit, ProgramWithoutVlans) {
  load({.route4 = 1, .route6 = 1});
  EXPECT_EQ(sent(), punt(TNA_R_EGRESS_XMIT));
}

}  // namespace
}  // namespace tna::test
