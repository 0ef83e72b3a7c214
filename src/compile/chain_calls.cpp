// SPDX-License-Identifier: Apache-2.0
#include "compile/chain_calls.h"

#include <algorithm>
#include <iterator>

#include "compile/number_choice.h"
#include "compile/sets.h"

namespace tna {
namespace {

// Kept over calls, and not used otherwise: one for chains that call no other so, one for those that
// call them. What is deeper is written where it is jumped to.
constexpr int kNumbers[] = {8, 9};
constexpr int kMostLevels = std::size(kNumbers);
constexpr int kBeingLookedAt = -1;

}  // namespace

ChainCalls::ChainCalls(const RuleTable& table, const RuleChain& base) : table_(table) {
  std::vector<const RuleChain*> to_do{&base};
  while (!to_do.empty()) {
    const RuleChain* chain = to_do.back();
    to_do.pop_back();
    for (const RuleChain* to : jumped_to(*chain))
      if (++jumps_[to] == 1) to_do.push_back(to);
  }
  level(base);
}

std::vector<const RuleChain*> ChainCalls::jumped_to(const RuleChain& chain) const {
  std::vector<const RuleChain*> found;
  const auto add = [&](const Verdict& verdict) {
    if (verdict.decision != Decision::jump && verdict.decision != Decision::go) return;
    if (const RuleChain* to = table_.chain(verdict.chain)) found.push_back(to);
  };
  for (const Rule& rule : chain.rules)
    for (const Step& step : rule.steps) {
      if (auto* verdict = std::get_if<Verdict>(&step)) add(*verdict);
      auto* lookup = std::get_if<Lookup>(&step);
      if (!lookup || !lookup->verdicts) continue;
      const ElementSet* set = table_.set(lookup->set);
      if (!set) continue;
      std::ranges::for_each(verdicts_of(*set), add);
      if (set->otherwise) add(*set->otherwise);
    }
  return found;
}

// How many registers the chain and those below it take up. Chains that jump in a circle, which the
// kernel refuses, are not called.
int ChainCalls::level(const RuleChain& chain) {
  auto [known, fresh] = levels_.try_emplace(&chain, kBeingLookedAt);
  if (!fresh) return known->second == kBeingLookedAt ? kMostLevels : known->second;
  int below = 0;
  for (const RuleChain* to : jumped_to(chain)) below = std::max(below, level(*to));
  if (jumps_[&chain] > 1 && below < kMostLevels && chain.rules.size() > 1)
    calls_[&chain].number_in = kNumbers[below++];
  return levels_[&chain] = below;
}

void ChainCalls::write_returns(Code& code) const {
  for (const Call* call : to_return_) {
    code.place(call->end);
    const std::vector<Code::Label>& to = call->callers;
    choose_number(code, call->number_in, 0, to.size() - 1,
                  [&](std::size_t first, std::size_t last) {
                    if (first == last) code.jump(to[first]);
                    return first == last;
                  });
  }
}

}  // namespace tna
