// SPDX-License-Identifier: Apache-2.0
#include "assemble/plan.h"

#include <utility>

#include "assemble/given.h"
#include "assemble/guard.h"
#include "assemble/hook_chooser.h"
#include "assemble/path.h"

namespace tna {
namespace {

class Planner {
 public:
  explicit Planner(const Given& given) : given_(given), hooks_(given), paths_(given) {}

  Plan run() {
    result_.guard = guard_for(given_.capabilities.netfilter, given_.graph.routes,
                              given_.inputs.firewall, result_.guards);
    result_.guard.hz = given_.capabilities.kernel.hz;
    result_.guard.refresh_after = refresh_after(given_.graph, given_.capabilities.kernel.hz);
    result_.why_linux_counts = given_.why_linux_counts();
    for (const auto& [ifindex, node] : given_.graph.nodes) {
      if (node.type == "loopback") continue;
      InterfacePlan& interface = result_.interfaces[ifindex];
      interface.name = node.name;
      decide(node, interface);
    }
    hooks_.look_at_peers(result_);
    return std::move(result_);
  }

 private:
  void decide(const Node& node, InterfacePlan& interface) {
    HookChoice choice = given_.inputs.config.hook_of(node.name);
    if (given_.inputs.hook_override != HookChoice::automatic) choice = given_.inputs.hook_override;

    if (given_.inputs.paused)
      return leave(interface, "all is left to Linux: `tna detach` was said");
    if (given_.inputs.released.contains(node.ifindex))
      return leave(interface, "left to Linux: `tna detach " + node.name + "` was said");
    if (choice == HookChoice::none)
      return leave(interface, "left to Linux: hook = \"none\" is configured");
    if (node.hooks.empty()) return leave(interface, node.why);
    const bool app = given_.inputs.apps.contains(node.ifindex);
    if (!node.serves(kBridging) && !node.serves(kRouting) && !app)
      return leave(interface,
                   "neither a port of a bridge nor a router's interface: nothing that TNA makes "
                   "faster so far");
    if (!node.blockers.empty()) return leave(interface, node.blockers.front().reason);
    std::string reason, not_routed;
    if (node.serves(kBridging))
      reason = why_not_bridge();
    else if (node.serves(kRouting))
      not_routed = given_.routing.why_not(node);
    if (app && reason.empty() && !given_.capabilities.kernel.has(kFeatureTypedReads))
      reason = "applications need " + std::string(kFeatureTypedReads) + ": " +
               given_.capabilities.kernel.detail(kFeatureTypedReads);
    if (reason.empty() && !app) reason = not_routed;
    if (!reason.empty()) return leave(interface, reason);
    const std::string dispatcher = hooks_.left_to_dispatcher(node);
    if (auto id = node.number("xdp.program_id");
        id && !given_.inputs.own_programs.contains(id) && dispatcher.empty())
      return leave(interface, "another XDP program (id " + std::to_string(id) +
                                  ") is attached; TNA stays away from it");
    if (node.number("xdp.mode") == 4)  // XDP_ATTACHED_MULTI: in driver and stack at once
      return leave(interface, "several XDP programs are attached; TNA stays away from them");
    for (const char* feature : {kFeatureTapGuard, kFeatureTcGuard})
      if (!given_.capabilities.kernel.has(feature))
        return leave(interface, std::string("this kernel lacks a needed feature (") + feature +
                                    "): " + given_.capabilities.kernel.detail(feature));

    std::string no_routing;
    const Node* router = not_routed.empty() ? router_of(node, no_routing) : nullptr;
    if (!not_routed.empty()) no_routing = "; what it routes is left to Linux: " + not_routed;
    hooks_.choose_hook(node, router, choice, interface);
    if (!dispatcher.empty() && !interface.why.contains(dispatcher))
      interface.why += "; " + dispatcher;
    if (interface.hook() == Hook::none) return;
    if (router && interface.hook() == Hook::tc && choice != HookChoice::tc) {
      no_routing = "; what " + router->name +
                   " routes is left to Linux: by tc it gains nothing over Linux so far";
      router = nullptr;
    }
    if (router && interface.hook() == Hook::tc && router->number("vlan_filtering")) {
      no_routing = "; what " + router->name +
                   " routes in its VLANs is left to Linux: it is done by XDP only";
      router = nullptr;
    }
    if (router == &node && interface.hook() == Hook::tc && !given_.routing.by_itself(node))
      return leave(interface,
                   "what is routed for VLAN devices on " + node.name + " is done by XDP only");
    interface.why += no_routing;
    if (app) interface.why += about_apps(node, router, interface.hook());
    // Nearly all that crosses the bridge would go to Linux frame by frame, which is worth while
    // only where the port routes, too.
    if (std::string reason = rules_on_bridged(node); !reason.empty()) {
      if (!router) return leave(interface, reason);
      interface.why += "; IP that it bridges is left to Linux: " + reason;
    }
    paths_.add_modules(node, router, interface);
  }

  // What applications are given, and why not; a clause.
  std::string about_apps(const Node& node, const Node* router, Hook hook) const {
    std::string text =
        "; applications ask for packets (" + given_.inputs.apps.at(node.ifindex) + ")";
    if (hook != Hook::xdp) return text + ", which takes XDP";
    if (node.serves(kBridging) && !router)
      return text + ", but what is for its bridge itself is Linux's";
    for (int version : {4, 6})
      if (std::string why = rules_on_local_ip(given_.capabilities.netfilter, version); !why.empty())
        text += "; " + why;
    return text;
  }

  // The device that IP gets the packets from which come in here and may be routed fast: this one,
  // its bridge, or nullptr; `why_not` says why not by its bridge.
  const Node* router_of(const Node& node, std::string& why_not) const {
    if (node.serves(kRouting)) return &node;
    const Node* bridge = given_.graph.related(node.ifindex, kPortOf);
    if (!bridge || !bridge->serves(kRouting)) return nullptr;
    std::string reason = given_.routing.why_not_up(*bridge);
    if (reason.empty()) return bridge;
    why_not = "; what " + bridge->name + " routes is left to Linux: " + reason;
    return nullptr;
  }

  // Why frames can't be bridged fast, empty: they can.
  std::string why_not_bridge() const {
    const NetfilterState& netfilter = given_.capabilities.netfilter;
    if (std::string reason = foreign_rules(netfilter, given_.inputs.firewall); !reason.empty())
      return reason;
    return has_frame_rules(netfilter) ? given_.why_no_rules() : "";
  }
  // Why bridged IP of the port is Linux's, empty: it isn't.
  std::string rules_on_bridged(const Node& node) const {
    const NetfilterState& netfilter = given_.capabilities.netfilter;
    const Node* bridge = given_.graph.related(node.ifindex, kPortOf);
    if (!bridge ||
        (!acts_on_bridged_ip(netfilter, *bridge, 4) && !acts_on_bridged_ip(netfilter, *bridge, 6)))
      return {};
    if (std::string reason = given_.why_no_rules(); !reason.empty()) return reason;
    return rules_on_bridged_ip(netfilter, given_.inputs.firewall, *bridge);
  }

  const Given& given_;
  HookChooser hooks_;
  PathPlanner paths_;
  Plan result_;
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
  return Planner(Given(graph, capabilities, inputs)).run();
}

}  // namespace tna
