// SPDX-License-Identifier: Apache-2.0
#include "assemble/plan.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "assemble/guard.h"
#include "assemble/modules.h"
#include "assemble/peer_gro.h"
#include "assemble/routing.h"

namespace tna {
namespace {

constexpr char kBridging[] = "bridging";
constexpr char kHookStep[] = "hook:";

class Planner {
 public:
  Planner(const Graph& graph, const Capabilities& capabilities, const PlanInputs& inputs)
      : graph_(graph),
        capabilities_(capabilities),
        inputs_(inputs),
        routing_(graph, capabilities, inputs.firewall) {}

  Plan run() {
    result_.guard =
        guard_for(capabilities_.netfilter, graph_.routes, inputs_.firewall, result_.guards);
    result_.guard.hz = capabilities_.kernel.hz;
    result_.guard.refresh_after = refresh_after(graph_, capabilities_.kernel.hz);
    for (const auto& [ifindex, node] : graph_.nodes) {
      if (node.type == "loopback") continue;
      InterfacePlan& interface = result_.interfaces[ifindex];
      interface.name = node.name;
      decide(node, interface);
    }
    look_at_peers();
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
    const bool app = inputs_.apps.contains(node.ifindex);
    if (!node.serves(kBridging) && !node.serves(kRouting) && !app)
      return leave(interface,
                   "neither a port of a bridge nor a router's interface: nothing that TNA makes "
                   "faster so far");
    if (!node.blockers.empty()) return leave(interface, node.blockers.front().reason);
    std::string reason, not_routed;
    if (node.serves(kBridging))
      reason = why_not_bridge();
    else if (node.serves(kRouting))
      not_routed = routing_.why_not(node);
    if (app && reason.empty() && !capabilities_.kernel.has(kFeatureTypedReads))
      reason = "applications need " + std::string(kFeatureTypedReads) + ": " +
               capabilities_.kernel.detail(kFeatureTypedReads);
    if (reason.empty() && !app) reason = not_routed;
    if (!reason.empty()) return leave(interface, reason);
    const std::string dispatcher = left_to_dispatcher(node);
    if (auto id = node.number("xdp.program_id");
        id && !inputs_.own_programs.contains(id) && dispatcher.empty())
      return leave(interface, "another XDP program (id " + std::to_string(id) +
                                  ") is attached; TNA stays away from it");
    if (node.number("xdp.mode") == 4)  // XDP_ATTACHED_MULTI: in driver and stack at once
      return leave(interface, "several XDP programs are attached; TNA stays away from them");
    for (const char* feature : {kFeatureTapGuard, kFeatureTcGuard})
      if (!capabilities_.kernel.has(feature))
        return leave(interface, std::string("this kernel lacks a needed feature (") + feature +
                                    "): " + capabilities_.kernel.detail(feature));

    std::string no_routing;
    const Node* router = not_routed.empty() ? router_of(node, no_routing) : nullptr;
    if (!not_routed.empty()) no_routing = "; what it routes is left to Linux: " + not_routed;
    choose_hook(node, router, choice, interface);
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
    if (router == &node && interface.hook() == Hook::tc && !routing_.by_itself(node))
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
    add_modules(node, router, interface);
  }

  // What applications are given, and why not; a clause.
  std::string about_apps(const Node& node, const Node* router, Hook hook) const {
    std::string text = "; applications ask for packets (" + inputs_.apps.at(node.ifindex) + ")";
    if (hook != Hook::xdp) return text + ", which takes XDP";
    if (node.serves(kBridging) && !router)
      return text + ", but what is for its bridge itself is Linux's";
    for (int version : {4, 6})
      if (std::string why = rules_on_local_ip(capabilities_.netfilter, version); !why.empty())
        text += "; " + why;
    return text;
  }

  // The device that IP gets the packets from which come in here and may be routed fast: this one,
  // its bridge, or nullptr; `why_not` says why not by its bridge.
  const Node* router_of(const Node& node, std::string& why_not) const {
    if (node.serves(kRouting)) return &node;
    const Node* bridge = graph_.related(node.ifindex, kPortOf);
    if (!bridge || !bridge->serves(kRouting)) return nullptr;
    std::string reason = routing_.why_not_up(*bridge);
    if (reason.empty()) return bridge;
    why_not = "; what " + bridge->name + " routes is left to Linux: " + reason;
    return nullptr;
  }

  // Why frames can't be bridged fast, empty: they can.
  std::string why_not_bridge() const {
    const NetfilterState& netfilter = capabilities_.netfilter;
    if (std::string reason = foreign_rules(netfilter, inputs_.firewall); !reason.empty())
      return reason;
    return has_frame_rules(netfilter) ? why_no_rules() : "";
  }
  // Why bridged IP of the port is Linux's, empty: it isn't.
  std::string rules_on_bridged(const Node& node) const {
    const NetfilterState& netfilter = capabilities_.netfilter;
    const Node* bridge = graph_.related(node.ifindex, kPortOf);
    if (!bridge ||
        (!acts_on_bridged_ip(netfilter, *bridge, 4) && !acts_on_bridged_ip(netfilter, *bridge, 6)))
      return {};
    if (std::string reason = why_no_rules(); !reason.empty()) return reason;
    return rules_on_bridged_ip(netfilter, inputs_.firewall, *bridge);
  }
  // Why programs can do no rules, empty: they can.
  std::string why_no_rules() const {
    if (capabilities_.kernel.has(kFeatureTypedReads)) return {};
    return "rules need " + std::string(kFeatureTypedReads) + ": " +
           capabilities_.kernel.detail(kFeatureTypedReads);
  }

  // libxdp's dispatcher is made to be shared: what its programs pass Linux gets, and so does a
  // program at tc. Empty: it is not there.
  std::string left_to_dispatcher(const Node& node) const {
    const auto id = node.number("xdp.program_id");
    if (!id || !device_of(node).xdp_dispatcher) return {};
    return "XDP is left to libxdp's dispatcher (id " + std::to_string(id) + ")";
  }

  // Which hook a device can have at all; `why` says why not.
  bool can_xdp(const Node& node, std::string& why) const {
    const DeviceCapabilities& device = device_of(node);
    if (why = left_to_dispatcher(node); !why.empty()) return false;
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
  // Some other port of the bridge is one; or, where packets are routed, interface of the router.
  bool has_xdp_target(const Node& node, bool routes) const {
    return std::ranges::any_of(graph_.nodes, [&](const auto& entry) {
      return is_xdp_target(entry.second) && routing_.may_send(node, routes, entry.second);
    });
  }

  // Veths that would be sent by with XDP, did their other ends poll.
  void look_at_peers() {
    for (auto& [ifindex, interface] : result_.interfaces) {
      const Node& node = graph_.nodes.at(ifindex);
      const DeviceCapabilities& device = device_of(node);
      auto done = inputs_.peer_gro.find(ifindex);
      const bool tried = done != inputs_.peer_gro.end();
      if (!waits_for_peer(node, device) && !tried) continue;
      if (std::ranges::none_of(xdp_senders_, [&](const auto& sender) {
            return routing_.may_send(*sender.first, sender.second, node);
          }))
        continue;
      if (inputs_.config.peer_gro) result_.peer_gro.insert(ifindex);
      if (std::string about =
              about_peer(graph_, device, inputs_.config.peer_gro, tried ? &done->second : nullptr);
          !about.empty())
        interface.why += "; " + about;
    }
  }

  void choose_hook(const Node& node, const Node* router, HookChoice choice,
                   InterfacePlan& interface) {
    std::string no_xdp, no_tc;
    bool xdp = can_xdp(node, no_xdp), tc = can_tc(no_tc);
    // On a bridge's port of that kind XDP would cost all frames more than the application gains.
    const bool app = inputs_.apps.contains(node.ifindex) && !node.serves(kBridging);
    const bool prefers_xdp = node.hooks.front() == "xdp" || app;
    const bool only_app = app && !router;
    if (xdp && (choice == HookChoice::xdp || (choice == HookChoice::automatic && prefers_xdp)))
      xdp_senders_.emplace_back(&node, router);
    if (choice == HookChoice::xdp) {
      if (!xdp) return leave(interface, "hook = \"xdp\" is configured, but " + no_xdp);
      interface.why = "XDP: configured";
    } else if (only_app && (!xdp || choice == HookChoice::tc)) {
      return leave(interface, "applications ask for packets (" + inputs_.apps.at(node.ifindex) +
                                  "), which takes XDP, but " +
                                  (xdp ? "hook = \"tc\" is configured" : no_xdp));
    } else if (choice == HookChoice::tc) {
      if (!tc) return leave(interface, "hook = \"tc\" is configured, but " + no_tc);
      interface.why = "tc: configured";
    } else if (app && xdp) {
      interface.why = "XDP: applications take it";
    } else if (node.hooks.front() == "xdp" && xdp && has_xdp_target(node, router)) {
      interface.why = "XDP: the driver (" + device_of(node).driver + ") has it, and other " +
                      (node.serves(kRouting) ? "interfaces" : "ports") + " take redirected frames";
    } else if (node.serves(kRouting)) {
      const std::string why = node.hooks.front() == "tc" ? node.why
                              : !xdp                     ? no_xdp
                                     : "no other interface of the router takes redirected frames";
      const Node* below = graph_.related(node.ifindex, kOnTopOf);
      return leave(interface, "routing by tc gains nothing over Linux so far; no XDP: " + why +
                                  (node.type == "vlan" && below
                                       ? "; what comes in there by XDP is routed at " + below->name
                                       : ""));
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

  void add_modules(const Node& node, const Node* router, InterfacePlan& interface) {
    tna_const& constants = interface.program.constants;
    const Node* bridge = graph_.related(node.ifindex, kPortOf);
    std::vector<ModuleUse> uses = node.modules;
    if (router && router != &node)
      std::ranges::copy_if(router->modules, std::back_inserter(uses), [&](const ModuleUse& use) {
        return std::ranges::find(node.modules, use.name, &ModuleUse::name) == node.modules.end();
      });
    for (const ModuleUse& use : uses) {
      auto module = module_named(use.name);
      if (!module)
        return leave(interface,
                     "the knowledge names a module " + use.name + " that TNA does not have");
      if (!use.fact.empty() && !fact(use.fact, node, bridge, router, interface.hook())) continue;
      if (!router && !bridge && *module > Module::xsk) continue;  // only applications are served
      if (auto constant = traits(*module).constant) constants.*constant = 1;
      interface.modules.push_back({use.name, use.because});
    }
    if (bridge && inputs_.suppressing.contains(bridge->ifindex) && !constants.suppress) {
      constants.suppress = 1;
      interface.modules.push_back(
          {traits(Module::suppress).name, "the bridge still answers ARP and neighbour discovery"});
    }
    if (router) {
      for (auto [version, constant] :
           {std::pair{4, &tna_const::route4}, std::pair{6, &tna_const::route6}}) {
        std::string why;
        constants.*constant = routing_.routes(*router, version, why);
        if (!why.empty())
          interface.why += "; IPv" + std::to_string(version) + " is left to Linux: " + why;
      }
    }
    constants.bridge_rules = bridge && why_no_rules().empty() &&
                             (has_frame_rules(capabilities_.netfilter) ||
                              acts_on_bridged_ip(capabilities_.netfilter, *bridge, 4) ||
                              acts_on_bridged_ip(capabilities_.netfilter, *bridge, 6));
    if (constants.bridge_rules && !router)
      interface.modules.push_back({traits(Module::parse_l3).name, "rules look into IP packets"});
    if (router || constants.bridge_rules) add_netfilter(interface);
    std::ranges::stable_sort(interface.modules, {},
                             [](const PlannedModule& m) { return module_named(m.name); });

    add_hooks(interface);

    if (constants.bridge_nf4 && bridge && bridge->text("address").find(':') != std::string::npos)
      constants.bridge_nf6 = 1;
    if (interface.hook() == Hook::xdp) constants.veth = node.type == "veth";
    // XDP asks the other end of a veth only where the device does not tell by itself.
    if (interface.hook() == Hook::tc || !capabilities_.kernel.has(kFeatureXdpFeatures))
      constants.veth_out = constants.bridge && !constants.bridge_up && !steers(interface)
                               ? has_veth_port(*bridge)
                               : has_veth();
  }

  // Hooks whose slots are on the interface's path, each as a step of it.
  void add_hooks(InterfacePlan& interface) {
    for (const InstalledHook& hook : inputs_.hooks) {
      if (!hook.interfaces.empty() &&
          std::ranges::find(hook.interfaces, interface.name) == hook.interfaces.end())
        continue;
      for (int slot : hook.slots) {
        auto place = interface.modules.end();
        if (slot != TNA_SLOT_end) {
          const char* module = kModules[slot / 2].name;
          place = std::ranges::find(interface.modules, module, &PlannedModule::name);
          if (place == interface.modules.end()) continue;
          if (slot % 2) ++place;
        }
        while (slot % 2 && place != interface.modules.end() && place->name.starts_with(kHookStep))
          ++place;
        interface.modules.insert(
            place, {kHookStep + hook.name, hook.kind + " at " + hook.at + ": `tna hook list`"});
        interface.program.hooks.push_back({slot, hook.id});
      }
    }
  }

  // A hook may choose any interface to leave by.
  bool steers(const InterfacePlan& interface) const {
    return std::ranges::any_of(inputs_.hooks, [&](const InstalledHook& hook) {
      return hook.kind == kSteer &&
             std::ranges::find(interface.program.hooks, hook.id, &HookUse::id) !=
                 interface.program.hooks.end();
    });
  }

  void add_netfilter(InterfacePlan& interface) {
    tna_const& constants = interface.program.constants;
    const Firewall& firewall = inputs_.firewall;
    const NetfilterState& netfilter = capabilities_.netfilter;
    const bool bridges = constants.bridge_rules;
    constants.frame_rules = bridges && has_frame_rules(netfilter);
    constants.conntrack4 = (constants.route4 || bridges) && tracks_connections(netfilter, 4);
    constants.conntrack6 = (constants.route6 || bridges) && tracks_connections(netfilter, 6);
    if (constants.conntrack4 || constants.conntrack6)
      interface.modules.push_back({traits(Module::conntrack).name,
                                   "Linux follows connections: established ones go on here"});
    constants.nat =
        (constants.conntrack4 || constants.conntrack6) && translates_connections(netfilter);
    if (constants.nat)
      interface.modules.push_back({traits(Module::nat).name, "addresses may be translated"});
    const auto judges = [&](bool routes, int version) {
      return (routes || bridges) && firewall.can_judge(version) &&
             (has_rules(netfilter, version) || constants.frame_rules);
    };
    constants.rules4 = judges(constants.route4, 4);
    constants.rules6 = judges(constants.route6, 6);
    if (!constants.rules4 && !constants.rules6) return;
    constants.rules_devices = firewall.rules->devices;
    constants.rules_legacy = !firewall.words.tables4.empty() || !firewall.words.tables6.empty();
    interface.program.rules = firewall.id;
    interface.modules.push_back(
        {traits(Module::rules).name, bridges ? "rules act on bridged packets, too (`tna rules`)"
                                             : "rules act on routed packets (`tna rules`)"});
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

  bool fact(const std::string& name, const Node& node, const Node* bridge, const Node* router,
            Hook hook) const {
    if (name == "application")
      return hook == Hook::xdp && inputs_.apps.contains(node.ifindex) && (router || !bridge);
    if (name == "br_netfilter") return bridge_netfilter_active(capabilities_.netfilter);
    // By the very bridge that they came from where NAT may send packets back.
    if (name == "routed_bridge")
      return routing_.sends_by_another(translates_connections(capabilities_.netfilter) ? nullptr
                                                                                       : bridge);
    if (hook != Hook::xdp || !router) return false;  // at tc, Linux does what VLAN devices do
    if (name == "routed_vlans")
      return routing_.for_vlans(*router) || router->number("vlan_filtering");
    return name == "vlans_to_leave_by" && routing_.sends_tagged();
  }

  const DeviceCapabilities& device_of(const Node& node) const {
    static const DeviceCapabilities nothing;
    auto found = capabilities_.devices.find(node.ifindex);
    return found == capabilities_.devices.end() ? nothing : found->second;
  }

  const Graph& graph_;
  const Capabilities& capabilities_;
  const PlanInputs& inputs_;
  Routing routing_;
  Plan result_;
  // Those that have XDP or would have it, could frames be sent anywhere; and whether they route.
  std::vector<std::pair<const Node*, bool>> xdp_senders_;
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
