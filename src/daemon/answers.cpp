// SPDX-License-Identifier: Apache-2.0
#include "daemon/answers.h"

#include <algorithm>
#include <cctype>

#include "assemble/modules.h"
#include "daemon/app_answer.h"
#include "daemon/hooks_answer.h"
#include "daemon/rules_answer.h"
#include "daemon/stats_answer.h"
#include "topology/graph_print.h"

namespace tna {
namespace {

constexpr const char* kReasonNames[] = {
#define TNA_REASON_NAME(name, text, meaning) text,
    TNA_REASONS(TNA_REASON_NAME)
#undef TNA_REASON_NAME
};
static_assert(std::size(kReasonNames) == TNA_R_COUNT);

// What really runs on the interface; the plan may not have been possible.
Hook running_hook(const Controller::View& view, IfIndex ifindex) {
  auto found = view.deployer.running().interfaces.find(ifindex);
  return found == view.deployer.running().interfaces.end() ? Hook::none : found->second.hook;
}

std::string why(const Controller::View& view, IfIndex ifindex, const InterfacePlan& plan) {
  auto failed = view.failures.find(ifindex);
  return failed == view.failures.end() ? plan.why : "stays with Linux: " + failed->second;
}

Json module_names(const InterfacePlan& plan) {
  Json names = Json::array();
  for (const PlannedModule& module : plan.modules) names.push_back(module.name);
  return names;
}

Result<Json> interface_status(const Controller::View& view, IfIndex ifindex,
                              const InterfacePlan& plan) {
  tna_counters counters = TRY(view.deployer.counters(ifindex));
  Hook hook = running_hook(view, ifindex);
  Json reasons = Json::object();
  std::uint64_t slow = 0;
  for (int i = 0; i < TNA_R_COUNT; i++) {
    slow += counters.punts[i];
    if (counters.punts[i]) reasons[kReasonNames[i]] = counters.punts[i];
  }
  bool on = hook != Hook::none;
  return Json{{"name", plan.name},
              {"ifindex", ifindex},
              {"hook", to_string(hook)},
              {"native", on && plan.native},
              {"program", on ? view.deployer.facts(plan.program).id : 0},
              {"modules", on ? module_names(plan) : Json::array()},
              {"instructions", on ? view.deployer.facts(plan.program).instructions : 0},
              {"fast_packets", counters.fast_packets},
              {"fast_bytes", counters.fast_bytes},
              {"dropped", counters.dropped},
              {"slow_packets", slow},
              {"reasons", reasons},
              {"why", why(view, ifindex, plan)}};
}

Result<Json> status(const Controller::View& view) {
  Json interfaces = Json::array();
  for (const auto& [ifindex, plan] : view.plan.interfaces)
    interfaces.push_back(TRY(interface_status(view, ifindex, plan)));
  return Json{{"version", TNA_VERSION},
              {"netns", view.options.netns},
              {"generation", view.generation},
              {"last_rebuild_ms", view.last_rebuild_ms},
              {"lease_ms", view.options.config.lease_ms},
              {"paused", view.paused},
              {"missing", view.missing},
              {"counted_connections", counted_connections(view)},
              {"interfaces", interfaces}};
}

Result<Json> graph(const Controller::View& view, const Json& arguments) {
  std::string format = text(arguments, "format", "text");
  std::map<IfIndex, std::string> notes;
  for (const auto& [ifindex, plan] : view.plan.interfaces)
    if (Hook hook = running_hook(view, ifindex); hook != Hook::none)
      notes[ifindex] =
          std::string(to_string(hook)) + ", " + std::to_string(plan.modules.size()) + " modules";
  if (format == "json") return print_json(view.graph, notes);
  std::string drawn;
  if (format == "text")
    drawn = print_text(view.graph, notes);
  else if (format == "dot")
    drawn = print_dot(view.graph, notes);
  else if (format == "svg")
    drawn = print_svg(view.graph, notes);
  else
    return error("graph: unknown format \"" + format + "\": text, dot, svg or json");
  return Json{{"format", format}, {"text", drawn}};
}

Result<Json> pipeline(const Controller::View& view, const Json& arguments) {
  std::string name = text(arguments, "interface");
  auto found = std::ranges::find_if(view.plan.interfaces,
                                    [&](const auto& i) { return i.second.name == name; });
  if (found == view.plan.interfaces.end()) return error("pipeline: no interface \"" + name + "\"");
  const auto& [ifindex, plan] = *found;
  ProgramFacts facts = view.deployer.facts(plan.program);
  Json modules = Json::array(), guards = Json::array(), constants = Json::object();
  for (const PlannedModule& module : plan.modules)
    modules.push_back({{"name", module.name}, {"because", module.because}});
  if (plan.hook() != Hook::none) {
    for (const PlannedGuard& guard : view.plan.guards)
      guards.push_back({{"name", guard.name}, {"value", guard.value}, {"because", guard.because}});
    const tna_const& c = plan.program.constants;
    constants = {{"bridge", c.bridge},
                 {"veth", c.veth},
                 {"suppress", c.suppress},
                 {"bridge_nf4", c.bridge_nf4},
                 {"bridge_nf6", c.bridge_nf6},
                 {"veth_out", c.veth_out},
                 {"vlan", c.vlan},
                 {"route4", c.route4},
                 {"route6", c.route6},
                 {"counts", c.counts}};
  }
  return Json{{"interface", name},        {"hook", to_string(running_hook(view, ifindex))},
              {"native", plan.native},    {"why", why(view, ifindex, plan)},
              {"program_id", facts.id},   {"instructions", facts.instructions},
              {"load_ms", facts.load_ms}, {"modules", modules},
              {"guards", guards},         {"constants", constants}};
}

Json capabilities(const Controller::View& view) {
  Json features = Json::array(), devices = Json::array();
  for (const Feature& feature : view.capabilities.kernel.features)
    features.push_back(
        {{"name", feature.name}, {"available", feature.available}, {"detail", feature.detail}});
  for (const auto& [ifindex, device] : view.capabilities.devices) {
    const Node* node = view.graph.find(ifindex);
    const Node* peer = device.peer_netnsid ? nullptr : view.graph.find(device.peer);
    devices.push_back({{"name", node ? node->name : std::to_string(ifindex)},
                       {"ifindex", ifindex},
                       {"driver", device.driver},
                       {"native_xdp", device.native_xdp()},
                       {"redirect_target", device.redirect_target()},
                       {"xdp_features", device.xdp_features},
                       {"rx_vlan_offload", device.rx_vlan_offload},
                       {"peer", peer                  ? peer->name
                                : device.peer_netnsid ? "in another namespace"
                                                      : ""}});
  }
  return {{"kernel", {{"release", view.capabilities.kernel.release}, {"features", features}}},
          {"devices", devices}};
}

Result<std::vector<std::string>> interface_names(const Json& arguments) {
  std::vector<std::string> names;
  for (const Json& name : items(arguments, "interfaces")) {
    if (!name.is_string()) return error("interfaces: not a list of names");
    names.push_back(name.get<std::string>());
  }
  return names;
}

}  // namespace

Result<Json> answer(Controller& controller, const std::string& command, const Json& arguments,
                    ControlSocket::Caller& caller) {
  if (command == "status") return status(controller.view());
  if (command == "graph") return graph(controller.view(), arguments);
  if (command == "pipeline") return pipeline(controller.view(), arguments);
  if (command == "capabilities") return capabilities(controller.view());
  if (command == "rules") return rules_answer(controller.view(), arguments);
  if (command == "stats") return stats_answer(controller.view(), arguments);
  if (constexpr std::string_view kApp = "app-"; command.starts_with(kApp))
    return app_answer(controller, std::string_view(command).substr(kApp.size()), arguments, caller);
  if (constexpr std::string_view kHook = "hook-"; command.starts_with(kHook))
    return hooks_answer(controller, command.substr(kHook.size()), arguments);
  if (command == "detach")
    return Json{{"interfaces", TRY(controller.detach(TRY(interface_names(arguments))))}};
  if (command == "attach")
    return Json{{"interfaces", TRY(controller.attach(TRY(interface_names(arguments))))}};
  return error("unknown command \"" + command + "\"");
}

}  // namespace tna
