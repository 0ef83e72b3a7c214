// SPDX-License-Identifier: Apache-2.0
// The plan: which interface gets which program at which hook, and why. Plain data: printable,
// comparable, made without touching the kernel.
#pragma once

#include <compare>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/config.h"
#include "capabilities/capabilities.h"
#include "tna.h"
#include "topology/graph.h"

namespace tna {

enum class Hook { none, xdp, tc };
const char* to_string(Hook);

// What makes a program: equal specs share one loaded program.
struct ProgramSpec {
  Hook hook = Hook::none;
  tna_const constants{};
  bool operator==(const ProgramSpec& other) const { return (*this <=> other) == 0; }
  std::strong_ordering operator<=>(const ProgramSpec& other) const {
    if (hook != other.hook) return hook <=> other.hook;
    return std::memcmp(&constants, &other.constants, sizeof constants) <=> 0;
  }
};

// One step of the path of an interface, with its reason.
struct PlannedModule {
  std::string name, because;
  bool operator==(const PlannedModule&) const = default;
};

struct InterfacePlan {
  std::string name;
  ProgramSpec program;                 // hook none: stays with Linux
  bool native = false;                 // XDP in the driver
  std::vector<PlannedModule> modules;  // in the order of the spine
  std::string why;                     // a sentence: why this hook, or why none
  Hook hook() const { return program.hook; }
  bool operator==(const InterfacePlan&) const = default;
};

// A word of the kernel that programs are bound to.
struct PlannedGuard {
  std::string name, value, because;
  bool operator==(const PlannedGuard&) const = default;
};

struct Plan {
  tna_guard guard{};  // the same for all programs of a namespace
  std::vector<PlannedGuard> guards;
  std::map<IfIndex, InterfacePlan> interfaces;
};

// What else a plan depends on.
struct PlanInputs {
  HookChoice hook_override = HookChoice::automatic;  // --hook; automatic: as the configuration says
  Config config;
  std::set<std::uint32_t> own_programs;  // ids of XDP programs that are ours
  std::set<IfIndex> released;            // taken out by `tna detach IF`
  bool paused = false;                   // `tna detach` of all
  // Bridges that suppress neighbour resolution though no port asks for it: the kernel forgets to
  // switch it off when the last such port leaves (6.18), and netlink does not tell. Programs do.
  std::set<IfIndex> suppressing;
};

// A function of its arguments.
Plan plan(const Graph&, const Capabilities&, const PlanInputs&);

}  // namespace tna
