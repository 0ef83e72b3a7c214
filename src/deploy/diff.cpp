// SPDX-License-Identifier: Apache-2.0
#include "deploy/diff.h"

#include <cstring>

namespace tna {

bool same_guard(const tna_guard& a, const tna_guard& b) {
  tna_guard left = a, right = b;
  left.reported = right.reported = 0;
  return std::memcmp(&left, &right, sizeof left) == 0;
}

std::vector<Action> diff(const Running& running, const Plan& wanted) {
  std::set<ProgramSpec> needed;
  for (const auto& [ifindex, interface] : wanted.interfaces)
    if (interface.hook() != Hook::none) needed.insert(interface.program);

  std::vector<Action> actions;
  for (const ProgramSpec& program : needed) {
    auto loaded = running.programs.find(program);
    if (loaded == running.programs.end())
      actions.push_back(Load{program, wanted.guard});
    else if (!same_guard(loaded->second, wanted.guard))
      actions.push_back(Rearm{program, wanted.guard});
  }

  for (const auto& [ifindex, interface] : running.interfaces) {
    auto want = wanted.interfaces.find(ifindex);
    if (want == wanted.interfaces.end() || want->second.hook() != interface.hook)
      actions.push_back(Detach{ifindex});
    else if (interface.program != want->second.program)
      actions.push_back(Update{ifindex, want->second.program});
  }
  for (const auto& [ifindex, interface] : wanted.interfaces) {
    if (interface.hook() == Hook::none) continue;
    auto now = running.interfaces.find(ifindex);
    if (now == running.interfaces.end() || now->second.hook != interface.hook())
      actions.push_back(Attach{ifindex, interface.program});
  }
  for (const auto& [program, guard] : running.programs)
    if (!needed.contains(program)) actions.push_back(Unload{program});
  return actions;
}

}  // namespace tna
