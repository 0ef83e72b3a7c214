// SPDX-License-Identifier: Apache-2.0
// A plan to be asked about, and the capabilities that it is made with: plan_of("bridge br0 \n
// ...").
#pragma once

#include <gtest/gtest.h>

#include "assemble/plan.h"
#include "unit/world.h"

namespace tna::test {

// NETDEV_XDP_ACT_BASIC and _REDIRECT; _NDO_XMIT.
inline constexpr std::uint64_t kNativeXdp = 3, kXdpTarget = 4;

// A kernel that can all there is, and a veth or a good NIC behind every interface; no netfilter.
inline Capabilities capable(const Graph& graph) {
  Capabilities all;
  all.kernel.hz = 250;
  for (const char* feature :
       {kFeatureTypedReads, kFeatureXdp, kFeatureTc, kFeatureTcx, kFeatureTapGuard, kFeatureTcGuard,
        kFeatureRedirectGuard, kFeatureXdpFeatures})
    all.kernel.features.push_back({feature, true, "tried"});
  all.netfilter.net = 0xffff888000001000;
  all.netfilter.ipv4_takers = all.netfilter.ipv6_takers = {0xffff888000001100, 0xffff888000001100};
  for (const auto& [ifindex, node] : graph.nodes) {
    DeviceCapabilities& device = all.devices[ifindex];
    device.driver = node.type == "physical" ? "mlx5_core" : node.type;
    if (node.type == "veth" || node.type == "physical")
      device.xdp_features = kNativeXdp | kXdpTarget;
    device.sender_seen = node.type == "veth";
    if (node.type == "tap") device.xdp_features = kNativeXdp | kXdpTarget;
    device.xdp_features_known = true;
  }
  return all;
}

inline void without(Capabilities& capabilities, const std::string& feature,
                    const std::string& words) {
  for (Feature& one : capabilities.kernel.features)
    if (one.name == feature) one = {feature, false, words};
}

// br_netfilter is active and there are no rules: what a namespace with a bridge has where it is
// built in.
inline NetfilterState bridge_netfilter() {
  NetfilterState state;
  state.net = 0xffff888000001000;
  state.bridge[TNA_HOOK_PREROUTING] = {0xffff888000002000, {"br_nf_pre_routing"}};
  state.bridge[TNA_HOOK_FORWARD] = {0xffff888000003000, {"br_nf_forward"}};
  state.bridge[TNA_HOOK_POSTROUTING] = {0xffff888000004000, {"br_nf_post_routing"}};
  state.ipv4[TNA_HOOK_PREROUTING] = {0xffff888000005000, {"ip_sabotage_in"}};
  state.ipv6[TNA_HOOK_PREROUTING] = {0xffff888000006000, {"ip_sabotage_in"}};
  state.call_iptables = 0xffff888000007000;
  state.call_ip6tables = 0xffff888000007004;
  state.filter_vlan_tagged = 0xffff888000007008;
  state.filter_pppoe_tagged = 0xffff88800000700c;
  return state;
}

class Planned {
 public:
  explicit Planned(const Graph& graph, const Capabilities& capabilities,
                   const PlanInputs& inputs = {})
      : plan(tna::plan(graph, capabilities, inputs)) {}

  const InterfacePlan& operator[](const std::string& name) const {
    for (const auto& [ifindex, interface] : plan.interfaces)
      if (interface.name == name) return interface;
    throw std::invalid_argument("not in the plan: " + name);
  }
  const std::string& why(const std::string& name) const { return (*this)[name].why; }
  // Why it is left to Linux; empty where it is not.
  std::string left(const std::string& name) const {
    const InterfacePlan& interface = (*this)[name];
    EXPECT_TRUE(interface.hook() != Hook::none || !interface.native) << name;
    return interface.hook() == Hook::none ? interface.why : "";
  }
  std::string modules(const std::string& name) const { return names((*this)[name].modules); }

  Plan plan;
};

inline Planned plan_of(const std::string& world, const PlanInputs& inputs = {}) {
  Graph g = graph(world);
  return Planned(g, capable(g), inputs);
}

}  // namespace tna::test
