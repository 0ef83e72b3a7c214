// SPDX-License-Identifier: Apache-2.0
// From a world and what the kernel can do to a plan. What hook is chosen: plan_hook_test.cpp.
#include "assemble/plan.h"

#include <gtest/gtest.h>

#include "unit/planned.h"

namespace tna {
namespace {

using test::plan_of;
using test::Planned;

constexpr char kBridge[] = "bridge br0 \n port v0 br0 kind=veth \n port v1 br0 kind=veth \n";

TEST(Plan, PortsOfABridgeGetTheModulesOfABridge) {
  Planned p = plan_of(kBridge);
  for (const char* port : {"v0", "v1"}) {
    EXPECT_EQ(p.modules(port), "guards parse_l2 bridge_ingress learning fdb bridge_forward");
    EXPECT_EQ(p[port].hook(), Hook::tc);
    EXPECT_FALSE(p[port].native);
    for (const PlannedModule& module : p[port].modules)
      EXPECT_NE(module.because, "") << module.name;
  }
  EXPECT_EQ(p["v0"].program, p["v1"].program) << "one loaded program serves both";
  EXPECT_EQ(p["v0"].program.constants.bridge, 1);
  EXPECT_EQ(p["v0"].program.constants.suppress, 0);
  EXPECT_EQ(p["v0"].program.constants.bridge_nf4, 0);
}

TEST(Plan, EveryInterfaceSaysWhy) {
  Planned p = plan_of(std::string(kBridge) +
                      "link lo hardware=772 \n link eth9 \n link tun0 kind=tun hardware=65534");
  EXPECT_EQ(p.plan.interfaces.size(), 5u) << "all but lo";
  EXPECT_EQ(p.why("br0"), "the fast path of a bridge stands on its ports");
  EXPECT_EQ(p.why("eth9"),
            "neither a port of a bridge nor a router's interface: nothing that TNA makes faster so "
            "far");
  EXPECT_EQ(p.why("tun0"), "a tun device carries no Ethernet frames");
  for (const auto& [ifindex, interface] : p.plan.interfaces)
    EXPECT_NE(interface.why, "") << interface.name;
}

TEST(Plan, NothingIsAlsoAPlan) {
  EXPECT_TRUE(plan_of("").plan.interfaces.empty());
  EXPECT_TRUE(plan_of("link lo hardware=772").plan.interfaces.empty());
}

TEST(Plan, SuppressionIsThereOnlyWhereSomePortOfTheBridgeHasIt) {
  Planned p = plan_of(
      "bridge br0 \n port v0 br0 kind=veth \n port v1 br0 kind=veth neigh_suppress=1 \n"
      "bridge br1 \n port w0 br1 kind=veth");
  for (const char* port : {"v0", "v1"}) {
    EXPECT_EQ(p.modules(port),
              "guards parse_l2 bridge_ingress suppress learning fdb bridge_forward")
        << port;
    EXPECT_EQ(p[port].program.constants.suppress, 1) << port;
  }
  EXPECT_EQ(p.modules("w0"), "guards parse_l2 bridge_ingress learning fdb bridge_forward");
  EXPECT_EQ(p["w0"].program.constants.suppress, 0);
}

TEST(Plan, NothingOfVlansIsInTheProgramOfAPlainBridge) {
  Planned p = plan_of(
      "bridge br0 vlan_filtering=1 \n port v0 br0 kind=veth \n bridge br1 \n port v1 br1 "
      "kind=veth");
  EXPECT_EQ(p["v0"].program.constants.vlan, 1);
  EXPECT_EQ(p["v1"].program.constants.vlan, 0);
  EXPECT_EQ(p.modules("v0"),
            "guards parse_l2 bridge_ingress vlan_ingress learning fdb vlan_egress bridge_forward");
}

TEST(Plan, VethConstantsAreThoseOfTheHook) {
  Planned p = plan_of(std::string(kBridge) + "bridge br1 \n port tap0 br1 kind=tun",
                      {.config = {.interface_hooks = {{"v1", HookChoice::xdp}}}});
  EXPECT_EQ(p["v0"].program.constants.veth, 0);
  EXPECT_EQ(p["v0"].program.constants.veth_out, 1);
  EXPECT_EQ(p["v1"].program.constants.veth, 1);
  EXPECT_EQ(p["v1"].program.constants.veth_out, 0);
  EXPECT_EQ(p["tap0"].program.constants.veth_out, 0) << "its bridge has no veth";
}

TEST(Plan, OneVethAmongThePortsIsEnough) {
  Planned p = plan_of("bridge br0 \n port tap0 br0 kind=tun \n port v0 br0 kind=veth");
  EXPECT_EQ(p["tap0"].program.constants.veth_out, 1);
}

TEST(Plan, BlockersLeaveTheInterface) {
  Planned p = plan_of(
      "bridge br0 vlan_stats_enabled=1 \n port v0 br0 kind=veth \n"
      "bridge br1 \n port v1 br1 kind=veth \n port v2 br1 kind=veth vlan_tunnel=1 \n"
      "port v3 br1 kind=veth \n link v3.5 kind=ipvlan lower=v3 \n"
      "port v4 br1 kind=veth \n qdisc v4 clsact \n filter v4 ingress");
  EXPECT_EQ(p.left("v0"),
            "br0 counts packets by VLAN (vlan_stats_enabled), which Linux alone can do");
  EXPECT_EQ(p.left("v2"), "v2 maps VLANs to tunnels (vlan_tunnel), which TNA does not do yet");
  EXPECT_EQ(p.left("v3"), "the ipvlan device v3.5 takes its frames from v3");
  EXPECT_EQ(p.left("v4"), "1 tc filters look at what v4 receives");
  EXPECT_EQ(p["v1"].hook(), Hook::tc) << "the others of the bridge are not concerned";
}

TEST(Plan, LeftInterfacesHaveNoModules) {
  Planned p = plan_of("bridge br0 vlan_stats_enabled=1 \n port v0 br0 kind=veth");
  EXPECT_EQ(p["v0"].program, ProgramSpec{});
  EXPECT_EQ(p.modules("v0"), "");
}

TEST(Plan, SomebodyElsesXdpProgram) {
  const std::string world = "bridge br0 \n port v0 br0 kind=veth xdp=42 \n port v1 br0 kind=veth";
  Planned p = plan_of(world);
  EXPECT_EQ(p.left("v0"), "another XDP program (id 42) is attached; TNA stays away from it");
  EXPECT_EQ(p["v1"].hook(), Hook::tc);
  EXPECT_EQ(plan_of(world, {.own_programs = {41}}).left("v0"), p.why("v0"));
  EXPECT_EQ(plan_of(world, {.own_programs = {42}})["v0"].hook(), Hook::tc) << "it is ours";
}

TEST(Plan, TheDispatcherOfLibxdpComesFirst) {
  Graph graph = test::graph(
      "bridge br0 \n port v0 br0 kind=veth xdp=42 \n port eth0 br0 xdp=43 \n port eth1 br0");
  Capabilities capabilities = test::capable(graph);
  for (const char* name : {"v0", "eth0"})
    capabilities.devices.at(graph.find(name)->ifindex).xdp_dispatcher = true;
  Planned p(graph, capabilities);
  EXPECT_EQ(p["eth0"].hook(), Hook::tc);
  EXPECT_EQ(p.why("eth0"), "tc: XDP is left to libxdp's dispatcher (id 43)");
  EXPECT_EQ(p["eth1"].hook(), Hook::xdp) << "the others are not concerned";
  EXPECT_EQ(p["v0"].hook(), Hook::tc);
  EXPECT_TRUE(p.why("v0").ends_with("; XDP is left to libxdp's dispatcher (id 42)")) << p.why("v0");

  Planned configured(graph, capabilities, {.hook_override = HookChoice::xdp});
  EXPECT_EQ(configured.left("eth0"),
            "hook = \"xdp\" is configured, but XDP is left to libxdp's dispatcher (id 43)");

  test::without(capabilities, kFeatureTcx, "no tcx");
  EXPECT_EQ(Planned(graph, capabilities).left("eth0"),
            "no tcx; XDP is left to libxdp's dispatcher (id 43)");
}

TEST(Plan, SeveralXdpPrograms) {
  Store store = test::world(kBridge);
  store.links.at(2).xdp = XdpAttachment{.mode = 4, .program_id = 0};
  Graph graph = build(store, test::knowledge());
  Planned p(graph, test::capable(graph), {.own_programs = {42}});
  EXPECT_EQ(p.left("v0"), "several XDP programs are attached; TNA stays away from them");
}

TEST(Plan, MissingFeatureIsNamedWithTheKernelsWords) {
  for (const char* feature : {kFeatureTapGuard, kFeatureTcGuard}) {
    Graph graph = test::graph(kBridge);
    Capabilities capabilities = test::capable(graph);
    test::without(capabilities, feature, "the kernel's own words");
    Planned p(graph, capabilities);
    EXPECT_EQ(p.left("v0"), "this kernel lacks a needed feature (" + std::string(feature) +
                                "): the kernel's own words");
  }
}

TEST(Plan, DetachOfAll) {
  Planned p = plan_of(kBridge, {.paused = true});
  EXPECT_EQ(p.left("v0"), "all is left to Linux: `tna detach` was said");
  EXPECT_EQ(p.left("v1"), "all is left to Linux: `tna detach` was said");
}

TEST(Plan, DetachOfOne) {
  Planned p = plan_of(kBridge, {.released = {2}});
  EXPECT_EQ(p.left("v0"), "left to Linux: `tna detach v0` was said");
  EXPECT_EQ(p["v1"].hook(), Hook::tc);
}

TEST(Plan, ModuleThatTnaDoesNotHave) {
  Graph graph = test::graph(kBridge);
  graph.nodes.at(2).modules.push_back(
      {.name = "teleport", .order = 5, .because = "somebody's knowledge"});
  Planned p(graph, test::capable(graph), {.hook_override = HookChoice::xdp});
  EXPECT_EQ(p.left("v0"), "the knowledge names a module teleport that TNA does not have");
  EXPECT_EQ(p["v1"].hook(), Hook::xdp);
}

// --- netfilter
// --------------------------------------------------------------------------------------

TEST(Plan, BridgeNetfilterBringsItsModule) {
  Graph graph = test::graph(kBridge);
  Capabilities capabilities = test::capable(graph);
  capabilities.netfilter = test::bridge_netfilter();
  Planned p(graph, capabilities);
  EXPECT_EQ(p.modules("v0"),
            "guards parse_l2 bridge_ingress learning fdb bridge_forward bridge_nf");
  EXPECT_EQ(p["v0"].program.constants.bridge_nf4, 1);
  EXPECT_EQ(p["v0"].program.constants.bridge_nf6, 0) << "nothing here speaks IPv6";
  EXPECT_EQ(p.plan.guard.call_iptables, capabilities.netfilter.call_iptables);
}

TEST(Plan, AnIpv6AddressOnTheBridgeBringsIpv6) {
  auto nf6 = [](const std::string& addresses) {
    Graph graph = test::graph(kBridge + addresses);
    Capabilities capabilities = test::capable(graph);
    capabilities.netfilter = test::bridge_netfilter();
    return Planned(graph, capabilities)["v0"].program.constants.bridge_nf6;
  };
  EXPECT_EQ(nf6("address br0 192.0.2.1/24"), 0);
  EXPECT_EQ(nf6("address br0 192.0.2.1/24 \n address br0 2001:db8::1/64"), 1);
  EXPECT_EQ(nf6("link v9 kind=veth \n address v9 2001:db8::1/64"), 0) << "not of this bridge";
}

TEST(Plan, WhatElseActsOnBridgedPacketsLeavesAllAndIsNamed) {
  Graph graph = test::graph(kBridge);
  for (int hook = 0; hook < TNA_HOOKS; hook++) {
    Capabilities capabilities = test::capable(graph);
    capabilities.netfilter.bridge[hook] = {.pointer = 0x1000, .functions = {"ebt_in_hook"}};
    Planned p(graph, capabilities);
    EXPECT_NE(p.left("v0").find("ebt_in_hook"), std::string::npos) << p.left("v0");
    EXPECT_EQ(p.left("v0"), p.left("v1"));
  }
}

TEST(Plan, RulesForFrames) {
  Graph graph = test::graph(kBridge);
  Capabilities capabilities = test::capable(graph);
  capabilities.netfilter.bridge[TNA_HOOK_FORWARD] = {0x1000, {"nft_do_chain_bridge"}};
  EXPECT_NE(Planned(graph, capabilities, {.firewall = {.why_not = "too many"}})
                .left("v0")
                .find("which are left to Linux: too many"),
            std::string::npos);
  CompiledRules rules;
  for (auto* code : {&rules.ipv4, &rules.ipv6, &rules.frames}) code->resize(1);
  const PlanInputs inputs{
      .firewall = {.id = 3, .rules = std::make_shared<const CompiledRules>(rules)}};
  Planned p(graph, capabilities, inputs);
  EXPECT_EQ(p.left("v0"), "");
  const tna_const& constants = p["v0"].program.constants;
  EXPECT_EQ(constants.bridge_rules & constants.frame_rules & constants.rules4 & constants.rules6,
            1);
  EXPECT_EQ(constants.conntrack4 | constants.nat, 0);
  EXPECT_EQ(p["v0"].program.rules, 3u);
  EXPECT_NE(p.modules("v0").find("parse_l3 rules"), std::string::npos) << p.modules("v0");
  test::without(capabilities, kFeatureTypedReads, "no bpf_rdonly_cast");
  EXPECT_EQ(Planned(graph, capabilities, inputs).left("v0"),
            "rules need typed kernel reads: no bpf_rdonly_cast");
}

TEST(Plan, RulesBesideBridgeNetfilterAreStillRules) {
  Graph graph = test::graph(kBridge);
  Capabilities capabilities = test::capable(graph);
  capabilities.netfilter = test::bridge_netfilter();
  capabilities.netfilter.bridge[TNA_HOOK_FORWARD].functions.push_back("ebt_in_hook");
  EXPECT_NE(Planned(graph, capabilities).left("v0").find("forward: ebt_in_hook"),
            std::string::npos);
}

TEST(Plan, BridgeNetfilterWithoutItsSysctlsIsLeft) {
  Graph graph = test::graph(kBridge);
  Capabilities capabilities = test::capable(graph);
  capabilities.netfilter = test::bridge_netfilter();
  capabilities.netfilter.call_iptables = 0;
  EXPECT_NE(Planned(graph, capabilities).left("v0").find("sysctls"), std::string::npos);
}

TEST(Plan, ShortAgeingIsAGuardWord) {
  EXPECT_EQ(plan_of("bridge br0 ageing_time=30000").plan.guard.refresh_after, 250u);
  EXPECT_EQ(plan_of("bridge br0 ageing_time=100").plan.guard.refresh_after, 62u);
}

TEST(Plan, IsAFunctionOfItsArguments) {
  Graph graph = test::graph(kBridge);
  Capabilities capabilities = test::capable(graph);
  capabilities.netfilter = test::bridge_netfilter();
  Plan first = plan(graph, capabilities, {}), second = plan(graph, capabilities, {});
  EXPECT_EQ(first.interfaces, second.interfaces);
  EXPECT_EQ(first.guards, second.guards);
}

}  // namespace
}  // namespace tna
