// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "cli/print.h"
#include "cli/table.h"

namespace tna {
namespace {

std::string listed(const Json& names, const char* none) {
  std::string all;
  for (const Json& name : names)
    if (name.is_string()) all += (all.empty() ? "" : ", ") + name.get<std::string>();
  return all.empty() ? none : all;
}

// Of one run, from those that were timed.
std::string time_of(const Json& hook) {
  const auto timed = count(hook, "timed");
  return timed ? fmt::format("{:.0f} ns", number(hook, "nanoseconds") / double(timed)) : "-";
}

std::string print_one(const Json& hook) {
  if (!find(hook, "kind")) return "removed: " + text(hook, "name") + '\n';
  return fmt::format(
      "{}: {} at {}, runs on {}\n", text(hook, "name"), text(hook, "kind"), text(hook, "at"),
      listed(items(hook, "runs_on"), "no interface so far: `tna pipeline` has their modules"));
}

}  // namespace

std::string print_hooks(const Json& answer) {
  if (!find(answer, "hooks")) return print_one(answer);
  const Json &hooks = items(answer, "hooks"), &broken = items(answer, "broken");
  if (hooks.empty() && broken.empty()) return "no hooks in " + text(answer, "folder") + '\n';
  Table table{"HOOK",  "KIND",  "AT",        ">PRIORITY",  "FOR",      "RUNS ON",
              ">RUNS", ">TIME", ">TO LINUX", ">DISCARDED", ">CHANGED", ">STEERED"};
  for (const Json& hook : hooks)
    table.row({text(hook, "name"), text(hook, "kind"), text(hook, "at"),
               std::to_string(static_cast<long>(number(hook, "priority"))),
               listed(items(hook, "interfaces"), "all"), listed(items(hook, "runs_on"), "-"),
               std::to_string(count(hook, "runs")), time_of(hook),
               std::to_string(count(hook, "left")), std::to_string(count(hook, "discarded")),
               std::to_string(count(hook, "changed")), std::to_string(count(hook, "steered"))});
  std::string out = table.text();
  for (const Json& hook : broken)
    out += text(hook, "name") + ": not in use: " + text(hook, "why") + '\n';
  return out;
}

}  // namespace tna
