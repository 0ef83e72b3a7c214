// SPDX-License-Identifier: Apache-2.0
// Which hook an interface gets: what gains most there, what is configured, what is possible.
#include <gtest/gtest.h>

#include "unit/planned.h"

namespace tna {
namespace {

using test::plan_of;
using test::Planned;

// Two NICs, a veth and a tap.
constexpr char kMixed[] =
    "bridge br0 \n port eth0 br0 \n port eth1 br0 \n port v0 br0 kind=veth \n port tap0 br0 "
    "kind=tun";

struct Mixed {
  Graph graph = test::graph(kMixed);
  Capabilities capabilities = test::capable(graph);
  PlanInputs inputs;
  DeviceCapabilities& device(const std::string& name) {
    return capabilities.devices.at(graph.find(name)->ifindex);
  }
  Planned planned() const { return Planned(graph, capabilities, inputs); }
};

TEST(PlanHook, AutoByKind) {
  Planned p = Mixed().planned();
  EXPECT_EQ(p["eth0"].hook(), Hook::xdp);
  EXPECT_TRUE(p["eth0"].native);
  EXPECT_EQ(p.why("eth0"),
            "XDP: the driver (mlx5_core) has it, and other ports take redirected frames");
  EXPECT_EQ(p["v0"].hook(), Hook::tc) << "though its driver has XDP";
  EXPECT_EQ(p.why("v0"), "tc: on a veth XDP would cost more than it brings (checksums, TSO)");
  EXPECT_EQ(p["tap0"].hook(), Hook::tc);
  EXPECT_FALSE(p["tap0"].native);
  EXPECT_EQ(p["eth0"].program.constants.veth, 0);
}

TEST(PlanHook, DevicesOnTopOfOthersGetTc) {
  Planned p = plan_of(
      "bridge br0 \n link bond1 kind=bond \n link eth0 master=bond1 slave_kind=bond \n"
      "link eth1 \n port bond0 br0 kind=bond \n port team0 br0 kind=team \n"
      "port eth1.10 br0 kind=vlan lower=eth1 \n port bond1.10 br0 kind=vlan lower=bond1");
  EXPECT_EQ(p["bond0"].hook(), Hook::tc);
  EXPECT_NE(p.why("bond0").find("runs in its members"), std::string::npos) << p.why("bond0");
  EXPECT_EQ(p["team0"].hook(), Hook::tc);
  EXPECT_EQ(p.why("team0"), "tc: a team has no native XDP");
  for (const char* port : {"eth1.10", "bond1.10"}) {
    EXPECT_EQ(p[port].hook(), Hook::tc) << port;
    EXPECT_EQ(p.why(port), "tc: a VLAN device has no native XDP") << port;
  }
  EXPECT_NE(p.left("eth0"), "") << "below a port, no port itself";
  EXPECT_NE(p.left("eth1"), "");
}

TEST(PlanHook, ABondIsNoTargetOfXdp) {
  Mixed world;
  world.graph = test::graph("bridge br0 \n port eth0 br0 \n port bond0 br0 kind=bond");
  world.capabilities = test::capable(world.graph);
  world.device("bond0").xdp_features = test::kNativeXdp | test::kXdpTarget;
  EXPECT_EQ(world.planned().why("eth0"), "tc: no other port of the bridge takes redirected frames");
}

TEST(PlanHook, NicWithoutNativeXdp) {
  Mixed world;
  world.device("eth0") = {.driver = "e1000"};
  Planned p = world.planned();
  EXPECT_EQ(p["eth0"].hook(), Hook::tc);
  EXPECT_EQ(p.why("eth0"), "tc: its driver (e1000) has no native XDP");
  EXPECT_EQ(p["eth1"].hook(), Hook::xdp);
}

TEST(PlanHook, DeviceThatNobodyAskedHasNothing) {
  Mixed world;
  world.capabilities.devices.clear();
  EXPECT_EQ(world.planned().why("eth0"), "tc: its driver (unknown) has no native XDP");
}

TEST(PlanHook, NicThatTakesTagsOut) {
  Mixed world;
  world.device("eth0").rx_vlan_offload = true;
  world.device("v0").rx_vlan_offload = true;
  EXPECT_EQ(world.planned()["eth0"].hook(), Hook::tc);
  EXPECT_NE(world.planned().why("eth0").find("rx-vlan-offload"), std::string::npos);
  world.inputs.hook_override = HookChoice::xdp;
  EXPECT_NE(world.planned().left("eth0").find("rx-vlan-offload"), std::string::npos);
  EXPECT_EQ(world.planned()["v0"].hook(), Hook::xdp)
      << "on a veth the fast path sees the tag aside";
}

TEST(PlanHook, NobodyWhoTakesRedirectedFrames) {
  Mixed world;
  for (const char* port : {"eth1", "v0", "tap0"}) world.device(port).xdp_features = 0;
  EXPECT_EQ(world.planned()["eth0"].hook(), Hook::tc);
  EXPECT_EQ(world.planned().why("eth0"), "tc: no other port of the bridge takes redirected frames");
  world.device("v0").xdp_features = test::kNativeXdp;
  EXPECT_EQ(world.planned()["eth0"].hook(), Hook::tc) << "a veth whose peer does not look for them";
  world.device("v0").xdp_features |= test::kXdpTarget;
  EXPECT_EQ(world.planned()["eth0"].hook(), Hook::xdp);
  world.device("v0").xdp_features = 0;
  world.device("eth1").xdp_features = test::kNativeXdp;
  EXPECT_EQ(world.planned()["eth0"].hook(), Hook::xdp)
      << "a NIC becomes a target by its own program";
}

TEST(PlanHook, ANicAloneOrOnAnotherBridgeIsNoTarget) {
  EXPECT_EQ(plan_of("bridge br0 \n port eth0 br0")["eth0"].hook(), Hook::tc);
  EXPECT_EQ(plan_of("bridge br0 \n port eth0 br0 \n bridge br1 \n port eth1 br1")["eth0"].hook(),
            Hook::tc);
}

TEST(PlanHook, ConfiguredXdp) {
  Mixed world;
  world.inputs.config.hook = HookChoice::xdp;
  Planned p = world.planned();
  for (const char* port : {"eth0", "eth1", "v0"}) {
    EXPECT_EQ(p[port].hook(), Hook::xdp) << port;
    EXPECT_TRUE(p[port].native) << port;
    EXPECT_EQ(p.why(port), "XDP: configured") << port;
  }
  EXPECT_EQ(p.left("tap0"),
            "hook = \"xdp\" is configured, but the guest leaves checksums to the tap, which XDP "
            "can't see");
  EXPECT_NE(p["eth0"].program, p["v0"].program) << "that of a veth looks behind the frame";
}

TEST(PlanHook, ConfiguredXdpThatIsNotThere) {
  Mixed world;
  world.inputs.config.hook = HookChoice::xdp;
  world.device("eth0") = {.driver = "e1000"};
  EXPECT_EQ(world.planned().left("eth0"),
            "hook = \"xdp\" is configured, but its driver (e1000) has no native XDP");
  test::without(world.capabilities, kFeatureXdp, "the verifier says no");
  EXPECT_EQ(world.planned().left("v0"), "hook = \"xdp\" is configured, but the verifier says no");
}

TEST(PlanHook, XdpOnAVethThatDoesNotShowItsSender) {
  Mixed world;
  world.inputs.config.hook = HookChoice::xdp;
  world.device("v0").sender_seen = false;
  EXPECT_EQ(world.planned().left("v0"),
            "hook = \"xdp\" is configured, but XDP on a veth of this kernel can't see what senders "
            "leave to the device (checksums)");
  EXPECT_EQ(world.planned()["eth0"].hook(), Hook::xdp);
}

TEST(PlanHook, XdpAsksTheOtherEndOfAVethWhereTheDeviceDoesNotTell) {
  Mixed world;
  EXPECT_FALSE(world.planned()["eth0"].program.constants.veth_out);
  test::without(world.capabilities, kFeatureXdpFeatures, "not before 6.3");
  EXPECT_TRUE(world.planned()["eth0"].program.constants.veth_out);
}

TEST(PlanHook, ConfiguredTc) {
  Mixed world;
  world.inputs.config.hook = HookChoice::tc;
  Planned p = world.planned();
  for (const char* port : {"eth0", "v0", "tap0"}) {
    EXPECT_EQ(p[port].hook(), Hook::tc) << port;
    EXPECT_EQ(p.why(port), "tc: configured") << port;
    EXPECT_FALSE(p[port].native) << port;
  }
  test::without(world.capabilities, kFeatureTcx, "no tcx here");
  EXPECT_EQ(world.planned().left("eth0"), "hook = \"tc\" is configured, but no tcx here");
}

TEST(PlanHook, ConfiguredNone) {
  Mixed world;
  world.inputs.config.interface_hooks = {{"eth0", HookChoice::none}};
  Planned p = world.planned();
  EXPECT_EQ(p.left("eth0"), "left to Linux: hook = \"none\" is configured");
  EXPECT_EQ(p["eth1"].hook(), Hook::xdp);
}

TEST(PlanHook, TheInterfacesOwnWordStandsAboveTheGeneralOne) {
  Mixed world;
  world.inputs.config.hook = HookChoice::none;
  world.inputs.config.interface_hooks = {{"v0", HookChoice::xdp}, {"eth0", HookChoice::automatic}};
  Planned p = world.planned();
  EXPECT_EQ(p["v0"].hook(), Hook::xdp);
  EXPECT_EQ(p["eth0"].hook(), Hook::xdp);
  EXPECT_EQ(p["eth1"].hook(), Hook::none);
}

TEST(PlanHook, TheCommandLineStandsAboveTheFile) {
  Mixed world;
  world.inputs.config.hook = HookChoice::none;
  world.inputs.config.interface_hooks = {{"v0", HookChoice::xdp}};
  world.inputs.hook_override = HookChoice::tc;
  EXPECT_EQ(world.planned()["v0"].hook(), Hook::tc);
  EXPECT_EQ(world.planned()["eth0"].hook(), Hook::tc);
  world.inputs.hook_override = HookChoice::none;
  EXPECT_EQ(world.planned()["v0"].hook(), Hook::none);
}

TEST(PlanHook, KernelWithoutARedirectGuard) {
  Mixed world;
  test::without(world.capabilities, kFeatureRedirectGuard, "can't be seen");
  EXPECT_EQ(world.planned().why("eth0"), "tc: can't be seen");
}

TEST(PlanHook, KernelWithoutOneOfTheHooks) {
  Mixed world;
  test::without(world.capabilities, kFeatureXdp, "the verifier says no");
  EXPECT_EQ(world.planned()["eth0"].hook(), Hook::tc);
  EXPECT_EQ(world.planned().why("eth0"), "tc: the verifier says no");
  EXPECT_EQ(world.planned()["v0"].hook(), Hook::tc);
  for (const char* feature : {kFeatureTcx, kFeatureTc}) {
    Mixed other;
    test::without(other.capabilities, feature, "not before 6.6");
    EXPECT_EQ(other.planned()["eth0"].hook(), Hook::xdp) << feature;
    EXPECT_EQ(other.planned().left("v0"), "not before 6.6") << feature;
    EXPECT_EQ(other.planned().left("tap0"), "not before 6.6") << feature;
  }
}

TEST(PlanHook, ASteerMaySendByAnyVeth) {
  Mixed world;
  world.graph = test::graph(
      "bridge br0 \n port tap0 br0 kind=tun \n port tap1 br0 kind=tun \n link v0 kind=veth");
  world.capabilities = test::capable(world.graph);
  EXPECT_EQ(world.planned()["tap0"].program.constants.veth_out, 0);
  const int start = 0;
  world.inputs.hooks = {{.name = "s",
                         .kind = kSteer,
                         .at = "start",
                         .id = 7,
                         .slots = {start},
                         .interfaces = {"tap0"}}};
  EXPECT_EQ(world.planned()["tap0"].program.constants.veth_out, 1)
      << "it looks at their other ends";
  EXPECT_EQ(world.planned()["tap1"].program.constants.veth_out, 0);
  world.inputs.hooks[0].kind = "filter";
  EXPECT_EQ(world.planned()["tap0"].program.constants.veth_out, 0);
}

}  // namespace
}  // namespace tna
