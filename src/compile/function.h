// SPDX-License-Identifier: Apache-2.0
// Function: what packets of a family run through, while it is written.
#pragma once

#include <deque>

#include "compile/chain_calls.h"
#include "compile/code_size.h"
#include "compile/rule_shared.h"
#include "rules/rule_set.h"

namespace tna {

inline constexpr int kNext = 0, kPunt = 1, kDrop = 2;  // what it says: enum tna_verdict

struct Function {
  Function(const RuleSet& of, RuleShared& with) : rules(of), shared(with) {}

  const RuleSet& rules;
  RuleShared& shared;
  Code code;
  CodeSize size{code};
  std::deque<ChainCalls> calls;  // by base chain
  bool marked = false;           // before routing packets may get a mark
  bool hops_written = false;     // and another TTL
  bool zoned = false;            // connections may be looked for in another zone than 0
};

}  // namespace tna
