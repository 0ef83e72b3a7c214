// SPDX-License-Identifier: Apache-2.0
// Plans of routers of which some networks are behind bridges.
#include "unit/planned.h"

namespace tna {
namespace {

using test::Planned;

// eth0 and eth1 are br0's ports, eth2 stands alone.
constexpr char kRouter[] =
    "bridge br0 \n port eth0 br0 \n port eth1 br0 \n link eth2 \n"
    "address br0 192.0.2.1/24 \n address eth2 203.0.113.1/24 \n"
    "netconf br0 ipv4 forwarding=1 \n netconf eth2 ipv4 forwarding=1";

constexpr char kBridging[] = "guards parse_l2 bridge_ingress learning fdb bridge_forward";
constexpr char kRoutingOfPort[] = " bridge_up route_ingress parse_l3 fib route_forward";

class PlanRoutedBridge : public testing::Test {
 protected:
  Graph graph = build(test::world(kRouter), test::knowledge());
  Capabilities capabilities = test::capable(graph);
  void also(const std::string& more) {
    graph = build(test::world(std::string(kRouter) + " \n " + more), test::knowledge());
    capabilities = test::capable(graph);
  }
  Planned planned(HookChoice hook = HookChoice::automatic) {
    return Planned(graph, capabilities, {.hook_override = hook});
  }
  // What `why` says of the bridge; nothing is routed fast then.
  std::string not_routed() {
    Planned p = planned();
    EXPECT_EQ(p.modules("eth0"), kBridging);
    const tna_const& constants = p["eth0"].program.constants;
    EXPECT_EQ(constants.bridge_up | constants.route4 | constants.route6, 0);
    const std::string words = "; what br0 routes is left to Linux: ";
    const std::size_t at = p.why("eth0").find(words);
    return at == std::string::npos ? p.why("eth0") : p.why("eth0").substr(at + words.size());
  }
};

TEST_F(PlanRoutedBridge, PortsBridgeAndRoute) {
  Planned p = planned();
  EXPECT_EQ(p.modules("eth0"), std::string(kBridging) + kRoutingOfPort);
  const tna_const& constants = p["eth0"].program.constants;
  EXPECT_EQ(constants.bridge, 1);
  EXPECT_EQ(constants.bridge_up, 1);
  EXPECT_EQ(constants.route4, 1);
  EXPECT_EQ(constants.route6, 0) << "br0 does not forward it";
  EXPECT_EQ(constants.bridge_xmit, 0) << "there is no other bridge to send by";
  EXPECT_EQ(p.why("eth0"),
            "XDP: the driver (mlx5_core) has it, and other ports take redirected frames");
  EXPECT_EQ(p["eth0"].program, p["eth1"].program);
}

TEST_F(PlanRoutedBridge, OthersSendByItsPorts) {
  Planned p = planned();
  EXPECT_EQ(p.modules("eth2"),
            "guards parse_l2 route_ingress parse_l3 fib route_forward bridge_xmit");
  EXPECT_EQ(p["eth2"].program.constants.bridge_xmit, 1);
  EXPECT_EQ(p["eth2"].program.constants.bridge, 0);
  also("bridge br1 \n port eth3 br1 \n address br1 198.51.100.1/24");
  EXPECT_EQ(planned()["eth0"].program.constants.bridge_xmit, 1) << "by br1's";
  EXPECT_EQ(planned()["eth3"].program.constants.bridge_xmit, 0) << "br1 does not forward";
}

TEST_F(PlanRoutedBridge, BridgeThatRoutesNothingIsABridge) {
  graph =
      build(test::world("bridge br0 \n port eth0 br0 \n port eth1 br0 \n address br0 192.0.2.1/24"),
            test::knowledge());
  Planned p = planned();
  EXPECT_EQ(p.modules("eth0"), kBridging);
  EXPECT_EQ(p.why("eth0").find("routes"), std::string::npos) << p.why("eth0");
}

// Each has one port, so the other's is where redirected frames go.
TEST_F(PlanRoutedBridge, PortsOfAnotherBridgeAreTargets) {
  const std::string two =
      "bridge br0 \n port eth0 br0 \n bridge br1 \n port eth1 br1 \n"
      "address br0 192.0.2.1/24 \n address br1 203.0.113.1/24 \n netconf br0 ipv4 forwarding=1";
  graph = build(test::world(two), test::knowledge());
  EXPECT_EQ(planned()["eth0"].hook(), Hook::xdp);
  EXPECT_EQ(planned()["eth1"].hook(), Hook::tc) << "from which nothing is routed";
}

TEST_F(PlanRoutedBridge, WhatIsLeftToLinux) {
  also("filter br0 ingress");
  EXPECT_EQ(not_routed(), "1 tc filters look at what br0 receives");
  also("link m0 kind=macvlan lower=br0");
  EXPECT_EQ(not_routed(), "the macvlan device m0 takes its frames from br0");
  also("");
  capabilities.netfilter.ipv4[TNA_HOOK_FORWARD] = {0x9000, {"nft_do_chain_ipv4"}};
  EXPECT_NE(not_routed().find("rules stand on IPv4 packets"), std::string::npos) << not_routed();
  also("");
  capabilities.netfilter.bridge_local[TNA_HOOK_LOCAL_IN] = {0x9000, {"nft_do_chain_bridge"}};
  EXPECT_NE(not_routed().find("(input: nft_do_chain_bridge)"), std::string::npos) << not_routed();
  EXPECT_EQ(planned()["eth2"].program.constants.bridge_xmit, 0);
  also("");
  test::without(capabilities, kFeatureTypedReads, "no bpf_rdonly_cast");
  EXPECT_EQ(not_routed(), "routing needs typed kernel reads: no bpf_rdonly_cast");
}

// A Docker host: what its bridge routes goes by its rules.
TEST_F(PlanRoutedBridge, RulesOnWhatIsBridged) {
  NetfilterState state = test::bridge_netfilter();
  state.ipv4_takers = state.ipv6_takers = capabilities.netfilter.ipv4_takers;
  state.call_iptables_now = 1;
  state.ipv4[TNA_HOOK_FORWARD] = {0x9000, {"ipt_do_table"}};
  capabilities.netfilter = state;
  CompiledRules rules;
  rules.ipv4.resize(1);
  const PlanInputs inputs{
      .firewall = {.id = 1, .rules = std::make_shared<const CompiledRules>(rules)}};
  Planned p(graph, capabilities, inputs);
  EXPECT_EQ(p["eth0"].program.constants.bridge_up, 1) << p.why("eth0");
  EXPECT_EQ(p["eth0"].program.constants.rules4, 1);
  EXPECT_EQ(p["eth0"].program.constants.bridge_rules, 1);
  EXPECT_EQ(p["eth0"].program.constants.frame_rules, 0);
  EXPECT_EQ(p["eth0"].program.rules, 1u);
  EXPECT_EQ(planned()["eth0"].hook(), Hook::none);
  EXPECT_NE(planned().why("eth0").find("rules stand on IPv4 packets"), std::string::npos)
      << planned().why("eth0");
  // Something acts on IPv6 alone that TNA can't do: what is bridged of it goes to Linux.
  capabilities.netfilter.call_ip6tables_now = 1;
  capabilities.netfilter.ipv6[TNA_HOOK_FORWARD] = {0x9000, {"synproxy"}};
  Planned without6(graph, capabilities, inputs);
  EXPECT_NE(without6.why("eth0").find("; IP that it bridges is left to Linux: "), std::string::npos)
      << without6.why("eth0");
  EXPECT_EQ(without6.plan.guard.routed_ipv4[TNA_HOOK_FORWARD], 0x9000u);
  EXPECT_EQ(without6.plan.guard.routed_ipv6[TNA_HOOK_FORWARD], ~0ULL);
}

TEST_F(PlanRoutedBridge, RoutingByTcIsForThoseWhoAsk) {
  for (const char* port : {"eth0", "eth1"})
    capabilities.devices.at(graph.find(port)->ifindex).xdp_features = 0;
  EXPECT_EQ(not_routed(), "by tc it gains nothing over Linux so far");
  EXPECT_EQ(planned()["eth0"].hook(), Hook::tc);
  EXPECT_EQ(planned(HookChoice::tc).modules("eth0"), std::string(kBridging) + kRoutingOfPort);
}

TEST_F(PlanRoutedBridge, AnyVethMayBeSentTo) {
  also("link v0 kind=veth");
  EXPECT_EQ(planned(HookChoice::tc)["eth0"].program.constants.veth_out, 1);
  graph = build(test::world("bridge br0 \n port eth0 br0 \n port eth1 br0 \n link v0 kind=veth"),
                test::knowledge());
  EXPECT_EQ(planned(HookChoice::tc)["eth0"].program.constants.veth_out, 0) << "it is no port";
}

}  // namespace
}  // namespace tna
