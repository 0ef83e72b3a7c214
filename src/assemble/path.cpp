// SPDX-License-Identifier: Apache-2.0
#include "assemble/path.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "assemble/guard.h"
#include "assemble/modules.h"

namespace tna {
namespace {

constexpr char kHookStep[] = "hook:";

}  // namespace

void PathPlanner::add_modules(const Node& node, const Node* router, InterfacePlan& interface) {
  tna_const& constants = interface.program.constants;
  const Node* bridge = given_.graph.related(node.ifindex, kPortOf);
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
  if (bridge && given_.inputs.suppressing.contains(bridge->ifindex) && !constants.suppress) {
    constants.suppress = 1;
    interface.modules.push_back(
        {traits(Module::suppress).name, "the bridge still answers ARP and neighbour discovery"});
  }
  if (router) {
    for (auto [version, constant] :
         {std::pair{4, &tna_const::route4}, std::pair{6, &tna_const::route6}}) {
      std::string why;
      constants.*constant = given_.routing.routes(*router, version, why);
      if (!why.empty())
        interface.why += "; IPv" + std::to_string(version) + " is left to Linux: " + why;
    }
  }
  constants.bridge_rules = bridge && given_.why_no_rules().empty() &&
                           (has_frame_rules(given_.capabilities.netfilter) ||
                            acts_on_bridged_ip(given_.capabilities.netfilter, *bridge, 4) ||
                            acts_on_bridged_ip(given_.capabilities.netfilter, *bridge, 6));
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
  if (interface.hook() == Hook::tc || !given_.capabilities.kernel.has(kFeatureXdpFeatures))
    constants.veth_out = constants.bridge && !constants.bridge_up && !steers(interface)
                             ? has_veth_port(*bridge)
                             : has_veth();
}

void PathPlanner::add_hooks(InterfacePlan& interface) const {
  for (const InstalledHook& hook : given_.inputs.hooks) {
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

bool PathPlanner::steers(const InterfacePlan& interface) const {
  return std::ranges::any_of(given_.inputs.hooks, [&](const InstalledHook& hook) {
    return hook.kind == kSteer && std::ranges::find(interface.program.hooks, hook.id,
                                                    &HookUse::id) != interface.program.hooks.end();
  });
}

void PathPlanner::add_netfilter(InterfacePlan& interface) const {
  tna_const& constants = interface.program.constants;
  const Firewall& firewall = given_.inputs.firewall;
  const NetfilterState& netfilter = given_.capabilities.netfilter;
  const bool bridges = constants.bridge_rules;
  constants.frame_rules = bridges && has_frame_rules(netfilter);
  constants.conntrack4 = (constants.route4 || bridges) && tracks_connections(netfilter, 4);
  constants.conntrack6 = (constants.route6 || bridges) && tracks_connections(netfilter, 6);
  if (constants.conntrack4 || constants.conntrack6)
    interface.modules.push_back(
        {traits(Module::conntrack).name, "Linux follows connections: established ones go on here"});
  constants.counts =
      (constants.conntrack4 || constants.conntrack6) && given_.why_linux_counts().empty();
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
  constants.zones4 = constants.conntrack4 && constants.rules4 && !firewall.rules->zones4.empty();
  constants.zones6 = constants.conntrack6 && constants.rules6 && !firewall.rules->zones6.empty();
  constants.rules_devices = firewall.rules->devices;
  constants.rules_legacy = !firewall.words.tables4.empty() || !firewall.words.tables6.empty();
  interface.program.rules = firewall.id;
  interface.modules.push_back(
      {traits(Module::rules).name, bridges ? "rules act on bridged packets, too (`tna rules`)"
                                           : "rules act on routed packets (`tna rules`)"});
}

bool PathPlanner::has_veth() {
  if (!has_any_veth_)
    has_any_veth_ = std::ranges::any_of(
        given_.graph.nodes, [](const auto& entry) { return entry.second.type == "veth"; });
  return *has_any_veth_;
}

bool PathPlanner::has_veth_port(const Node& bridge) {
  auto [known, fresh] = has_veth_.try_emplace(bridge.ifindex, false);
  if (fresh)
    known->second = std::ranges::any_of(given_.graph.edges, [&](const Edge& edge) {
      return edge.relation == kPortOf && edge.to == bridge.ifindex &&
             given_.graph.nodes.at(edge.from).type == "veth";
    });
  return known->second;
}

bool PathPlanner::fact(const std::string& name, const Node& node, const Node* bridge,
                       const Node* router, Hook hook) const {
  if (name == "application")
    return hook == Hook::xdp && given_.inputs.apps.contains(node.ifindex) && (router || !bridge);
  if (name == "br_netfilter") return bridge_netfilter_active(given_.capabilities.netfilter);
  // By the very bridge that they came from where NAT may send packets back.
  if (name == "routed_bridge")
    return given_.routing.sends_by_another(
        translates_connections(given_.capabilities.netfilter) ? nullptr : bridge);
  if (hook != Hook::xdp || !router) return false;  // at tc, Linux does what VLAN devices do
  if (name == "routed_vlans")
    return given_.routing.for_vlans(*router) || router->number("vlan_filtering");
  return name == "vlans_to_leave_by" && given_.routing.sends_tagged();
}

}  // namespace tna
