// SPDX-License-Identifier: Apache-2.0
// bpf/fpm/guards.h, and what ctx/ looks for on the ingress interface
#include "fpm/fpm_test.h"
#include "fpm/helper_program.h"

namespace tna::test {
namespace {

FPM_SUITE(Guards);

TEST_P(Guards, AllAsItWasGoesOn) {
  EXPECT_EQ(run(udp), goes_on());
}

TEST_P(Guards, LeaseThatEnded) {
  path().renew_lease(-1);
  EXPECT_EQ(run(udp), punt(TNA_R_LEASE));
  path().renew_lease(250);
  EXPECT_EQ(run(udp), goes_on()) << "and was renewed";
}

TEST_P(Guards, NotArmed) {
  path().program().guard->armed = 0;
  EXPECT_EQ(run(udp), punt(TNA_R_STALE));
}

TEST_P(Guards, OtherNamespace) {
  tna_guard other = guard();
  other.net += 64;
  path().program().arm(other);
  EXPECT_EQ(run(udp), punt(TNA_R_STALE));
  path().program().arm(guard());
  EXPECT_EQ(run(udp), goes_on());
}

TEST_P(Guards, EachHookOfTheBridge) {
  for (int hook = 0; hook < TNA_HOOKS; hook++) {
    tna_guard other = guard();
    other.hooks_bridge[hook] ^= 64;
    path().program().arm(other);
    EXPECT_EQ(run(udp), punt(TNA_R_STALE)) << hook;
  }
}

TEST_P(Guards, RulesOfTheBridgeFamilyThatCameLater) {
  for (const char* hook : {"prerouting", "forward", "postrouting"}) {
    configure("nft add table bridge t");
    load({.bridge = 1});
    ASSERT_EQ(run(udp), goes_on()) << "a table alone stands nowhere";
    configure(std::string("nft add chain bridge t c '{ type filter hook ") + hook +
              " priority 0; }'");
    EXPECT_EQ(run(udp), punt(TNA_R_STALE)) << hook;
    configure("nft delete table bridge t");
  }
}

TEST_P(Guards, RulesThatForwardedPacketsDoNotPass) {
  configure("nft add table bridge t");
  configure("nft add chain bridge t i '{ type filter hook input priority 0; policy drop; }'");
  configure("nft add chain bridge t o '{ type filter hook output priority 0; policy drop; }'");
  EXPECT_EQ(run(udp), goes_on());
}

TEST_P(Guards, StaleIsToldOnce) {
  path().drain_events();
  run(udp);
  EXPECT_EQ(path().drain_events(), 0) << "nothing is stale";
  for (int round = 0; round < 2; round++) {
    tna_guard other = guard();
    other.hooks_bridge[0] ^= 64;
    path().program().arm(other);
    EXPECT_EQ(run(udp), punt(TNA_R_STALE));
    EXPECT_EQ(run(udp), punt(TNA_R_STALE));
    EXPECT_EQ(path().drain_events(), 1) << "round " << round;
  }
}

TEST_P(Guards, InterfaceWithoutCounters) {
  path().attach(world.ifindex("p1"));
  EXPECT_EQ(run(udp), punt_uncounted());
  path().count(world.ifindex("p1"));
  EXPECT_EQ(run(udp), goes_on());
}

TEST_P(Guards, TapOnTheIngressInterface) {
  {
    PacketSocket tcpdump(world.ifindex("p1"));
    EXPECT_EQ(run(udp), by_hook(punt(TNA_R_TAP), goes_on()));
  }
  EXPECT_EQ(run(udp), goes_on()) << "it ended";
}

TEST_P(Guards, TapOnAllInterfaces) {
  PacketSocket tcpdump(0);
  EXPECT_EQ(run(udp), by_hook(punt(TNA_R_TAP), goes_on()));
}

TEST_P(Guards, TapThatDoesNotSeeTheFrame) {
  PacketSocket elsewhere(world.ifindex("p3"));
  PacketSocket lldp(world.ifindex("p1"), 0x88cc);
  EXPECT_EQ(run(udp), goes_on());
}

TEST_P(Guards, AnotherTcProgram) {
  if (!tcx()) GTEST_SKIP() << "tcx";
  {
    auto other = HelperProgram::pass(world.ifindex("p1"), HelperProgram::tcx_ingress);
    EXPECT_EQ(run(udp), punt(TNA_R_TC));
  }
  EXPECT_EQ(run(udp), goes_on());
}

TEST_P(Guards, TcFilter) {
  configure("tc qdisc add dev p1 clsact");
  EXPECT_EQ(run(udp), by_hook(tcx() ? punt(TNA_R_TC) : goes_on(), goes_on()))
      << "with tcx, XDP can't tell an empty one";
  configure("tc filter add dev p1 ingress protocol all u32 match u32 0 0 flowid 1:1");
  EXPECT_EQ(run(udp), punt(TNA_R_TC));
  configure("tc qdisc del dev p1 clsact");
  EXPECT_EQ(run(udp), goes_on());
}

TEST_P(Guards, NetfilterIngressHook) {
  configure("nft add table netdev t");
  configure("nft add chain netdev t c '{ type filter hook ingress device p1 priority 0; }'");
  EXPECT_EQ(run(udp), punt(TNA_R_NF_INGRESS));
  EXPECT_EQ(run(Ethernet{a, b} / IPv4{} / Udp{}, "p2"), goes_on()) << "another port";
  configure("nft delete table netdev t");
  EXPECT_EQ(run(udp), goes_on());
}

TEST_P(Guards, FrameInSeveralBuffers) {
  if (!at_xdp()) GTEST_SKIP() << "XDP only";
  EXPECT_EQ(run(to_b / Payload{6000}), punt(TNA_R_MULTI_BUFFER));
}

// What the sender's sk_buff tells goes over the wire of a veth only.
class GuardsOnTheWire : public FpmTest {
 protected:
  PacketSocket s1 = world.wire("s1"), s2 = world.wire("s2");
  const Packet packet = to_b / IPv4{} / Udp{} / Payload{100};
};
INSTANTIATE_TEST_SUITE_P(, GuardsOnTheWire, testing::ValuesIn(tested_hooks()), hook_name);

TEST_P(GuardsOnTheWire, FinishedFrameGoesOn) {
  EXPECT_EQ(on_the_wire("p1", [&] { s1.send(packet.bytes()); }), goes_on());
  EXPECT_EQ(s2.receive(std::chrono::seconds(1)), packet.bytes());
}

TEST_P(GuardsOnTheWire, ChecksumLeftToTheDevice) {
  if (!sender_seen()) GTEST_SKIP() << "veth_xdp_buff";
  EXPECT_EQ(on_the_wire("p1", [&] { s1.send_unfinished(packet.bytes(), 34, 6); }),
            by_hook(punt(TNA_R_CHECKSUM), goes_on()));
  EXPECT_TRUE(s2.receive(std::chrono::seconds(1)));
}

TEST_P(GuardsOnTheWire, ChecksumLeftToTheDeviceBehindTags) {
  if (!sender_seen()) GTEST_SKIP() << "veth_xdp_buff";
  Packet one = to_b / Vlan{.id = 7} / IPv4{} / Udp{} / Payload{100};
  Packet two = to_b / Vlan{.id = 7, .tpid = 0x88a8} / Vlan{.id = 8} / IPv4{} / Udp{} / Payload{100};
  EXPECT_EQ(on_the_wire("p1", [&] { s1.send_unfinished(one.bytes(), 38, 6); }),
            by_hook(punt(TNA_R_CHECKSUM), goes_on()));
  EXPECT_EQ(on_the_wire("p1", [&] { s1.send_unfinished(two.bytes(), 42, 6); }),
            punt(TNA_R_CHECKSUM));
  EXPECT_EQ(on_the_wire("p1", [&] { s1.send(two.bytes()); }), goes_on());
}

TEST_P(GuardsOnTheWire, TagBesideTheFrame) {
  if (!sender_seen()) GTEST_SKIP() << "veth_xdp_buff";
  auto tagging = world.at_stations([&] { return HelperProgram::push_tag(world.ifindex("s1"), 5); });
  EXPECT_EQ(on_the_wire("p1", [&] { s1.send(packet.bytes()); }),
            by_hook(punt(TNA_R_TAG_ASIDE), goes_on()));
  EXPECT_TRUE(s2.receive(std::chrono::seconds(1)));
}

}  // namespace
}  // namespace tna::test
