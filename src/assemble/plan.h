// SPDX-License-Identifier: Apache-2.0
// The plan: which interface gets which program at which hook, and why. Plain data: printable,
// comparable, made without touching the kernel.
#pragma once

#include <compare>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/config.h"
#include "capabilities/capabilities.h"
#include "compile/compiled_rules.h"
#include "tna.h"
#include "topology/graph.h"

namespace tna {

enum class Hook { none, xdp, tc };
const char* to_string(Hook);

// A hook in a program's slot (enum tna_place).
struct HookUse {
  int slot = 0;
  std::uint64_t id = 0;  // InstalledHook::id
  auto operator<=>(const HookUse&) const = default;
};

// What makes a program: equal specs share one loaded program.
struct ProgramSpec {
  Hook hook = Hook::none;
  tna_const constants{};
  std::uint64_t rules = 0;     // Firewall::id of those that are linked in
  std::vector<HookUse> hooks;  // in the order in which they are called in a slot
  bool operator==(const ProgramSpec& other) const { return (*this <=> other) == 0; }
  std::strong_ordering operator<=>(const ProgramSpec& other) const {
    if (hook != other.hook) return hook <=> other.hook;
    if (rules != other.rules) return rules <=> other.rules;
    if (hooks != other.hooks) return hooks <=> other.hooks;
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
  std::set<IfIndex> peer_gro;  // veths whose other end is to have GRO on: Config::peer_gro
  // Why connections that Linux counts stay Linux's; empty: they go on, and programs count them.
  std::string why_linux_counts;
};

// The rules of the namespace that act on forwarded packets, compiled.
struct Firewall {
  std::uint64_t id = 0;                        // another one where the code is another one
  std::uint32_t version = 0;                   // of the rules; 0: there are none
  std::shared_ptr<const CompiledRules> rules;  // nullptr: there are none, or see why_not
  std::string why_not;
  RuleWords words;  // of the moment that they were read at

  // Packets of that family (4 or 6) can be judged by it.
  bool can_judge(int version) const {
    return rules && !(version == 4 ? rules->ipv4 : rules->ipv6).empty();
  }
  // Frames can, by rules for those.
  bool can_judge_frames() const { return can_judge(4) && can_judge(6) && !rules->frames.empty(); }
};

// What became of a veth in Plan::peer_gro.
struct PeerGro {
  std::string failure;  // empty: switched on by us
  bool operator==(const PeerGro&) const = default;
};

inline constexpr char kSteer[] = "steer";  // the kind of hooks that choose where packets leave

// A user's hook: `tna hook add`.
struct InstalledHook {
  std::string name, kind, at;  // at: the slot, as it was said
  std::uint64_t id = 0;        // another one where the code is another one
  std::vector<int> slots;
  std::vector<std::string> interfaces;  // none: all
  int priority = 0;                     // lower ones come first in a slot
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
  Firewall firewall;
  std::map<IfIndex, PeerGro> peer_gro;  // what has been done about earlier plans'
  // Interfaces by which packets come in that applications ask for, and what these ask for.
  std::map<IfIndex, std::string> apps;
  std::vector<InstalledHook> hooks;  // in the order in which they are called in a slot
};

// A function of its arguments.
Plan plan(const Graph&, const Capabilities&, const PlanInputs&);

}  // namespace tna
