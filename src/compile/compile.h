// SPDX-License-Identifier: Apache-2.0
// compile.h: from the rules that a forwarded packet meets to BPF code. User chains are written
// where they are jumped to first (chain_calls.h); what there is no room for goes to Linux.
#pragma once

#include "compile/compiled_rules.h"

namespace tna {

// `zones`: programs can look connections up in any zone; else rules that set one are Linux's.
CompiledRules compile(const RuleSet&, bool zones = true);

}  // namespace tna
