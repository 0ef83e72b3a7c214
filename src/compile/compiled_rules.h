// SPDX-License-Identifier: Apache-2.0
// CompiledRules: a rule set as the fast path has it: code, the sets that it asks, and which rules
// it counts. Plain data.
#pragma once

#include <linux/bpf.h>

#include <compare>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "compile/tree.h"
#include "rules/rule_set.h"

namespace tna {

// A set or verdict map as a BPF map.
struct RuleMap {
  enum class Kind { hash, prefixes };
  Kind kind = Kind::hash;
  std::string table, set;
  // Of a key. Prefixes begin with their length in bits, 4 bytes as the machine has them.
  std::uint32_t key_bytes = 0;
  std::uint32_t capacity = 0;                              // elements
  std::vector<std::pair<Octets, std::uint32_t>> elements;  // by key; the number of its verdict
  bool same_shape(const RuleMap&) const;                   // what the code depends on
};

struct RuleName {
  std::uint8_t family = 0;  // of its table, NFPROTO_*
  std::string table, chain;
  std::uint64_t handle = 0;
  auto operator<=>(const RuleName&) const = default;
};

// In code, instead of where the spine's tna_rule_ask() begins, which is known when it is linked.
inline constexpr std::int32_t kFindRule = -1;

struct CompiledRules {
  // Each a function of (struct tna_rule_facts *) that says TNA_NEXT, TNA_PUNT or TNA_DROP; maps are
  // named by their number. Empty: see why_not.
  std::vector<bpf_insn> ipv4, ipv6;
  std::string why_not4, why_not6;
  // The same for packets of other protocols: there are rules for frames, which are in the others,
  // too.
  std::vector<bpf_insn> frames;
  std::string why_not_frames;
  // The same of those alone that packets meet before Linux looks for their connections: they leave
  // in the facts in which zone it does. Empty: in 0 for all.
  std::vector<bpf_insn> zones4, zones6;
  // All three are needed for frames; empty: they are there.
  std::string why_frames_not_judged() const {
    return !why_not_frames.empty() ? why_not_frames : !why_not4.empty() ? why_not4 : why_not6;
  }
  std::vector<RuleMap> maps;
  RuleCells cells;                // of runs of many rules: trees, and what the rules found do
  std::vector<RuleName> counted;  // by number of their counter: first those in the code
  std::vector<std::pair<RuleName, std::string>> to_linux;  // and why
  std::string counters_read_by;                            // counters of connections: rules/reach.h
  bool devices = false;                                    // names or groups are asked for
  // Programs need not be loaded anew: equal but for the elements of sets, and what is in trees.
  bool same_code(const CompiledRules&) const;
  std::size_t counters() const;  // that there is room for
};

}  // namespace tna
