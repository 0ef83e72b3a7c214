// SPDX-License-Identifier: Apache-2.0
// What bridged packets meet: rules for frames, and those of IP where br_netfilter takes them there.
#include <gtest/gtest.h>
#include <linux/netfilter.h>
#include <unistd.h>

#include <cstring>

#include "compile/compile.h"
#include "unit/compiled_rules.h"

namespace tna {
namespace {

constexpr int kRouted = 0, kFrame = TNA_BRIDGED_FRAME,
              kFrameAndIp = TNA_BRIDGED_FRAME | TNA_BRIDGED_IP;

Octets name(const std::string& text) {
  Octets made(text.begin(), text.end());
  made.resize(16, 0);
  return made;
}

Step is(Field field, std::uint8_t offset, const Octets& value, bool inside = true) {
  return tna::Test{
      {field, offset, static_cast<std::uint8_t>(value.size()), {}}, inside, {{value, value}}};
}

// A chain that drops what the steps hold for, or with `accepts` lets only that through.
RuleTable table(std::uint8_t family, RuleHook hook, std::int32_t priority, std::vector<Step> steps,
                bool accepts = false) {
  steps.push_back(Verdict{accepts ? Decision::accept : Decision::drop, ""});
  BaseChain base{hook, priority, accepts};
  return {family,
          "t" + std::to_string(family) + to_string(hook) + std::to_string(priority),
          {{"c", base, {{1, std::move(steps)}}}},
          {}};
}

class CompileBridge : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    std::memset(facts_.link, 2, 12);
    facts_.link[12] = 0x08;
    std::memcpy(facts_.iifname, "br0", 3);
    std::memcpy(facts_.oifname, "br0", 3);
    std::memcpy(facts_.port_iifname, "p1", 2);
    std::memcpy(facts_.port_oifname, "p2", 2);
    facts_.iif = facts_.oif = 9;
    facts_.port_iif = 1;
    facts_.port_oif = 2;
    facts_.network[8] = 64;  // TTL
    facts_.network[7] = 64;
    facts_.protocol = 0x0008;
    facts_.transport_length = 20;
  }
  Decision decide(const RuleSet& rules, int bridged, std::uint8_t family = NFPROTO_IPV4) {
    facts_.bridged = bridged;
    auto loaded = RulesInKernel::load(compile(rules), family);
    EXPECT_TRUE(loaded) << loaded.error().message;
    return loaded ? loaded->ask(facts_).decision : Decision::punt;
  }
  Decision decide(RuleTable table, int bridged, std::uint8_t family = NFPROTO_IPV4) {
    return decide(RuleSet{1, {std::move(table)}}, bridged, family);
  }
  tna_rule_facts facts_{};
};

TEST_F(CompileBridge, RulesForFramesAreForBridgedOnes) {
  for (RuleHook hook : {RuleHook::prerouting, RuleHook::forward, RuleHook::postrouting}) {
    const RuleTable drops = table(NFPROTO_BRIDGE, hook, -200, {is(Field::link, 12, {8, 0})});
    EXPECT_EQ(decide(drops, kRouted), Decision::accept);
    EXPECT_EQ(decide(drops, kFrame), Decision::drop);
    EXPECT_EQ(decide(drops, kFrameAndIp), Decision::drop);
    EXPECT_EQ(decide(drops, kFrame, NFPROTO_BRIDGE), Decision::drop);
  }
  EXPECT_TRUE(compile({1, {table(NFPROTO_BRIDGE, RuleHook::input, 0, {})}}).frames.empty())
      << "forwarded frames don't meet it";
}

TEST_F(CompileBridge, RulesOfIpAreForThoseThatAreTakenThere) {
  RuleSet rules{1, {table(NFPROTO_INET, RuleHook::forward, 0, {})}};
  EXPECT_EQ(decide(rules, kFrameAndIp), Decision::drop);
  rules.tables.push_back(
      table(NFPROTO_BRIDGE, RuleHook::forward, 0, {is(Field::mark, 0, {1, 0, 0, 0})}));
  EXPECT_EQ(decide(rules, kRouted), Decision::drop);
  EXPECT_EQ(decide(rules, kFrame), Decision::accept);
  EXPECT_EQ(decide(rules, kFrame, NFPROTO_BRIDGE), Decision::accept);
}

TEST_F(CompileBridge, DevicesAreThePortsOrTheBridge) {
  for (const auto& [family, in, out] :
       {std::tuple{NFPROTO_BRIDGE, Field::port_iifname, Field::port_oifname},
        std::tuple{NFPROTO_IPV4, Field::port_iifname, Field::port_oifname},
        std::tuple{NFPROTO_IPV4, Field::iifname, Field::oifname},
        std::tuple{NFPROTO_BRIDGE, Field::ibrname, Field::obrname}}) {
    const bool ports = in == Field::port_iifname;
    EXPECT_EQ(decide(table(family, RuleHook::forward, -200,
                           {is(in, 0, name(ports ? "p1" : "br0")),
                            is(out, 0, name(ports ? "p2" : "br0"))}),
                     kFrameAndIp),
              Decision::drop);
    EXPECT_EQ(
        decide(table(family, RuleHook::prerouting, -200, {is(out, 0, name("p2"))}), kFrameAndIp),
        Decision::accept)
        << "nobody knows yet";
    if (family == NFPROTO_IPV4 && ports) continue;
    EXPECT_EQ(decide(table(family, RuleHook::prerouting, -200, {is(out, 0, name("p2"), false)}),
                     kFrameAndIp),
              Decision::drop)
        << "an empty name is another one";
  }
  EXPECT_EQ(
      decide(table(NFPROTO_IPV4, RuleHook::forward, 0, {is(Field::port_iifname, 0, name("p1"))}),
             kRouted),
      Decision::punt);
  EXPECT_TRUE(compile({1,
                       {table(NFPROTO_BRIDGE, RuleHook::forward, 0,
                              {is(Field::port_iifname, 0, name("p1"))})}})
                  .devices);
}

TEST_F(CompileBridge, TheIngressDeviceIsForgottenInPostrouting) {
  const RuleTable ip =
      table(NFPROTO_IPV4, RuleHook::postrouting, 0, {is(Field::iifname, 0, name("br0"))});
  EXPECT_EQ(decide(ip, kRouted), Decision::drop);
  EXPECT_EQ(decide(ip, kFrameAndIp), Decision::punt);
  EXPECT_EQ(decide(table(NFPROTO_BRIDGE, RuleHook::postrouting, 0,
                         {is(Field::port_iif, 0, {1, 0, 0, 0})}),
                   kFrame),
            Decision::punt);
  EXPECT_EQ(
      decide(table(NFPROTO_BRIDGE, RuleHook::postrouting, 0, {is(Field::ibrname, 0, name("br0"))}),
             kFrame),
      Decision::accept);
  EXPECT_EQ(decide(table(NFPROTO_IPV4, RuleHook::postrouting, 0,
                         {is(Field::port_iifname, 0, name("p1"))}),
                   kFrameAndIp),
            Decision::drop)
      << "br_netfilter remembers the port";
}

TEST_F(CompileBridge, WhetherThePacketIsBridged) {
  const Step bridged = is(Field::bridged, 0, {0}, false);
  for (const auto& [hook, decision] : {std::pair{RuleHook::prerouting, Decision::accept},
                                       std::pair{RuleHook::forward, Decision::drop},
                                       std::pair{RuleHook::postrouting, Decision::drop}}) {
    EXPECT_EQ(decide(table(NFPROTO_IPV4, hook, 0, {bridged}), kFrameAndIp), decision);
    EXPECT_EQ(decide(table(NFPROTO_IPV4, hook, 0, {bridged}), kRouted), Decision::accept);
    EXPECT_EQ(
        decide(table(NFPROTO_IPV4, hook, 0, {bridged, is(Field::port_iifname, 0, name("p9"))}),
               kRouted),
        Decision::accept)
        << "the port does not matter then";
  }
}

TEST_F(CompileBridge, OnlyRoutingTakesFromTheTtl) {
  for (std::uint8_t family : {NFPROTO_IPV4, NFPROTO_IPV6}) {
    const std::uint8_t at = family == NFPROTO_IPV4 ? 8 : 7;
    const RuleTable whole = table(family, RuleHook::forward, 0, {is(Field::network, at, {64})});
    EXPECT_EQ(decide(whole, kRouted, family), Decision::accept);
    EXPECT_EQ(decide(whole, kFrameAndIp, family), Decision::drop);
  }
}

TEST_F(CompileBridge, WhatFramesOfOtherProtocolsHave) {
  facts_.protocol = 0xb588;
  const auto at_forward = [&](Step step) {
    return decide(table(NFPROTO_BRIDGE, RuleHook::forward, -200, {std::move(step)}), kFrame,
                  NFPROTO_BRIDGE);
  };
  EXPECT_EQ(at_forward(is(Field::protocol, 0, {0x88, 0xb5})), Decision::drop);
  EXPECT_EQ(at_forward(is(Field::protocol, 0, {8, 0})), Decision::accept);
  EXPECT_EQ(at_forward(is(Field::nfproto, 0, {NFPROTO_BRIDGE})), Decision::drop);
  EXPECT_EQ(at_forward(is(Field::l4proto, 0, {17}, false)), Decision::accept) << "there is none";
  EXPECT_EQ(at_forward(is(Field::transport, 0, {0, 0})), Decision::accept);
  EXPECT_EQ(at_forward(is(Field::network, 0, {0, 0})), Decision::punt);
  EXPECT_EQ(at_forward(is(Field::length, 0, {0, 0, 0, 0})), Decision::punt);
  EXPECT_EQ(at_forward(is(Field::pkttype, 0, {0})), Decision::punt);
  EXPECT_EQ(at_forward(is(Field::ct_state, 0, {1, 0, 0, 0})), Decision::punt);
}

TEST_F(CompileBridge, WhatFramesOfIpHave) {
  facts_.network[9] = 17;
  const auto at_forward = [&](Step step) {
    return decide(table(NFPROTO_BRIDGE, RuleHook::forward, -200, {std::move(step)}), kFrame);
  };
  EXPECT_EQ(at_forward(is(Field::protocol, 0, {8, 0})), Decision::drop);
  EXPECT_EQ(at_forward(is(Field::nfproto, 0, {NFPROTO_BRIDGE})), Decision::drop);
  EXPECT_EQ(at_forward(is(Field::l4proto, 0, {17})), Decision::drop);
  EXPECT_EQ(at_forward(is(Field::network, 8, {64})), Decision::drop);
  EXPECT_EQ(at_forward(is(Field::transport, 0, {0, 0})), Decision::drop);
}

TEST_F(CompileBridge, ATagThatChangesOnTheWay) {
  for (const auto& [hook, decision] : {std::pair{RuleHook::prerouting, Decision::drop},
                                       std::pair{RuleHook::forward, Decision::punt}}) {
    facts_.retagged = 0;
    const RuleTable type = table(NFPROTO_BRIDGE, hook, -200, {is(Field::link, 12, {8, 0})});
    EXPECT_EQ(decide(type, kFrame), Decision::drop);
    facts_.retagged = 1;
    EXPECT_EQ(decide(type, kFrame), decision);
    EXPECT_EQ(
        decide(table(NFPROTO_BRIDGE, hook, -200, {is(Field::link, 0, {2, 2, 2, 2, 2, 2})}), kFrame),
        Decision::drop);
  }
}

// Chains of the bridge stand before br_netfilter, or behind it, and see the marks of those before.
TEST_F(CompileBridge, InTheOrderOfPriorities) {
  const Octets one{1, 0, 0, 0};
  const auto decided = [&](RuleHook hook, std::int32_t priority, int bridged) {
    RuleTable marks{
        NFPROTO_IPV4, "m", {{"c", BaseChain{hook, 0, false}, {{1, {SetMark{1, 0}}}}}}, {}};
    return decide(
        RuleSet{1, {marks, table(NFPROTO_BRIDGE, hook, priority, {is(Field::mark, 0, one)})}},
        bridged);
  };
  EXPECT_EQ(decided(RuleHook::prerouting, -200, kFrameAndIp), Decision::accept);
  EXPECT_EQ(decided(RuleHook::prerouting, 100, kFrameAndIp), Decision::drop);
  EXPECT_EQ(decided(RuleHook::prerouting, 100, kFrame), Decision::accept) << "nobody has marked it";
  EXPECT_EQ(decided(RuleHook::prerouting, 0, kFrameAndIp), Decision::punt) << "which is first?";
  EXPECT_EQ(decided(RuleHook::prerouting, 0, kFrame), Decision::accept);
  EXPECT_EQ(decided(RuleHook::forward, -1, kFrameAndIp), Decision::punt);
  EXPECT_EQ(decided(RuleHook::forward, 1, kFrameAndIp), Decision::drop);
  EXPECT_EQ(decided(RuleHook::postrouting, 1000, kFrameAndIp), Decision::accept);
}

}  // namespace
}  // namespace tna
