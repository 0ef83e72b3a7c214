// SPDX-License-Identifier: Apache-2.0
// Plans and what runs in a few words, and actions as text: "load tc; attach 1 tc".
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "deploy/diff.h"

namespace tna::test {

// A program for bridge ports; `suppress`, `bridge_nf4`: switches of modules.
inline ProgramSpec program(Hook hook, int suppress = 0, int bridge_nf4 = 0) {
  ProgramSpec spec{.hook = hook};
  spec.constants.bridge = 1;
  spec.constants.suppress = suppress;
  spec.constants.bridge_nf4 = bridge_nf4;
  return spec;
}

inline tna_guard guard(std::uint64_t net) {
  tna_guard made{};
  made.net = net;
  made.armed = 1;
  return made;
}

inline Plan wanted(const std::vector<std::pair<IfIndex, ProgramSpec>>& interfaces) {
  Plan plan{.guard = guard(1)};
  for (const auto& [ifindex, spec] : interfaces)
    plan.interfaces[ifindex] = {.name = "if" + std::to_string(ifindex), .program = spec};
  return plan;
}

// The plan is carried out.
inline Running running(const Plan& plan) {
  Running now;
  for (const auto& [ifindex, interface] : plan.interfaces) {
    if (interface.hook() == Hook::none) continue;
    now.programs[interface.program] = plan.guard;
    now.interfaces[ifindex] = {interface.hook(), interface.program};
  }
  return now;
}

struct Speaker {
  static std::string name(const ProgramSpec& spec) {
    return std::string(to_string(spec.hook)) + (spec.constants.suppress ? "+suppress" : "") +
           (spec.constants.bridge_nf4 ? "+nf" : "");
  }
  std::string operator()(const Load& a) const { return "load " + name(a.program); }
  std::string operator()(const Rearm& a) const { return "rearm " + name(a.program); }
  std::string operator()(const Update& a) const {
    return "update " + std::to_string(a.ifindex) + " " + name(a.program);
  }
  std::string operator()(const Attach& a) const {
    return "attach " + std::to_string(a.ifindex) + " " + name(a.program);
  }
  std::string operator()(const Detach& a) const { return "detach " + std::to_string(a.ifindex); }
  std::string operator()(const Unload& a) const { return "unload " + name(a.program); }
};

inline std::string spoken(const std::vector<Action>& actions) {
  std::string all;
  for (const Action& action : actions)
    all += (all.empty() ? "" : "; ") + std::visit(Speaker{}, action);
  return all;
}

}  // namespace tna::test
