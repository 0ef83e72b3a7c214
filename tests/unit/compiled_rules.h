// SPDX-License-Identifier: Apache-2.0
// compiled_rules.h: compiled rules in the kernel, asked about one packet at a time.
#pragma once

#include "compile/compile.h"
#include "deploy/rule_maps.h"
#include "rules/evaluate.h"

namespace tna {

// What evaluate() is to know of a packet with these facts, in chains of that hook.
Facts facts_of(const tna_rule_facts&, std::uint8_t family, RuleHook);

// Trees find nothing here: tests/fpm has them whole.
class RulesInKernel {
 public:
  static Result<RulesInKernel> load(const CompiledRules&, std::uint8_t family);
  // Of IP, what says the zone.
  static Result<RulesInKernel> load_zones(const CompiledRules&, std::uint8_t family);
  struct Answer {
    Decision decision = Decision::punt;
    tna_rule_facts facts{};                                          // as the rules leave them
    std::vector<std::uint64_t> counted(const CompiledRules&) const;  // handles
  };
  Answer ask(const tna_rule_facts&) const;
  std::uint32_t verified() const;  // instructions that the verifier has gone through

 private:
  static Result<RulesInKernel> load(const CompiledRules&, const std::vector<bpf_insn>& function);
  explicit RulesInKernel(RuleMaps maps) : maps_(std::move(maps)) {}
  RuleMaps maps_;
  Fd facts_, program_;
};

}  // namespace tna
