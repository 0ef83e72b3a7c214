// SPDX-License-Identifier: Apache-2.0
// Plans of interfaces by which packets come in that applications ask for.
#include "unit/planned.h"

namespace tna {
namespace {

using test::Planned;

class PlanApps : public testing::Test {
 protected:
  Graph graph = build(test::world("link v0 kind=veth \n link eth1 \n bridge br0 \n"
                                  "port v2 br0 kind=veth \n port v3 br0 kind=veth \n"
                                  "link t4 kind=tun \n link v5 kind=veth \n link v6 kind=veth \n"
                                  "address v0 192.0.2.1/24 \n address eth1 192.0.2.2/24 \n"
                                  "address t4 192.0.2.3/24 \n address v5 10.0.0.1/24 \n"
                                  "address v6 10.0.1.1/24 \n"
                                  "netconf v5 ipv4 forwarding=1 \n netconf v6 ipv4 forwarding=1"),
                      test::knowledge());
  Capabilities capabilities = test::capable(graph);
  Planned planned(const char* interface, HookChoice hook = HookChoice::automatic) {
    PlanInputs inputs{.hook_override = hook};
    inputs.apps[graph.find(interface)->ifindex] = "udp dport 7";
    return Planned(graph, capabilities, inputs);
  }
};

TEST_F(PlanApps, AHostsInterfaceGetsAProgramForIt) {
  Planned p = planned("v0");
  EXPECT_EQ(p.modules("v0"), "guards parse_l2 route_ingress parse_l3 xsk");
  EXPECT_EQ(p["v0"].hook(), Hook::xdp);
  EXPECT_EQ(p["v0"].program.constants.apps, 1);
  EXPECT_EQ(p["v0"].program.constants.veth, 1);
  EXPECT_EQ(p["v0"].program.constants.route4, 0);
  EXPECT_EQ(p["eth1"].hook(), Hook::none) << "nobody asks for packets there";
  EXPECT_EQ(planned("eth1").modules("eth1"), "guards parse_l2 route_ingress parse_l3 xsk");
}

TEST_F(PlanApps, ARouterRoutesBesides) {
  Planned p = planned("v5");
  EXPECT_EQ(p.modules("v5"), "guards parse_l2 route_ingress parse_l3 xsk fib route_forward");
  EXPECT_EQ(p["v5"].program.constants.route4, 1);
  EXPECT_EQ(p["v5"].program.constants.apps, 1);
  EXPECT_EQ(p["v6"].program.constants.apps, 0);
}

TEST_F(PlanApps, WithoutXdpThereIsNothingForIt) {
  EXPECT_EQ(planned("v0", HookChoice::tc).left("v0"),
            "applications ask for packets (udp dport 7), which takes XDP, but hook = \"tc\" is "
            "configured");
  EXPECT_EQ(planned("t4").left("t4").substr(0, 69),
            "applications ask for packets (udp dport 7), which takes XDP, but the ");
  Planned p = planned("v2");
  EXPECT_EQ(p["v2"].hook(), Hook::tc) << "XDP would cost the bridge's TCP streams more";
  EXPECT_EQ(p["v2"].program.constants.apps, 0);
  EXPECT_NE(p.why("v2").find("which takes XDP"), std::string::npos) << p.why("v2");
  test::without(capabilities, kFeatureTypedReads, "an old kernel");
  EXPECT_EQ(planned("v0").left("v0"), "applications need typed kernel reads: an old kernel");
}

TEST_F(PlanApps, RulesOnWhatIsForTheHostAreNamed) {
  capabilities.netfilter.ipv4_input[0] = {0x9000, {"nft_do_chain_ipv4"}};
  EXPECT_NE(planned("v0").why("v0").find("input: nft_do_chain_ipv4"), std::string::npos);
}

}  // namespace
}  // namespace tna
