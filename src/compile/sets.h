// SPDX-License-Identifier: Apache-2.0
// sets.h: a set or verdict map of the rules as a BPF map.
#pragma once

#include <optional>

#include "compile/compiled_rules.h"
#include "compile/rule_run.h"

namespace tna {

// The verdicts that its elements may have, in an order of their own: the elements' numbers.
std::vector<Verdict> verdicts_of(const ElementSet&);

// Nothing: there is no such map; intervals of several parts, or keys too long.
std::optional<RuleMap> map_of(const std::string& table, const ElementSet&);

// So few elements, of a set that nobody can add to or that is no map, that comparing is cheaper.
bool to_be_compared(const ElementSet&);

// Intervals of several parts: a run whose rules are the elements. Nothing: the tree can't have
// them, or a key may be in two elements which say different things.
std::optional<RuleRun> run_of(const Lookup&, const ElementSet&, RuleRun empty);

// The same with what the set holds now; nothing: that takes other code. Not for verdict maps.
std::optional<CompiledRules> with_elements(const CompiledRules&, const RuleTable& table,
                                           const ElementSet&);

}  // namespace tna
