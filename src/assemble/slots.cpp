// SPDX-License-Identifier: Apache-2.0
#include "assemble/slots.h"

#include "assemble/modules.h"

namespace tna {
namespace {

constexpr std::string_view kBefore = "before:", kAfter = "after:";

struct Alias {
  const char* name;
  std::vector<int> slots;
};
const Alias kAliases[] = {
    {"start", {TNA_SLOT_before_guards}},
    {"parsed", {TNA_SLOT_after_parse_l2}},
    {"forward", {TNA_SLOT_before_bridge_forward, TNA_SLOT_before_route_forward}},
    {"end", {TNA_SLOT_end}},
};

}  // namespace

Result<std::vector<int>> slots_named(std::string_view name) {
  for (const Alias& alias : kAliases)
    if (alias.name == name) return alias.slots;
  for (bool before : {true, false}) {
    const std::string_view prefix = before ? kBefore : kAfter;
    if (!name.starts_with(prefix)) continue;
    if (auto module = module_named(name.substr(prefix.size())))
      return std::vector<int>{2 * static_cast<int>(*module) + !before};
  }
  std::string all;
  for (const ModuleTraits& module : kModules)
    all += (all.empty() ? "" : ", ") + std::string(module.name);
  return error("there is no slot \"" + std::string(name) +
               "\": start, parsed, forward, end; before: and after: one of " + all);
}

std::string slot_name(int slot) {
  if (slot == TNA_SLOT_end) return "end";
  return std::string(slot % 2 ? kAfter : kBefore) + kModules[slot / 2].name;
}

}  // namespace tna
