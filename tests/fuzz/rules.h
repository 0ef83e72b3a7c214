// SPDX-License-Identifier: Apache-2.0
// rules.h: what tnad makes of rules that were read, up to the code; the fuzzers' common end.
#pragma once

#include <cstdlib>

#include "compile/compile.h"
#include "rules/from_nft.h"

namespace tna {

// Code jumps within itself (back to where a chain was called, too), and ends: else the program of a
// whole interface is refused.
inline void require_sound(const std::vector<bpf_insn>& code) {
  for (std::size_t at = 0; at < code.size(); ++at) {
    const int kind = BPF_CLASS(code[at].code), operation = BPF_OP(code[at].code);
    if (kind != BPF_JMP && kind != BPF_JMP32) continue;
    if (operation == BPF_CALL || operation == BPF_EXIT) continue;
    const auto to = static_cast<std::ptrdiff_t>(at) + 1 + code[at].off;
    if (to < 0 || to >= static_cast<std::ptrdiff_t>(code.size())) std::abort();
  }
  if (!code.empty() && code.back().code != (BPF_JMP | BPF_EXIT) &&
      code.back().code != (BPF_JMP | BPF_JA))
    std::abort();
}

inline void use(const nft::Ruleset& read) {
  const RuleSet rules = rules_from_nft(read);
  for (const RuleTable& table : rules.tables)
    for (const RuleChain& chain : table.chains)
      for (const Rule& rule : chain.rules)
        for (const Step& step : rule.steps) static_cast<void>(to_text(step));
  const CompiledRules compiled = compile(rules);
  require_sound(compiled.ipv4);
  require_sound(compiled.ipv6);
}

}  // namespace tna
