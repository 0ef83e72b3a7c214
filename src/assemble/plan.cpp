// SPDX-License-Identifier: Apache-2.0
#include "assemble/plan.h"

#include <algorithm>

#include "assemble/guard.h"
#include "assemble/modules.h"

namespace tna {
namespace {

constexpr char kBridging[] = "bridging";
constexpr char kPortOf[] = "port of";

class Planner {
 public:
  Planner(const Graph& graph, const Capabilities& capabilities, const PlanInputs& inputs)
      : graph_(graph), capabilities_(capabilities), inputs_(inputs) {}

  Plan run() {
    result_.guard = guard_for(capabilities_.netfilter, result_.guards);
    result_.guard.refresh_after = refresh_after(graph_, capabilities_.kernel.hz);
    for (const auto& [ifindex, node] : graph_.nodes) {
      if (node.type == "loopback") continue;
      InterfacePlan& interface = result_.interfaces[ifindex];
      interface.name = node.name;
      decide(node, interface);
    }
    return std::move(result_);
  }

 private:
  void leave(InterfacePlan& interface, std::string why) {
    interface.program = {};
    interface.native = false;
    interface.modules.clear();
    interface.why = std::move(why);
  }

  void decide(const Node& node, InterfacePlan& interface) {
    HookChoice choice = inputs_.config.hook_of(node.name);
    if (inputs_.hook_override != HookChoice::automatic) choice = inputs_.hook_override;

    if (inputs_.paused) return leave(interface, "all is left to Linux: `tna detach` was said");
    if (inputs_.released.contains(node.ifindex))
      return leave(interface, "left to Linux: `tna detach " + node.name + "` was said");
    if (choice == HookChoice::none)
      return leave(interface, "left to Linux: hook = \"none\" is configured");
    if (node.hooks.empty()) return leave(interface, node.why);
    if (!node.serves(kBridging))
      return leave(interface, "not a port of a bridge: nothing that TNA makes faster so far");
    if (!node.blockers.empty()) return leave(interface, node.blockers.front().reason);
    if (std::string reason = foreign_rules(capabilities_.netfilter); !reason.empty())
      return leave(interface, reason);
    if (const Node* bridge = graph_.related(node.ifindex, kPortOf))
      if (std::string reason = rules_on_bridged_ip(capabilities_.netfilter, *bridge);
          !reason.empty())
        return leave(interface, reason);
    if (auto id = node.number("xdp.program_id"); id && !inputs_.own_programs.contains(id))
      return leave(interface, "another XDP program (id " + std::to_string(id) +
                                  ") is attached; TNA stays away from it");
    if (node.number("xdp.mode") == 4)  // XDP_ATTACHED_MULTI: in driver and stack at once
      return leave(interface, "several XDP programs are attached; TNA stays away from them");
    for (const char* feature : {kFeatureTapGuard, kFeatureTcGuard})
      if (!capabilities_.kernel.has(feature))
        return leave(interface, std::string("this kernel lacks a needed feature (") + feature +
                                    "): " + capabilities_.kernel.detail(feature));

    choose_hook(node, choice, interface);
    if (interface.hook() != Hook::none) add_modules(node, interface);
  }

  // Which hook a device can have at all; `why` says why not.
  bool can_xdp(const Node& node, std::string& why) const {
    const DeviceCapabilities& device = device_of(node);
    if (!capabilities_.kernel.has(kFeatureXdp))
      why = capabilities_.kernel.detail(kFeatureXdp);
    else if (!capabilities_.kernel.has(kFeatureRedirectGuard))
      why = capabilities_.kernel.detail(kFeatureRedirectGuard);
    else if (std::ranges::find(node.hooks, "xdp") == node.hooks.end())
      why = node.why;
    else if (!device.native_xdp())
      why = "its driver (" + (device.driver.empty() ? "unknown" : device.driver) +
            ") has no native XDP";
    else if (node.type == "veth" && !device.sender_seen)
      why = "XDP on a veth of this kernel can't see what senders leave to the device (checksums)";
    else if (node.type != "veth" && device.rx_vlan_offload)
      why =
          "the device takes VLAN tags out of received frames (rx-vlan-offload), which XDP can't "
          "see";
    return why.empty();
  }
  bool can_tc(std::string& why) const {
    if (!capabilities_.kernel.has(kFeatureTcx))
      why = capabilities_.kernel.detail(kFeatureTcx);
    else if (!capabilities_.kernel.has(kFeatureTc))
      why = capabilities_.kernel.detail(kFeatureTc);
    return why.empty();
  }

  // Some other port of the bridge can be the target of an XDP redirect. A bond is none:
  // bpf/ctx/xdp.h.
  bool has_xdp_target(const Node& node, const Node& bridge) const {
    return std::ranges::any_of(graph_.edges, [&](const Edge& edge) {
      if (edge.relation != kPortOf || edge.to != bridge.ifindex || edge.from == node.ifindex)
        return false;
      const Node& other = graph_.nodes.at(edge.from);
      if (other.type == "bond") return false;
      const DeviceCapabilities& device = device_of(other);
      // Most drivers become a target by having a program, which they will be given.
      return device.redirect_target() || (other.type == "physical" && device.native_xdp());
    });
  }

  void choose_hook(const Node& node, HookChoice choice, InterfacePlan& interface) {
    const Node* bridge = graph_.related(node.ifindex, kPortOf);
    std::string no_xdp, no_tc;
    bool xdp = can_xdp(node, no_xdp), tc = can_tc(no_tc);
    if (choice == HookChoice::xdp) {
      if (!xdp) return leave(interface, "hook = \"xdp\" is configured, but " + no_xdp);
      interface.why = "XDP: configured";
    } else if (choice == HookChoice::tc) {
      if (!tc) return leave(interface, "hook = \"tc\" is configured, but " + no_tc);
      interface.why = "tc: configured";
    } else if (node.hooks.front() == "xdp" && xdp && bridge && has_xdp_target(node, *bridge)) {
      interface.why = "XDP: the driver (" + device_of(node).driver +
                      ") has it, and other ports take "
                      "redirected frames";
    } else if (tc) {
      interface.why = node.hooks.front() == "tc" ? "tc: " + node.why
                      : !xdp                     ? "tc: " + no_xdp
                             : "tc: no other port of the bridge takes redirected frames";
    } else {
      return leave(interface, no_tc);
    }
    bool is_xdp = interface.why.starts_with("XDP");
    interface.program.hook = is_xdp ? Hook::xdp : Hook::tc;
    interface.native = is_xdp;
  }

  void add_modules(const Node& node, InterfacePlan& interface) {
    tna_const& constants = interface.program.constants;
    for (const ModuleUse& use : node.modules) {
      auto module = module_named(use.name);
      if (!module)
        return leave(interface,
                     "the knowledge names a module " + use.name + " that TNA does not have");
      if (!use.fact.empty() && !fact(use.fact)) continue;
      if (auto constant = traits(*module).constant) constants.*constant = 1;
      interface.modules.push_back({use.name, use.because});
    }
    const Node* bridge = graph_.related(node.ifindex, kPortOf);
    if (bridge && inputs_.suppressing.contains(bridge->ifindex) && !constants.suppress) {
      constants.suppress = 1;
      interface.modules.push_back(
          {traits(Module::suppress).name, "the bridge still answers ARP and neighbour discovery"});
    }
    std::ranges::stable_sort(interface.modules, {},
                             [](const PlannedModule& m) { return module_named(m.name); });

    if (constants.bridge_nf4 && bridge && bridge->text("address").find(':') != std::string::npos)
      constants.bridge_nf6 = 1;
    if (interface.hook() == Hook::xdp) constants.veth = node.type == "veth";
    // XDP asks the other end of a veth only where the device does not tell by itself.
    if (bridge && (interface.hook() == Hook::tc || !capabilities_.kernel.has(kFeatureXdpFeatures)))
      constants.veth_out = has_veth_port(*bridge);
  }

  bool has_veth_port(const Node& bridge) {
    auto [known, fresh] = has_veth_.try_emplace(bridge.ifindex, false);
    if (fresh)
      known->second = std::ranges::any_of(graph_.edges, [&](const Edge& edge) {
        return edge.relation == kPortOf && edge.to == bridge.ifindex &&
               graph_.nodes.at(edge.from).type == "veth";
      });
    return known->second;
  }

  bool fact(const std::string& name) const {
    return name == "br_netfilter" && bridge_netfilter_active(capabilities_.netfilter);
  }

  const DeviceCapabilities& device_of(const Node& node) const {
    static const DeviceCapabilities nothing;
    auto found = capabilities_.devices.find(node.ifindex);
    return found == capabilities_.devices.end() ? nothing : found->second;
  }

  const Graph& graph_;
  const Capabilities& capabilities_;
  const PlanInputs& inputs_;
  Plan result_;
  std::map<IfIndex, bool> has_veth_;  // by bridge: asked once, not once for every port
};

}  // namespace

const char* to_string(Hook hook) {
  switch (hook) {
    case Hook::xdp:
      return "xdp";
    case Hook::tc:
      return "tc";
    case Hook::none:
      break;
  }
  return "none";
}

Plan plan(const Graph& graph, const Capabilities& capabilities, const PlanInputs& inputs) {
  return Planner(graph, capabilities, inputs).run();
}

}  // namespace tna
