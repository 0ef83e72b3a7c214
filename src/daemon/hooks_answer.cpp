// SPDX-License-Identifier: Apache-2.0
#include "daemon/hooks_answer.h"

#include <algorithm>

namespace tna {
namespace {

// Interfaces in whose programs it really is.
Json runs_on(const Controller::View& view, std::uint64_t id) {
  Json names = Json::array();
  for (const auto& [ifindex, running] : view.deployer.running().interfaces) {
    if (!running.program ||
        std::ranges::find(running.program->hooks, id, &HookUse::id) == running.program->hooks.end())
      continue;
    auto plan = view.plan.interfaces.find(ifindex);
    if (plan != view.plan.interfaces.end()) names.push_back(plan->second.name);
  }
  return names;
}

Result<Json> list(const Controller::View& view) {
  Json hooks = Json::array(), broken = Json::array();
  for (const HookKeeper::Hook& hook : view.hooks.hooks()) {
    const tna_hook_counters counters = TRY(hook.object->counters());
    hooks.push_back({{"name", hook.planned.name},
                     {"kind", hook.planned.kind},
                     {"function", hook.object->function()},
                     {"at", hook.planned.at},
                     {"interfaces", hook.planned.interfaces},
                     {"priority", hook.planned.priority},
                     {"state", view.hooks.pins_of(hook.planned.name)},
                     {"runs_on", runs_on(view, hook.planned.id)},
                     {"runs", counters.runs},
                     {"left", counters.left},
                     {"discarded", counters.discarded},
                     {"changed", counters.changed},
                     {"steered", counters.steered},
                     {"timed", counters.timed},
                     {"nanoseconds", counters.nanoseconds}});
  }
  for (const HookKeeper::Broken& hook : view.hooks.broken())
    broken.push_back({{"name", hook.name}, {"why", hook.why}});
  return Json{{"folder", view.hooks.folder()}, {"hooks", hooks}, {"broken", broken}};
}

Result<InstalledHook> wanted(const Json& arguments) {
  InstalledHook hook{.name = text(arguments, "name"), .at = text(arguments, "at", "start")};
  if (const Json* priority = find(arguments, "priority")) {
    if (!priority->is_number_integer() || priority->get<std::int64_t>() < -kHookPriorities ||
        priority->get<std::int64_t>() > kHookPriorities)
      return error("priority: a number from -" + std::to_string(kHookPriorities) + " to " +
                   std::to_string(kHookPriorities));
    hook.priority = priority->get<int>();
  }
  for (const Json& name : items(arguments, "interfaces")) {
    if (!name.is_string()) return error("interfaces: not a list of names");
    hook.interfaces.push_back(name.get<std::string>());
  }
  return hook;
}

}  // namespace

Result<Json> hooks_answer(Controller& controller, const std::string& what, const Json& arguments) {
  const std::string file = text(arguments, "file"), name = text(arguments, "name");
  if (what == "list") return list(controller.view());
  if (what == "remove") {
    TRY(controller.remove_hook(name));
    return Json{{"name", name}};
  }
  if (what != "add" && what != "replace") return error("unknown command \"hook-" + what + "\"");
  if (!file.starts_with('/'))
    return error("file: an absolute path is needed, not \"" + file + "\"");
  const std::string done = what == "add" ? TRY(controller.add_hook(file, TRY(wanted(arguments))))
                                         : TRY(controller.replace_hook(name, file));
  const Json all = TRY(list(controller.view()));
  for (const Json& hook : items(all, "hooks"))
    if (text(hook, "name") == done) return hook;
  return error("the hook is not there");
}

}  // namespace tna
