// SPDX-License-Identifier: Apache-2.0
// What TableCode writes to find a packet's rule in a tree, or its element in a set.
#include <algorithm>
#include <bit>
#include <cstddef>
#include <tuple>

#include "compile/number_choice.h"
#include "compile/sets.h"
#include "compile/table_code.h"
#include "tna.h"

namespace tna {
namespace {

constexpr int kLookUp = 1;  // BPF_FUNC_map_lookup_elem
// Of a set that there is no tree for.
constexpr std::size_t kMostCompared = 200;
constexpr int kKey = offsetof(tna_rule_facts, key);
constexpr int kVector = offsetof(tna_rule_facts, vector);

}  // namespace

void TableCode::choose(int number_in, const std::vector<Verdict>& verdicts, const Take& take) {
  const Code::Label known = code_.label();
  code_.jump_if(BPF_JLT, number_in, static_cast<std::uint32_t>(verdicts.size()), known);
  end(kPunt);  // of an element that has just come
  code_.place(known);
  if (verdicts.empty()) return;
  const std::size_t before = size_.on_way();
  std::size_t longest = 0;
  const auto measure = [&](const Verdict& verdict) {
    const std::size_t way = size_.on_way();
    take(verdict);
    longest = std::max(longest, size_.on_way() - way);
    size_.more_on_way -= static_cast<std::ptrdiff_t>(size_.on_way() - way);
  };
  const auto write = [&](std::size_t first, std::size_t last) {
    if (!size_.has_room())
      punt("too many rules");
    else if (first == last)
      measure(verdicts[first]);
    else
      return false;
    return true;
  };
  size_.within(7, [&] { choose_number(code_, number_in, 0, verdicts.size() - 1, write); });
  size_.more_on_way -= static_cast<std::ptrdiff_t>(size_.on_way() - before);
  size_.more_on_way += static_cast<std::ptrdiff_t>(std::bit_width(verdicts.size()) + longest);
}

void TableCode::find(const RuleRun& run, const RuleChain& chain, Code::Label back) {
  name_ = {table_.family, table_.name, chain.name, run.outcomes().front().handle};
  const Code::Label none = code_.label();
  act(run, run.outcomes(), chain.name, none, none, none, back);
  code_.place(none);
}

std::optional<std::uint32_t> TableCode::find(const RuleRun& run, Code::Label none) {
  ++size_.finds;
  const auto root = shared_.tree(run);
  if (!root) {
    punt(root.error().message);
    return std::nullopt;
  }
  fill_vector(run.words());
  code_.move(1, kFacts);
  code_.set(2, static_cast<std::int32_t>(*root));
  code_.find_rule();
  code_.jump_if(BPF_JEQ, 0, TNA_RULE_NONE, none);
  return *root;
}

void TableCode::fill_vector(const std::vector<RuleRun::Word>& words) {
  for (std::size_t i = 0; i < TNA_RULE_WORDS; ++i) {
    const int at = kVector + 4 * static_cast<int>(i);
    if (i >= words.size()) {
      code_.store_value(4, kFacts, at, 0);
      continue;
    }
    const Operand& of = words[i].of;
    if (of_device(of.field)) shared_.devices();
    if (words[i].cuts.empty()) {
      operands_.load_tree_word(of);
      code_.store(4, kFacts, at, 1);
      continue;
    }
    size_.search(words[i].cuts.size(), [&] { operands_.count_cuts(of, words[i].cuts, at); });
  }
}

void TableCode::act(const RuleRun& run, const std::vector<RuleRun::Outcome>& outcomes,
                    const std::string& chain, Code::Label none, Code::Label on, Code::Label next,
                    Code::Label back) {
  const auto root = find(run, none);
  if (!root) return;
  // In the order of the verdicts, not of the rules: with others of these the code is the same.
  std::vector<Verdict> verdicts;
  for (const RuleRun::Outcome& outcome : outcomes) verdicts.push_back(outcome.verdict);
  std::ranges::sort(verdicts, {},
                    [](const Verdict& each) { return std::tie(each.decision, each.chain); });
  verdicts.erase(std::ranges::unique(verdicts).begin(), verdicts.end());
  if (verdicts.size() >= TNA_RULE_UNSURE) return punt("more than 254 verdicts");
  std::vector<RuleShared::Action> actions;
  bool counts = false;
  for (const RuleRun::Outcome& outcome : outcomes) {
    const RuleName name{table_.family, table_.name, chain, outcome.handle};
    const auto verdict = std::ranges::find(verdicts, outcome.verdict) - verdicts.begin();
    actions.push_back({static_cast<std::uint32_t>(verdict), std::nullopt});
    if (outcome.counts) actions.back().counts = name;
    counts |= outcome.counts;
    if (outcome.verdict.decision == Decision::punt) shared_.to_linux(name, outcome.verdict.chain);
  }
  shared_.act(*root, std::move(actions));
  code_.move(7, 0);
  if (counts) {
    code_.move(3, 7);
    code_.change(BPF_RSH, 3, 8);
    const Code::Label uncounted = code_.label();
    code_.jump_if(BPF_JEQ, 3, 0, uncounted);
    code_.add_value(3, -1);
    count();
    code_.place(uncounted);
    code_.change(BPF_AND, 7, 255);
  }
  choose(7, verdicts, [&](const Verdict& verdict) {
    take(verdict, next, back);
    code_.jump(on);
  });
}

void TableCode::take(const Lookup& lookup, Code::Label next, Code::Label back) {
  const ElementSet* set = table_.set(lookup.set);
  if (!set) return punt("no set " + lookup.set);
  for (const Operand& operand : lookup.key)
    if (!has(operand)) return;
  for (const Operand& operand : lookup.key) operands_.require(operand, next);
  if (!code_.reachable()) return;
  const Code::Label found = code_.label();
  if (to_be_compared(*set)) {
    compare(lookup, *set, found, next, back);
  } else if (set->intervals && set->parts.size() > 1) {
    find(lookup, *set, found, next, back);
  } else {
    const auto map = shared_.map(table_, *set);
    if (!map) return punt("set " + set->name + " of long keys");
    ask(lookup, *set, *map, found, next, back);
  }
  // Here are those that no element was found for.
  if (set->otherwise && lookup.verdicts) {
    take(*set->otherwise, next, back);
    code_.jump(found);
  } else {
    code_.jump(!!set->otherwise == lookup.inside ? found : next);
  }
  code_.place(found);
}

void TableCode::is_element(const Lookup& lookup, const Verdict& verdict, Code::Label found,
                           Code::Label next, Code::Label back) {
  if (lookup.verdicts) take(verdict, next, back);
  code_.jump(lookup.inside ? found : next);
}

void TableCode::compare(const Lookup& lookup, const ElementSet& set, Code::Label found,
                        Code::Label next, Code::Label back) {
  for (const SetElement& element : set.elements) {
    const Code::Label other = code_.label();
    for (std::size_t i = 0; i < lookup.key.size(); ++i)
      operands_.require_in(lookup.key[i], element.parts[i], other);
    is_element(lookup, element.verdict, found, next, back);
    code_.place(other);
  }
}

void TableCode::find(const Lookup& lookup, const ElementSet& set, Code::Label found,
                     Code::Label next, Code::Label back) {
  if (least_in_tree() > set.elements.size())
    return set.elements.size() <= kMostCompared
               ? compare(lookup, set, found, next, back)
               : punt("set " + set.name + " of several intervals each");
  const auto run = run_of(lookup, set, RuleRun(table_, met_));
  if (!run) return punt("set " + set.name + " of several intervals each");
  const Code::Label none = code_.label();
  std::vector<RuleRun::Outcome> outcomes;
  for (const SetElement& element : set.elements)
    outcomes.push_back({name_.handle, false, lookup.verdicts ? element.verdict : Verdict{}});
  act(*run, outcomes, name_.chain, none, lookup.inside ? found : next, next, back);
  code_.place(none);
}

void TableCode::ask(const Lookup& lookup, const ElementSet& set, int map, Code::Label found,
                    Code::Label next, Code::Label back) {
  int at = kKey;
  if (set.intervals) {
    code_.store_value(4, kFacts, at, 8 * set.parts.front());
    at += 4;
  }
  for (const Operand& operand : lookup.key)
    for (int word = 0; word < words_of(operand.length); ++word, at += 4) {
      operands_.load_word(operand, word);
      code_.store(4, kFacts, at, 1);
    }
  const Code::Label none = code_.label();
  code_.set_map(1, map);
  code_.move(2, kFacts);
  code_.add_value(2, kKey);
  code_.call(kLookUp);
  code_.jump_if_null(0, none);
  if (lookup.verdicts) {
    code_.load(4, 1, 0, 0);
    choose(1, verdicts_of(set),
           [&](const Verdict& verdict) { is_element(lookup, verdict, found, next, back); });
  } else {
    code_.jump(lookup.inside ? found : next);
  }
  code_.place(none);
}

}  // namespace tna
