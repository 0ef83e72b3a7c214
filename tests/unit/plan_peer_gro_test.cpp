// SPDX-License-Identifier: Apache-2.0
// Plans of hosts with containers, whose ends of the veths take no frames by XDP yet.
#include "unit/planned.h"

namespace tna {
namespace {

using test::Planned;

class PlanPeerGro : public testing::Test {
 protected:
  Graph graph = build(
      test::world("link eth0 \n link v0 kind=veth \n link v1 kind=veth \n link v2 kind=veth \n"
                  "address eth0 192.0.2.1/24 \n address v0 10.0.0.1/24 \n address v1 10.0.1.1/24 \n"
                  "netconf eth0 ipv4 forwarding=1 \n netconf v0 ipv4 forwarding=1 \n"
                  "netconf v1 ipv4 forwarding=1"),
      test::knowledge());
  Capabilities capabilities = test::capable(graph);
  PlanInputs inputs;
  IfIndex v0 = graph.find("v0")->ifindex, v1 = graph.find("v1")->ifindex;

  PlanPeerGro() {
    for (auto& [ifindex, device] : capabilities.devices) {
      if (graph.find(ifindex)->type != "veth") continue;
      device.xdp_features = test::kNativeXdp;
      device.peer = 2;
      device.peer_netnsid = 0;
    }
  }
  Planned planned() { return Planned(graph, capabilities, inputs); }
};

TEST_F(PlanPeerGro, StatusSaysWhatToDo) {
  Planned p = planned();
  EXPECT_EQ(p.plan.peer_gro, std::set<IfIndex>{});
  EXPECT_TRUE(p.why("v0").ends_with(
      "; takes no frames by XDP until its other end (interface 2 of another namespace) has GRO on: "
      "`ethtool -K PEER gro on` there, or peer_gro = true in tna.toml"))
      << p.why("v0");
  EXPECT_EQ(p.why("v2").find("GRO"), std::string::npos) << "nothing is sent by it";
  capabilities.devices.at(v0).peer_netnsid.reset();
  capabilities.devices.at(v0).peer = v1;
  EXPECT_TRUE(planned().why("v0").ends_with(
      "until its other end (v1) has GRO on: `ethtool -K v1 gro on`, or peer_gro = true in "
      "tna.toml"))
      << planned().why("v0");
}

TEST_F(PlanPeerGro, IsWantedWhereAllowed) {
  inputs.config.peer_gro = true;
  EXPECT_EQ(planned().plan.peer_gro, (std::set<IfIndex>{v0, v1}));
  EXPECT_EQ(planned().why("v0").find("GRO"), std::string::npos);
  capabilities.devices.at(v1).xdp_features |= test::kXdpTarget;
  EXPECT_EQ(planned().plan.peer_gro, (std::set<IfIndex>{v0})) << "v1 has it by itself";
}

TEST_F(PlanPeerGro, StaysWantedWhenItWasDone) {
  inputs.config.peer_gro = true;
  inputs.peer_gro = {{v0, {}}, {v1, {"it is not so"}}};
  capabilities.devices.at(v0).xdp_features |= test::kXdpTarget;
  Planned p = planned();
  EXPECT_EQ(p.plan.peer_gro, (std::set<IfIndex>{v0, v1}));
  EXPECT_EQ(p["eth0"].hook(), Hook::xdp);
  EXPECT_TRUE(p.why("v0").ends_with("; peer_gro: GRO was switched on at its other end"));
  EXPECT_TRUE(p.why("v1").ends_with("; takes no frames by XDP; peer_gro: it is not so"));
}

TEST_F(PlanPeerGro, IsNotWantedWithoutXdp) {
  inputs.config.peer_gro = true;
  inputs.peer_gro = {{v0, {}}};
  inputs.hook_override = HookChoice::tc;
  EXPECT_EQ(planned().plan.peer_gro, std::set<IfIndex>{});
  inputs.hook_override = HookChoice::automatic;
  inputs.paused = true;
  EXPECT_EQ(planned().plan.peer_gro, std::set<IfIndex>{});
  inputs.paused = false;
  inputs.config.interface_hooks["eth0"] = HookChoice::none;
  EXPECT_EQ(planned().plan.peer_gro, std::set<IfIndex>{});
}

}  // namespace
}  // namespace tna
