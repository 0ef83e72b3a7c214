// SPDX-License-Identifier: Apache-2.0
// Plans of routers.
#include "unit/planned.h"

namespace tna {
namespace {

using test::Planned;

constexpr char kRouter[] =
    "link v0 kind=veth \n link v1 kind=veth \n link eth2 \n"
    "address v0 192.0.2.1/24 \n address v1 198.51.100.1/24 \n address eth2 203.0.113.1/24 \n"
    "netconf v0 ipv4 forwarding=1 \n netconf v1 ipv4 forwarding=1 \n netconf eth2 ipv4 "
    "forwarding=1 "
    "\n netconf v1 ipv6 forwarding=1";

class PlanRoute : public testing::Test {
 protected:
  Graph graph = build(test::world(kRouter), test::knowledge());
  Capabilities capabilities = test::capable(graph);
  // By default routing by tc is not offered.
  Planned planned(HookChoice hook = HookChoice::tc) {
    return Planned(graph, capabilities, {.hook_override = hook});
  }
  void rules(std::array<HookArray, TNA_HOOKS>& on) {
    on[TNA_HOOK_FORWARD] = {0x9000, {"nft_do_chain_ipv4"}};
  }
};

TEST_F(PlanRoute, EachInterfaceRoutesTheFamiliesItForwards) {
  Planned p = planned();
  EXPECT_EQ(p.modules("v0"), "guards parse_l2 route_ingress parse_l3 fib route_forward");
  EXPECT_EQ(p["v0"].program.constants.route4, 1);
  EXPECT_EQ(p["v0"].program.constants.route6, 0);
  EXPECT_EQ(p["v1"].program.constants.route6, 1);
  EXPECT_EQ(p["v0"].program.constants.bridge, 0);
  EXPECT_EQ(p["v0"].program.constants.veth_out, 1);
  EXPECT_EQ(p["v0"].hook(), Hook::tc);
}

TEST_F(PlanRoute, XdpNeedsAnotherInterfaceThatTakesFrames) {
  EXPECT_EQ(planned(HookChoice::automatic).why("eth2"),
            "XDP: the driver (mlx5_core) has it, and other interfaces take redirected frames");
  EXPECT_EQ(planned(HookChoice::automatic).left("v0"),
            "routing by tc gains nothing over Linux so far; no XDP: on a veth XDP would cost more "
            "than it brings (checksums, TSO)");
  for (const char* veth : {"v0", "v1"})
    capabilities.devices.at(graph.find(veth)->ifindex).xdp_features = test::kNativeXdp;
  EXPECT_EQ(
      planned(HookChoice::automatic).left("eth2"),
      "routing by tc gains nothing over Linux so far; no XDP: no other interface of the router "
      "takes redirected frames");
}

TEST_F(PlanRoute, RulesLeaveTheirFamilyToLinux) {
  rules(capabilities.netfilter.ipv4);
  EXPECT_NE(planned().left("v0").find("rules stand on IPv4 packets"), std::string::npos)
      << planned().why("v0");
  EXPECT_NE(planned().why("v1").find("IPv4 is left to Linux: rules stand on"), std::string::npos)
      << planned().why("v1");
  EXPECT_EQ(planned().left("v1"), "");
  EXPECT_EQ(planned()["v1"].program.constants.route4, 0);
  EXPECT_EQ(planned()["v1"].program.constants.route6, 1);
  rules(capabilities.netfilter.ipv6);
  EXPECT_NE(planned().left("v1"), "");
}

TEST_F(PlanRoute, CompiledRulesAreLinkedIn) {
  rules(capabilities.netfilter.ipv4);
  CompiledRules compiled;
  compiled.ipv4.resize(1);
  compiled.devices = true;
  PlanInputs inputs{.hook_override = HookChoice::tc};
  inputs.firewall = {.id = 3, .rules = std::make_shared<const CompiledRules>(compiled)};
  Planned p(graph, capabilities, inputs);
  EXPECT_EQ(p.modules("v0"), "guards parse_l2 route_ingress parse_l3 fib route_forward rules");
  EXPECT_EQ(p["v0"].program.rules, 3u);
  EXPECT_EQ(p["v0"].program.constants.rules4, 1);
  EXPECT_EQ(p["v0"].program.constants.rules6, 0);
  EXPECT_EQ(p["v0"].program.constants.rules_devices, 1);
  EXPECT_EQ(p["v0"].program.constants.rules_legacy, 0);
  capabilities.netfilter.ipv4 = {};  // the rules have gone
  p = Planned(graph, capabilities, inputs);
  EXPECT_EQ(p["v0"].program.rules, 0u);
  EXPECT_EQ(p["v0"].program.constants.rules4, 0);
}

TEST_F(PlanRoute, ConnectionsAndNat) {
  capabilities.netfilter.connections_shown = true;
  capabilities.netfilter.ipv4[TNA_HOOK_PREROUTING] = {0x8000, {"ipv4_conntrack_in"}};
  PlanInputs inputs{.hook_override = HookChoice::tc};
  Planned p(graph, capabilities, inputs);
  EXPECT_EQ(p.modules("v0"), "guards parse_l2 route_ingress parse_l3 conntrack fib route_forward");
  EXPECT_EQ(p["v0"].program.constants.conntrack4, 1);
  EXPECT_EQ(p["v0"].program.constants.conntrack6, 0);
  EXPECT_EQ(p["v0"].program.constants.nat, 0);
  capabilities.netfilter.ipv4[TNA_HOOK_POSTROUTING] = {0x9000, {"nf_nat_ipv4_out", "nf_confirm"}};
  p = Planned(graph, capabilities, inputs);
  EXPECT_EQ(p.modules("v0"),
            "guards parse_l2 route_ingress parse_l3 conntrack fib route_forward nat");
  EXPECT_EQ(p["v0"].program.constants.nat, 1);
}

TEST_F(PlanRoute, ConnectionsThatLinuxCounts) {
  capabilities.netfilter.connections_shown = true;
  capabilities.netfilter.ipv4[TNA_HOOK_PREROUTING] = {0x8000, {"ipv4_conntrack_in"}};
  PlanInputs inputs{.hook_override = HookChoice::tc};
  const auto expect = [&](int counts, const std::string& why) {
    Planned p(graph, capabilities, inputs);
    EXPECT_EQ(p["v0"].program.constants.counts, counts);
    EXPECT_EQ(p["v1"].program.constants.counts, 0) << "it routes no IPv4 that is followed";
    EXPECT_EQ(p.plan.why_linux_counts, why);
  };
  capabilities.netfilter.ipv4[TNA_HOOK_FORWARD] = {};
  graph = build(test::world("link v0 kind=veth \n link v1 kind=veth \n address v0 192.0.2.1/24 \n "
                            "address v1 198.51.100.1/24 \n netconf v0 ipv4 forwarding=1 \n "
                            "netconf v1 ipv6 forwarding=1"),
                test::knowledge());
  capabilities.devices = test::capable(graph).devices;
  expect(0, "counted_connections = \"fast\" is not configured");
  inputs.config.counted_fast = true;
  expect(1, "");
  rules(capabilities.netfilter.ipv4);
  inputs.firewall.why_not = "too many";
  EXPECT_EQ(Planned(graph, capabilities, inputs).plan.why_linux_counts,
            "rules may read the counters, but can't be looked at: too many");
  CompiledRules compiled;
  compiled.ipv4.resize(1);
  inputs.firewall = {.id = 3, .rules = std::make_shared<const CompiledRules>(compiled)};
  expect(1, "");
  compiled.counters_read_by = "ip t c, rule 7";
  inputs.firewall.rules = std::make_shared<const CompiledRules>(compiled);
  expect(0, "a rule reads the counters: ip t c, rule 7");
}

TEST_F(PlanRoute, ZonesThatRulesChoose) {
  rules(capabilities.netfilter.ipv4);
  CompiledRules compiled;
  for (auto* code : {&compiled.ipv4, &compiled.ipv6, &compiled.zones4, &compiled.zones6})
    code->resize(1);
  PlanInputs inputs{.hook_override = HookChoice::tc};
  inputs.firewall = {.id = 3, .rules = std::make_shared<const CompiledRules>(compiled)};
  Planned p(graph, capabilities, inputs);
  EXPECT_EQ(p["v0"].program.constants.rules4, 1);
  EXPECT_EQ(p["v0"].program.constants.zones4, 0) << "nobody looks for connections";
  capabilities.netfilter.connections_shown = true;
  capabilities.netfilter.ipv4[TNA_HOOK_POSTROUTING] = {0x9000, {"nf_confirm"}};
  p = Planned(graph, capabilities, inputs);
  EXPECT_EQ(p["v0"].program.constants.zones4, 1);
  EXPECT_EQ(p["v0"].program.constants.zones6, 0) << "no rules act on that";
  compiled.zones4.clear();
  inputs.firewall.rules = std::make_shared<const CompiledRules>(compiled);
  p = Planned(graph, capabilities, inputs);
  EXPECT_EQ(p["v0"].program.constants.zones4, 0);
}

TEST_F(PlanRoute, RoutesThatTheHelperDoesNotFollow) {
  EXPECT_EQ(planned().plan.guard.route_mtu4, ~0ULL);
  const std::string more = std::string(kRouter) + " \n route 10.0.0.0/8 mtu=1400 dev=v1";
  graph = build(test::world(more), test::knowledge());
  EXPECT_EQ(planned().plan.guard.route_mtu4, 1400u);
  EXPECT_EQ(planned().left("v0"), "");
  graph = build(test::world(more + " \n route 0.0.0.0/0 via=192.0.2.2 dev=v0 \n route 0.0.0.0/0 "
                                   "via=198.51.100.2 dev=v1"),
                test::knowledge());
  EXPECT_NE(planned().left("v0").find("several default routes"), std::string::npos)
      << planned().why("v0");
  EXPECT_EQ(planned().left("v1"), "") << "which routes IPv6";
}

TEST_F(PlanRoute, WithoutTypedReadsLinuxRoutes) {
  test::without(capabilities, kFeatureTypedReads, "no bpf_rdonly_cast");
  EXPECT_EQ(planned().left("v0"), "routing needs typed kernel reads: no bpf_rdonly_cast");
}

TEST_F(PlanRoute, WhereOthersMayGetThePacketsUnseenLinuxRoutes) {
  capabilities.netfilter.ipv4_takers = {};
  EXPECT_NE(planned().left("v0").find("does not tell"), std::string::npos) << planned().why("v0");
}

}  // namespace
}  // namespace tna
