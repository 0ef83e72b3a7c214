// SPDX-License-Identifier: Apache-2.0
// What netfilter's hooks mean for the words that programs compare.
#include "assemble/guard.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "unit/planned.h"

namespace tna {
namespace {

constexpr std::uint64_t kNever = ~0ULL;

tna_guard guard_of(const NetfilterState& state) {
  std::vector<PlannedGuard> notes;
  return guard_for(state, {}, {}, notes);
}

TEST(Guard, EmptyNamespace) {
  NetfilterState state{.net = 0x1000};
  tna_guard guard = guard_of(state);
  EXPECT_EQ(guard.armed, 1u);
  EXPECT_EQ(guard.reported, 0u);
  EXPECT_EQ(guard.net, 0x1000u);
  for (int i = 0; i < TNA_HOOKS; i++) {
    EXPECT_EQ(guard.hooks_bridge[i], 0u);
    EXPECT_EQ(guard.hooks_ipv4[i], 0u);
    EXPECT_EQ(guard.hooks_ipv6[i], 0u);
  }
  EXPECT_FALSE(bridge_netfilter_active(state));
  EXPECT_EQ(foreign_rules(state, {}), "");
}

TEST(Guard, BridgeNetfilterWithoutRules) {
  NetfilterState state = test::bridge_netfilter();
  tna_guard guard = guard_of(state);
  EXPECT_TRUE(bridge_netfilter_active(state));
  EXPECT_EQ(foreign_rules(state, {}), "");
  for (int i = 0; i < TNA_HOOKS; i++) {
    EXPECT_EQ(guard.hooks_bridge[i], state.bridge[i].pointer) << i;
    EXPECT_EQ(guard.hooks_ipv4[i], state.ipv4[i].pointer)
        << "only ip_sabotage_in stands there, " << i;
    EXPECT_EQ(guard.hooks_ipv6[i], state.ipv6[i].pointer) << i;
  }
  EXPECT_EQ(guard.call_iptables, state.call_iptables);
  EXPECT_EQ(guard.call_ip6tables, state.call_ip6tables);
  EXPECT_EQ(guard.filter_vlan_tagged, state.filter_vlan_tagged);
  EXPECT_EQ(guard.filter_pppoe_tagged, state.filter_pppoe_tagged);
}

TEST(Guard, PacketsForThisHost) {
  NetfilterState state = test::bridge_netfilter();
  EXPECT_EQ(rules_on_local_ip(state, 4), "");
  state.ipv4[TNA_HOOK_PREROUTING] = {0x9000, {"ipv4_conntrack_defrag", "ipv4_conntrack_in"}};
  state.ipv4_input[0] = {0xa000, {"nf_confirm"}};
  EXPECT_EQ(rules_on_local_ip(state, 4), "") << "nobody asks what is followed";
  EXPECT_EQ(guard_of(state).local_ipv4[TNA_LOCAL_PREROUTING], 0x9000u);
  EXPECT_EQ(guard_of(state).local_ipv4[TNA_LOCAL_INPUT], 0xa000u);
  state.ipv4[TNA_HOOK_FORWARD] = {0xb000, {"nft_do_chain_ipv4"}};
  EXPECT_EQ(rules_on_local_ip(state, 4), "") << "they don't come there";
  state.ipv4_input[0] = {0xa000, {"nft_do_chain_inet"}};
  EXPECT_EQ(rules_on_local_ip(state, 4),
            "netfilter acts on IPv4 packets for this host (input: nft_do_chain_inet), which stay "
            "with Linux");
  EXPECT_EQ(guard_of(state).local_ipv4[TNA_LOCAL_INPUT], kNever);
  EXPECT_EQ(guard_of(state).local_ipv6[TNA_LOCAL_INPUT], 0u) << "IPv6 has no rules";
}

TEST(Guard, AppArmorsHookWithoutMarks) {
  NetfilterState state = test::bridge_netfilter();
  state.ipv4[TNA_HOOK_POSTROUTING] = {0x9000, {"apparmor_ip_postroute"}};
  EXPECT_EQ(guard_of(state).hooks_ipv4[TNA_HOOK_POSTROUTING], 0x9000u);
  state.ipv4[TNA_HOOK_POSTROUTING].functions.push_back("selinux_ip_postroute");
  EXPECT_EQ(guard_of(state).hooks_ipv4[TNA_HOOK_POSTROUTING], kNever);
}

TEST(Guard, ListOfTapsIsTheNamespaces) {
  EXPECT_EQ(guard_of({.net = 0x1000, .taps = 0x1234}).taps, 0x1234u);
}

TEST(Guard, EachHookWithARuleNeverMatches) {
  for (int hook = 0; hook < TNA_HOOKS; hook++) {
    NetfilterState state = test::bridge_netfilter();
    state.ipv4[hook].pointer = 0x9000;
    state.ipv4[hook].functions.push_back("ipv4_conntrack_defrag");
    tna_guard guard = guard_of(state);
    for (int i = 0; i < TNA_HOOKS; i++) {
      EXPECT_EQ(guard.hooks_ipv4[i], i == hook ? kNever : state.ipv4[i].pointer)
          << hook << ' ' << i;
      EXPECT_EQ(guard.hooks_ipv6[i], state.ipv6[i].pointer) << "the other family is not concerned";
    }
    EXPECT_EQ(foreign_rules(state, {}), "") << "they are asked packet by packet";
  }
}

TEST(Guard, RulesForIpv6) {
  NetfilterState state = test::bridge_netfilter();
  state.ipv6[TNA_HOOK_FORWARD] = {0x9000, {"nft_do_chain_ipv6"}};
  tna_guard guard = guard_of(state);
  EXPECT_EQ(guard.hooks_ipv6[TNA_HOOK_FORWARD], kNever);
  EXPECT_EQ(guard.hooks_ipv4[TNA_HOOK_FORWARD], 0u);
}

TEST(Guard, FunctionWithoutANameIsARule) {
  NetfilterState state = test::bridge_netfilter();
  state.ipv4[TNA_HOOK_FORWARD] = {0x9000, {"0xffffffff81234567"}};
  EXPECT_EQ(guard_of(state).hooks_ipv4[TNA_HOOK_FORWARD], kNever);
  state.bridge[TNA_HOOK_FORWARD].functions.push_back("0xffffffff81234567");
  EXPECT_NE(foreign_rules(state, {}).find("0xffffffff81234567"), std::string::npos);
}

TEST(Guard, WithoutBridgeNetfilterIpRulesMatterToRouting) {
  NetfilterState state{.net = 0x1000, .ipv4_takers = {0x2000, 0x3000}};
  state.ipv4[TNA_HOOK_POSTROUTING] = {0x8000, {"apparmor_ip_postroute"}};
  EXPECT_EQ(rules_on_routed_ip(state, {}, 4), "");
  EXPECT_EQ(guard_of(state).hooks_ipv4[TNA_HOOK_POSTROUTING], 0x8000u);
  EXPECT_EQ(guard_of(state).takers4, 0x2000u);
  EXPECT_EQ(guard_of(state).only4, 0x3000u);
  state.ipv4[TNA_HOOK_FORWARD] = {0x9000, {"nft_do_chain_ipv4"}};
  EXPECT_EQ(guard_of(state).hooks_ipv4[TNA_HOOK_FORWARD], kNever);
  EXPECT_EQ(guard_of(state).routed_ipv4[TNA_HOOK_FORWARD], kNever);
  EXPECT_EQ(rules_on_routed_ip(state, {.why_not = "too many"}, 4),
            "rules stand on IPv4 packets, which are left to Linux: too many");
  state.ipv4[TNA_HOOK_FORWARD].functions.push_back("ipv4_conntrack_in");
  EXPECT_NE(rules_on_routed_ip(state, {}, 4).find("IPv4 packets (forward: ipv4_conntrack_in)"),
            std::string::npos)
      << rules_on_routed_ip(state, {}, 4);
  EXPECT_NE(rules_on_routed_ip(state, {}, 6), "") << "nobody knows who else gets IPv6 packets";
}

TEST(Guard, CompiledRulesAreBoundToWhatTheyWereMadeOf) {
  NetfilterState state{.net = 0x1000, .ipv4_takers = {0x2000, 0x3000}};
  state.ipv4[TNA_HOOK_FORWARD] = {0x9000, {"nft_do_chain_ipv4", "ipt_do_table"}};
  CompiledRules rules;
  rules.ipv4.resize(1);
  Firewall firewall{.id = 1, .rules = std::make_shared<const CompiledRules>(rules)};
  firewall.words = {
      .nft_generation_at = 0x5000, .nft_generation = 7, .tables4 = {{0x6000, 0x7000}}};
  EXPECT_EQ(rules_on_routed_ip(state, firewall, 4), "");
  std::vector<PlannedGuard> notes;
  const tna_guard guard = guard_for(state, {}, firewall, notes);
  EXPECT_EQ(guard.hooks_ipv4[TNA_HOOK_FORWARD], kNever);
  EXPECT_EQ(guard.routed_ipv4[TNA_HOOK_FORWARD], 0x9000u);
  EXPECT_EQ(guard.routed_ipv6[TNA_HOOK_FORWARD], 0u) << "nobody stands there";
  EXPECT_EQ(guard.nft_generation_at, 0x5000u);
  EXPECT_EQ(guard.nft_generation, 7u);
  EXPECT_EQ(guard.tables4[0].at, 0x6000u);
  EXPECT_EQ(guard.tables4[0].rules, 0x7000u);
  EXPECT_EQ(guard.tables4[1].at, 0u);
  state.ipv4[TNA_HOOK_FORWARD].functions.push_back("ipv4_conntrack_in");
  EXPECT_EQ(guard_for(state, {}, firewall, notes).routed_ipv4[TNA_HOOK_FORWARD], kNever);
}

TEST(Guard, ConnectionsThatProgramsCanLookUp) {
  NetfilterState state{.net = 0x1000, .ipv4_takers = {0x2000, 0x3000}};
  state.ipv4[TNA_HOOK_PREROUTING] = {
      0x8000, {"ipv4_conntrack_defrag", "ipv4_conntrack_in", "nf_nat_ipv4_pre_routing"}};
  state.ipv4[TNA_HOOK_POSTROUTING] = {0x9000, {"nf_nat_ipv4_out", "nf_confirm"}};
  EXPECT_NE(rules_on_routed_ip(state, {}, 4), "");
  EXPECT_FALSE(tracks_connections(state, 4));
  state.connections_shown = true;
  EXPECT_EQ(rules_on_routed_ip(state, {}, 4), "");
  EXPECT_TRUE(tracks_connections(state, 4));
  EXPECT_FALSE(tracks_connections(state, 6));
  EXPECT_TRUE(translates_connections(state));
  EXPECT_EQ(guard_of(state).routed_ipv4[TNA_HOOK_PREROUTING], 0x8000u);
  EXPECT_EQ(guard_of(state).hooks_ipv4[TNA_HOOK_PREROUTING], kNever) << "of bridged packets";
  state.ipv4[TNA_HOOK_FORWARD] = {0xa000, {"synproxy"}};
  EXPECT_NE(rules_on_routed_ip(state, {}, 4), "");
  EXPECT_EQ(guard_of(state).routed_ipv4[TNA_HOOK_PREROUTING], kNever);
}

TEST(Guard, NatWithoutConnectionsDoesNothing) {
  NetfilterState state{.net = 0x1000, .ipv4_takers = {0x2000, 0x3000}};
  state.ipv4[TNA_HOOK_POSTROUTING] = {0x9000, {"nf_nat_ipv4_out"}};
  EXPECT_EQ(rules_on_routed_ip(state, {}, 4), "");
  EXPECT_FALSE(tracks_connections(state, 4));
}

TEST(Guard, ForeignRulesAreNamedWithTheirHook) {
  constexpr const char* kHooks[] = {"prerouting", "forward", "postrouting"};
  for (int hook = 0; hook < TNA_HOOKS; hook++) {
    NetfilterState state = test::bridge_netfilter();
    state.bridge[hook].functions.insert(state.bridge[hook].functions.begin(), "ebt_in_hook");
    EXPECT_NE(foreign_rules(state, {}).find(std::string(kHooks[hook]) + ": ebt_in_hook"),
              std::string::npos)
        << foreign_rules(state, {});
  }
}

TEST(Guard, RulesForFramesAreNotForeignWhereTheyAreCompiled) {
  NetfilterState state = test::bridge_netfilter();
  state.bridge[TNA_HOOK_FORWARD] = {0x9000, {"nft_do_chain_bridge", "br_nf_forward"}};
  CompiledRules rules;
  for (auto* code : {&rules.ipv4, &rules.ipv6}) code->resize(1);
  rules.why_not_frames = "a jump is too far";
  Firewall firewall{.id = 1, .rules = std::make_shared<const CompiledRules>(rules)};
  EXPECT_NE(foreign_rules(state, firewall).find("a jump is too far"), std::string::npos);
  rules.frames.resize(1);
  firewall.rules = std::make_shared<const CompiledRules>(rules);
  EXPECT_EQ(foreign_rules(state, firewall), "");
  EXPECT_TRUE(has_frame_rules(state));
  std::vector<PlannedGuard> notes;
  EXPECT_EQ(guard_for(state, {}, firewall, notes).hooks_bridge[TNA_HOOK_FORWARD], 0x9000u);
  EXPECT_EQ(rules_on_bridge_itself(state), "") << "it meets none of them";
}

TEST(Guard, FunctionsOfOlderBridgeNetfilterAreItsOwn) {
  NetfilterState state = test::bridge_netfilter();
  state.bridge[TNA_HOOK_FORWARD].functions = {"br_nf_forward_ip", "br_nf_forward_arp"};
  EXPECT_EQ(foreign_rules(state, {}), "");
  EXPECT_TRUE(bridge_netfilter_active(state));
}

TEST(Guard, FramesForTheBridgeItselfAndFromIt) {
  NetfilterState state = test::bridge_netfilter();
  state.bridge_local[TNA_HOOK_LOCAL_IN] = {0x9000, {"br_nf_local_in"}};
  EXPECT_EQ(rules_on_bridge_itself(state), "") << "it looks only at what conntrack knows";
  EXPECT_EQ(guard_of(state).hooks_bridge_local[TNA_HOOK_LOCAL_IN], 0x9000u);
  EXPECT_EQ(guard_of(state).hooks_bridge_local[TNA_HOOK_LOCAL_OUT], 0u);

  state.bridge_local[TNA_HOOK_LOCAL_OUT] = {0xa000, {"ebt_out_hook"}};
  EXPECT_NE(rules_on_bridge_itself(state).find("(output: ebt_out_hook)"), std::string::npos)
      << rules_on_bridge_itself(state);
  EXPECT_EQ(foreign_rules(state, {}), "") << "which bridged frames don't meet";
  for (int hook = 0; hook < TNA_LOCAL_HOOKS; hook++)
    EXPECT_EQ(guard_of(state).hooks_bridge_local[hook], kNever);

  state.bridge_local[TNA_HOOK_LOCAL_OUT] = {};
  state.bridge[TNA_HOOK_PREROUTING].functions.push_back("nft_do_chain_bridge");
  EXPECT_NE(rules_on_bridge_itself(state), "") << "they meet all that comes in";
}

// Times are centiseconds, as `ip -d link` and the kernel count them; jiffies are 4 ms here.
TEST(Guard, RulesOnBridgedIpAreTroubleOnlyWhileTheyAreCalled) {
  NetfilterState state = test::bridge_netfilter();
  state.call_iptables_now = 1;
  Node bridge{.name = "br0", .type = "bridge"};
  EXPECT_EQ(rules_on_bridged_ip(state, {}, bridge), "");

  state.ipv4[TNA_HOOK_FORWARD].functions.push_back("ipt_do_table");
  EXPECT_EQ(
      rules_on_bridged_ip(state, {.why_not = "too many"}, bridge),
      "br_netfilter hands bridged packets on (net.bridge.bridge-nf-call-iptables): rules stand "
      "on IPv4 packets, which are left to Linux: too many");
  EXPECT_TRUE(acts_on_bridged_ip(state, bridge, 4));
  EXPECT_FALSE(acts_on_bridged_ip(state, bridge, 6));
  CompiledRules rules;
  rules.ipv4.resize(1);
  const Firewall firewall{.rules = std::make_shared<const CompiledRules>(rules)};
  EXPECT_EQ(rules_on_bridged_ip(state, firewall, bridge), "") << "programs do the same";
  state.call_iptables_now = 0;
  EXPECT_EQ(rules_on_bridged_ip(state, {}, bridge), "");
  bridge.attributes["nf_call_iptables"] = std::int64_t{1};  // the bridge's own switch
  EXPECT_NE(rules_on_bridged_ip(state, {}, bridge), "");
  EXPECT_EQ(rules_on_bridged_ip(NetfilterState{}, {}, bridge), "") << "br_netfilter is not there";
}

TEST(Guard, EntriesAreRefreshedInAQuarterOfTheirLife) {
  auto after = [](const std::string& world) { return refresh_after(test::graph(world), 250); };
  EXPECT_EQ(after(""), 250u);
  EXPECT_EQ(after("bridge br0 ageing_time=30000 forward_delay=1500"), 250u)
      << "at the latest after a second";
  EXPECT_EQ(after("bridge br0 ageing_time=200 forward_delay=1500"), 125u);
  EXPECT_EQ(after("bridge br0 ageing_time=30000 forward_delay=1500 \n bridge br1 ageing_time=100"),
            62u)
      << "the shortest of all bridges";
  EXPECT_EQ(after("bridge br0 ageing_time=30000 forward_delay=200 stp_state=1"), 125u)
      << "in a topology change";
  EXPECT_EQ(after("bridge br0 ageing_time=30000 forward_delay=200 stp_state=0"), 250u);
  EXPECT_EQ(after("bridge br0 ageing_time=0"), 0u) << "nothing is learned";
}

TEST(Guard, EveryWordIsExplained) {
  std::vector<PlannedGuard> notes;
  NetfilterState state = test::bridge_netfilter();
  state.ipv4[TNA_HOOK_FORWARD] = {0x9000, {"nft_do_chain_ipv4"}};
  guard_for(state, {}, {}, notes);
  EXPECT_EQ(notes.size(), 1u + 3 * TNA_HOOKS + TNA_LOCAL_HOOKS);
  for (const PlannedGuard& note : notes) EXPECT_NE(note.because, "") << note.name;
  auto never = std::ranges::find(notes, "never", &PlannedGuard::value);
  ASSERT_NE(never, notes.end());
  EXPECT_EQ(never->name, "ipv4 forward hooks");
  EXPECT_NE(never->because.find("nft_do_chain_ipv4"), std::string::npos);
}

}  // namespace
}  // namespace tna
