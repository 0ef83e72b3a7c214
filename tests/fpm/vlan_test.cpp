// SPDX-License-Identifier: Apache-2.0
// bpf/fpm/vlan_ingress.h, bpf/fpm/vlan_egress.h, and how tags are put and taken in bpf/ctx/.
//
//   A on p1: VLANs 1 (untagged, PVID), 5, 7      C on p3: VLANs 1, 5 (untagged, PVID)
//   B on p2: VLANs 1 (untagged, PVID), 5, 7
#include "fpm/bridge_option.h"
#include "fpm/fpm_test.h"

namespace tna::test {
namespace {

using std::chrono::milliseconds;

constexpr const char* kNeedsFiltering = "this kernel's bridge can't filter VLANs";

class Vlans : public FpmTest {
 protected:
  void SetUp() override {
    if (!world.can_configure("ip link set br0 type bridge vlan_filtering 1")) {
      for (tna_reason reason :
           {TNA_R_VLAN_PROTO, TNA_R_VLAN_MEMBER, TNA_R_VLAN_STATE, TNA_R_EGRESS_VLAN})
        kernel_lacks(reason, kNeedsFiltering);
      if (!Shared::get().typed_reads())  // else routing to a bridge meets it
        hook_lacks(Hook::xdp, TNA_R_BRIDGE_OPTION, kNeedsFiltering);
      GTEST_SKIP() << kNeedsFiltering;
    }
    configure(R"(
      for port in p1 p2; do
        bridge vlan add dev $port vid 5
        bridge vlan add dev $port vid 7
      done
      bridge vlan add dev p3 vid 5 pvid untagged)");
    load({.bridge = 1, .vlan = 1});
    world.keep_fresh(milliseconds(0));  // entries in all these VLANs
  }
  // What the station gets of a frame that goes fast; nothing where it does not.
  Bytes delivered(const Packet& packet, const std::string& from, const std::string& to) {
    PacketSocket sender = world.wire("s" + from), receiver = world.wire("s" + to);
    auto outcome = on_the_wire("p" + from, [&] { sender.send(packet.padded()); });
    EXPECT_EQ(outcome, goes_on());
    return receiver.receive(milliseconds(500)).value_or(Bytes{});
  }
  // MST can be switched on only while there are no VLANs. False: this kernel has none.
  bool start_mst() {
    configure(R"(
      for port in p1 p2 p3; do
        for vid in 1 5 7; do bridge vlan del dev $port vid $vid 2>/dev/null || true; done
      done)");
    configure("bridge vlan del dev br0 vid 1 self");
    return enable_mst(world.ifindex("br0"));
  }
  const Ethernet to_c{.dst = c, .src = a}, c_to_b{.dst = b, .src = c};
};
INSTANTIATE_TEST_SUITE_P(, Vlans, testing::ValuesIn(tested_hooks()), hook_name);

Packet ping(const Ethernet& ethernet) {
  return ethernet / IPv4{} / Udp{} / Payload{40};
}
Packet ping(const Ethernet& ethernet, Vlan tag) {
  return ethernet / tag / IPv4{} / Udp{} / Payload{40};
}

TEST_P(Vlans, UntaggedStaysUntagged) {
  EXPECT_EQ(delivered(ping(to_b), "1", "2"), ping(to_b).bytes());
}

TEST_P(Vlans, TaggedStaysTaggedWithAllThatTheTagSays) {
  for (std::uint16_t tci : {0x0005, 0xe005, 0x1005, 0xf005})
    EXPECT_EQ(delivered(ping(to_b, {.id = tci}), "1", "2"), ping(to_b, {.id = tci}).bytes())
        << std::hex << tci;
}

TEST_P(Vlans, TagIsTakenForAnAccessPort) {
  EXPECT_EQ(delivered(ping(to_c, {.id = 0x6005}), "1", "3"), ping(to_c).bytes());
}

TEST_P(Vlans, TagIsPutOnWhatAnAccessPortSends) {
  EXPECT_EQ(delivered(ping(c_to_b), "3", "2"), ping(c_to_b, {.id = 5}).bytes());
}

TEST_P(Vlans, SecondTagIsPayload) {
  Packet two = to_c / Vlan{.id = 5} / Vlan{.id = 9} / IPv4{} / Udp{} / Payload{40};
  EXPECT_EQ(delivered(two, "1", "3"), ping(to_c, {.id = 9}).bytes());
  Packet other =
      to_b / Vlan{.id = 5} / Vlan{.id = 9, .tpid = 0x88a8} / IPv4{} / Udp{} / Payload{40};
  EXPECT_EQ(delivered(other, "1", "2"), other.bytes());
}

TEST_P(Vlans, PriorityTagIsOfThePvid) {
  EXPECT_EQ(delivered(ping(to_b, {.id = 0xe000}), "1", "2"), ping(to_b).bytes());
  configure("bridge vlan add dev p2 vid 1 pvid");
  EXPECT_EQ(delivered(ping(to_b, {.id = 0xe000}), "1", "2"), ping(to_b, {.id = 0xe001}).bytes());
}

TEST_P(Vlans, ProviderTags) {
  configure("ip link set br0 type bridge vlan_protocol 802.1ad");
  const Vlan provider{.id = 0x3005, .tpid = 0x88a8};
  EXPECT_EQ(run(ping(to_b, {.id = 5})), punt(TNA_R_VLAN_PROTO));
  EXPECT_EQ(delivered(ping(to_b, provider), "1", "2"), ping(to_b, provider).bytes());
  EXPECT_EQ(delivered(ping(to_c, provider), "1", "3"), ping(to_c).bytes());
  EXPECT_EQ(delivered(ping(c_to_b), "3", "2"), ping(c_to_b, {.id = 5, .tpid = 0x88a8}).bytes());
}

TEST_P(Vlans, TagOfAnotherProtocolIsLinux) {
  EXPECT_EQ(run(ping(to_b, {.id = 5, .tpid = 0x88a8})), punt(TNA_R_VLAN_PROTO));
}

TEST_P(Vlans, PortThatIsNoMember) {
  EXPECT_EQ(run(ping(to_b, {.id = 9})), punt(TNA_R_VLAN_MEMBER));
  EXPECT_EQ(run(ping(to_b, {.id = 4095})), punt(TNA_R_VLAN_MEMBER));
  configure("bridge vlan del dev p1 vid 5");
  EXPECT_EQ(run(ping(to_b, {.id = 5})), punt(TNA_R_VLAN_MEMBER));
}

TEST_P(Vlans, PortWithoutPvid) {
  configure("bridge vlan add dev p1 vid 1 untagged");
  EXPECT_EQ(run(udp), punt(TNA_R_VLAN_MEMBER));
  EXPECT_EQ(run(ping(to_b, {.id = 0xe000})), punt(TNA_R_VLAN_MEMBER)) << "a priority tag";
  EXPECT_EQ(run(ping(to_b, {.id = 1})), goes_on());
}

TEST_P(Vlans, StateOfTheVlan) {
  for (const char* state : {"disabled", "listening", "learning", "blocking"}) {
    for (const char* vid : {"1", "5"})
      configure(std::string("bridge vlan set dev p1 vid ") + vid + " state " + state);
    EXPECT_EQ(run(ping(to_b, {.id = 5})), punt(TNA_R_VLAN_STATE)) << state;
    EXPECT_EQ(run(udp), punt(TNA_R_VLAN_STATE)) << state;
    EXPECT_EQ(run(ping(to_b, {.id = 7})), goes_on()) << "another VLAN";
  }
}

TEST_P(Vlans, StateOfTheVlanWhereItLeaves) {
  for (const char* state : {"disabled", "listening", "learning", "blocking"}) {
    configure(std::string("bridge vlan set dev p2 vid 5 state ") + state);
    EXPECT_EQ(run(ping(to_b, {.id = 5})), punt(TNA_R_EGRESS_VLAN)) << state;
  }
  EXPECT_EQ(run(ping(to_b, {.id = 7})), goes_on()) << "another VLAN";
}

// With MST a VLAN has the state of its tree; the port's own counts for nothing. Here all are in
// tree 0, which follows the port.
TEST_P(Vlans, StateOfTheTreeWithMst) {
  if (!start_mst()) GTEST_SKIP() << "this kernel has no MST";
  configure("for port in p1 p2; do bridge vlan add dev $port vid 5; done");
  world.keep_fresh(milliseconds(0));
  EXPECT_EQ(run(ping(to_b, {.id = 5})), goes_on());
  for (const char* state : {"0", "1", "2"}) {
    configure(std::string("bridge link set dev p1 state ") + state);
    EXPECT_EQ(run(ping(to_b, {.id = 5})), punt(TNA_R_VLAN_STATE)) << "p1 " << state;
    configure(std::string("bridge link set dev p1 state 3; bridge link set dev p2 state ") + state);
    EXPECT_EQ(run(ping(to_b, {.id = 5})), punt(TNA_R_EGRESS_VLAN)) << "p2 " << state;
    configure("bridge link set dev p2 state 3");
  }
  EXPECT_EQ(run(ping(to_b, {.id = 5})), goes_on());
}

TEST_P(Vlans, EachTreeHasStatesOfItsOwn) {
  if (!start_mst()) GTEST_SKIP() << "this kernel has no MST";
  const IfIndex bridge = world.ifindex("br0");
  configure(
      "for vid in 5 7; do for port in p1 p2; do bridge vlan add dev $port vid $vid; done; done");
  configure("for vid in 5 7; do bridge vlan add dev br0 vid $vid self; done");
  ASSERT_TRUE(put_into_tree(bridge, 5, 1));
  ASSERT_TRUE(put_into_tree(bridge, 7, 2));
  auto states = [&](const char* port, std::uint8_t first, std::uint8_t second) {
    ASSERT_TRUE(set_tree_state(world.ifindex(port), 1, first));
    ASSERT_TRUE(set_tree_state(world.ifindex(port), 2, second));
  };
  states("p1", 3, 3);
  states("p2", 3, 3);
  world.keep_fresh(milliseconds(0));
  EXPECT_EQ(run(ping(to_b, {.id = 5})), goes_on());
  EXPECT_EQ(run(ping(to_b, {.id = 7})), goes_on());
  states("p1", 4, 3);
  EXPECT_EQ(run(ping(to_b, {.id = 5})), punt(TNA_R_VLAN_STATE));
  EXPECT_EQ(run(ping(to_b, {.id = 7})), goes_on()) << "another tree";
  states("p1", 3, 3);
  states("p2", 3, 4);
  EXPECT_EQ(run(ping(to_b, {.id = 5})), goes_on());
  EXPECT_EQ(run(ping(to_b, {.id = 7})), punt(TNA_R_EGRESS_VLAN));
}

TEST_P(Vlans, EgressPortThatIsNoMember) {
  EXPECT_EQ(run(ping(to_b, {.id = 7})), goes_on());
  configure("bridge vlan del dev p2 vid 7");  // a static entry stays
  EXPECT_EQ(run(ping(to_b, {.id = 7})), punt(TNA_R_EGRESS_VLAN));
}

TEST_P(Vlans, EachHasStationsOfItsOwn) {
  configure("bridge fdb del " + std::string(kB) + " dev p2 master vlan 5");
  EXPECT_EQ(run_now(ping(to_b, {.id = 5}).padded()), punt(TNA_R_FDB_MISS));
  EXPECT_EQ(run_now(ping(to_b).padded()), goes_on());
  configure("bridge fdb del " + std::string(kA) + " dev p1 master vlan 7");
  EXPECT_EQ(run_now(ping(to_b, {.id = 7}).padded()), punt(TNA_R_SOURCE_UNKNOWN));
}

TEST_P(Vlans, ManyVlans) {
  configure("for port in p1 p2; do bridge vlan add dev $port vid 100-1500; done");
  world.keep_fresh(milliseconds(0));
  for (std::uint16_t vid : {100, 255, 256, 1024, 1499, 1500}) {
    configure("bridge fdb replace " + std::string(kA) + " dev p1 master static vlan " +
              std::to_string(vid));
    EXPECT_EQ(run_now(ping(to_b, {.id = vid}).padded()), goes_on()) << vid;
  }
  EXPECT_EQ(run(ping(to_b, {.id = 1501})), punt(TNA_R_VLAN_MEMBER));
}

TEST_P(Vlans, FrameThatGrowsPastTheMtu) {
  auto sized = [&](std::size_t payload) { return run(c_to_b / Payload{payload}, "p3"); };
  // The tag does not count for Linux; for XDP it does.
  EXPECT_EQ(sized(1500), goes_on());
  EXPECT_EQ(sized(1501), by_hook(punt(TNA_R_TOO_LONG), goes_on()));
}

TEST_P(Vlans, ProgramOfAFilterIsNoneForAnythingElse) {
  for (const char* change : {"vlan_stats_enabled 1", "vlan_filtering 0"}) {
    configure(std::string("ip link set br0 type bridge ") + change);
    EXPECT_EQ(run(udp), punt(TNA_R_BRIDGE_OPTION)) << change;
  }
  configure("ip link set br0 type bridge vlan_filtering 1 vlan_stats_enabled 0");
  EXPECT_EQ(run(udp), goes_on());
}

TEST_P(Vlans, ProgramOfAPlainBridgeIsNoneForAFilter) {
  load({.bridge = 1});
  EXPECT_EQ(run(udp), punt(TNA_R_BRIDGE_OPTION));
}

}  // namespace
}  // namespace tna::test
