// SPDX-License-Identifier: Apache-2.0
#include "assemble/plan.h"

#include <algorithm>
#include <optional>

#include "assemble/guard.h"
#include "assemble/modules.h"

namespace tna {
namespace {

constexpr char kBridging[] = "bridging", kRouting[] = "routing";
constexpr char kPortOf[] = "port of";

class Planner {
 public:
  Planner(const Graph& graph, const Capabilities& capabilities, const PlanInputs& inputs)
      : graph_(graph), capabilities_(capabilities), inputs_(inputs) {}

  Plan run() {
    result_.guard = guard_for(capabilities_.netfilter, graph_.routes, result_.guards);
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
    if (!node.serves(kBridging) && !node.serves(kRouting))
      return leave(interface,
                   "neither a port of a bridge nor a router's interface: nothing that TNA makes "
                   "faster so far");
    if (!node.blockers.empty()) return leave(interface, node.blockers.front().reason);
    if (std::string reason = node.serves(kBridging) ? why_not_bridge(node) : why_not_route(node);
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

  // Why the port's frames can't be bridged fast, empty: they can.
  std::string why_not_bridge(const Node& node) const {
    if (std::string reason = foreign_rules(capabilities_.netfilter); !reason.empty()) return reason;
    const Node* bridge = graph_.related(node.ifindex, kPortOf);
    return bridge ? rules_on_bridged_ip(capabilities_.netfilter, *bridge) : "";
  }

  // Whether packets of that family can be routed fast; `why` says why not.
  bool routes(const Node& node, int version, std::string& why) const {
    if (!node.number("ipv" + std::to_string(version) + ".forwarding")) return false;
    std::string reason = rules_on_routed_ip(capabilities_.netfilter, version);
    if (version == 4 && reason.empty() && !graph_.routes.several_defaults.empty())
      reason = graph_.routes.several_defaults +
               ", among which Linux chooses by the state of their gateways";
    if (!reason.empty()) why = reason;
    return reason.empty();
  }
  std::string why_not_route(const Node& node) const {
    if (!capabilities_.kernel.has(kFeatureTypedReads))
      return "routing needs " + std::string(kFeatureTypedReads) + ": " +
             capabilities_.kernel.detail(kFeatureTypedReads);
    std::string why;
    return routes(node, 4, why) || routes(node, 6, why) ? "" : why;
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

  // Whether the device can be the target of an XDP redirect. A bond is none: bpf/ctx/xdp.h. Most
  // drivers become one by having a program, which they will be given.
  bool is_xdp_target(const Node& node) const {
    const DeviceCapabilities& device = device_of(node);
    return node.type != "bond" &&
           (device.redirect_target() || (node.type == "physical" && device.native_xdp()));
  }
  // Some other port of the bridge, or interface of the router, is one.
  bool has_xdp_target(const Node& node) const {
    const Node* bridge = graph_.related(node.ifindex, kPortOf);
    if (node.serves(kRouting))
      return std::ranges::any_of(graph_.nodes, [&](const auto& entry) {
        const Node& other = entry.second;
        return &other != &node && other.serves(kRouting) && is_xdp_target(other);
      });
    return bridge && std::ranges::any_of(graph_.edges, [&](const Edge& edge) {
             return edge.relation == kPortOf && edge.to == bridge->ifindex &&
                    edge.from != node.ifindex && is_xdp_target(graph_.nodes.at(edge.from));
           });
  }

  void choose_hook(const Node& node, HookChoice choice, InterfacePlan& interface) {
    std::string no_xdp, no_tc;
    bool xdp = can_xdp(node, no_xdp), tc = can_tc(no_tc);
    if (choice == HookChoice::xdp) {
      if (!xdp) return leave(interface, "hook = \"xdp\" is configured, but " + no_xdp);
      interface.why = "XDP: configured";
    } else if (choice == HookChoice::tc) {
      if (!tc) return leave(interface, "hook = \"tc\" is configured, but " + no_tc);
      interface.why = "tc: configured";
    } else if (node.hooks.front() == "xdp" && xdp && has_xdp_target(node)) {
      interface.why = "XDP: the driver (" + device_of(node).driver + ") has it, and other " +
                      (node.serves(kRouting) ? "interfaces" : "ports") + " take redirected frames";
    } else if (node.serves(kRouting)) {
      const std::string why = node.hooks.front() == "tc" ? node.why
                              : !xdp                     ? no_xdp
                                     : "no other interface of the router takes redirected frames";
      return leave(interface, "routing by tc gains nothing over Linux so far; no XDP: " + why);
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
    if (node.serves(kRouting)) {
      std::string why;
      constants.route4 = routes(node, 4, why);
      constants.route6 = routes(node, 6, why);
    }
    if (interface.hook() == Hook::xdp) constants.veth = node.type == "veth";
    // XDP asks the other end of a veth only where the device does not tell by itself.
    if (interface.hook() == Hook::tc || !capabilities_.kernel.has(kFeatureXdpFeatures))
      constants.veth_out = bridge ? has_veth_port(*bridge) : has_veth();
  }

  // A packet is routed to any device.
  bool has_veth() {
    if (!has_any_veth_)
      has_any_veth_ = std::ranges::any_of(
          graph_.nodes, [](const auto& entry) { return entry.second.type == "veth"; });
    return *has_any_veth_;
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
  // Asked once, not once for every device.
  std::map<IfIndex, bool> has_veth_;  // by bridge
  std::optional<bool> has_any_veth_;
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
