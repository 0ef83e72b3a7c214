// SPDX-License-Identifier: Apache-2.0
// What has to be done to come from what runs to what is wanted, as data.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <variant>
#include <vector>

#include "assemble/plan.h"

namespace tna {

// What is attached, as the deployer knows it.
struct RunningInterface {
  Hook hook = Hook::none;
  std::optional<ProgramSpec> program;  // nullopt: taken over from an earlier daemon
};

struct Running {
  std::map<ProgramSpec, tna_guard> programs;  // loaded, and what they are armed with
  std::map<IfIndex, RunningInterface> interfaces;
};

struct Load {
  ProgramSpec program;
  tna_guard guard;
};
// Of a program that stays. One that is to be replaced keeps its old guards, and so fails them: its
// constants need not fit what the new ones stand for.
struct Rearm {
  ProgramSpec program;
  tna_guard guard;
};
struct Update {
  IfIndex ifindex;
  ProgramSpec program;
};  // between two packets
struct Attach {
  IfIndex ifindex;
  ProgramSpec program;
};
struct Detach {
  IfIndex ifindex;
};
struct Unload {
  ProgramSpec program;
};
using Action = std::variant<Load, Rearm, Update, Attach, Detach, Unload>;

// In the order to be carried out. An interface whose hook changes is detached before it is attached
// anew: between the two Linux serves it.
std::vector<Action> diff(const Running& running, const Plan& wanted);

// The guards are equal but for what the programs themselves write.
bool same_guard(const tna_guard&, const tna_guard&);

}  // namespace tna
