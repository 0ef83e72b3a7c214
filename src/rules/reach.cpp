// SPDX-License-Identifier: Apache-2.0
#include "rules/reach.h"

#include <linux/netfilter.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace tna {
namespace {

// The chains and sets of one table.
class Reach {
 public:
  Reach(const RuleTable& table, std::set<nft::Part>& met) : table_(table), met_(met) {
    for (const RuleChain& chain : table.chains) chains_.emplace(chain.name, &chain);
    for (const ElementSet& set : table.sets) sets_.emplace(set.name, &set);
  }

  void begin(const RuleChain& chain) {
    if (!is_fresh(chain.name, false) || chain.base->new_flows_only) return;
    open_.push_back(&chain);
    while (!open_.empty()) {
      const RuleChain& next = *open_.back();
      open_.pop_back();
      for (const Rule& rule : next.rules)
        for (const Step& step : rule.steps) take(step);
    }
  }

 private:
  bool is_fresh(const std::string& name, bool set) {
    return met_.insert({table_.family, table_.name, name, set}).second;
  }
  void take(const Step& step) {
    if (auto* verdict = std::get_if<Verdict>(&step)) return take(*verdict);
    auto* lookup = std::get_if<Lookup>(&step);
    if (!lookup || !is_fresh(lookup->set, true)) return;
    auto set = sets_.find(lookup->set);
    if (set == sets_.end()) return;
    for (const SetElement& element : set->second->elements) take(element.verdict);
    if (set->second->otherwise) take(*set->second->otherwise);
  }
  void take(const Verdict& verdict) {
    if (verdict.decision != Decision::jump && verdict.decision != Decision::go) return;
    if (!is_fresh(verdict.chain, false)) return;
    if (auto to = chains_.find(verdict.chain); to != chains_.end()) open_.push_back(to->second);
  }

  const RuleTable& table_;
  std::set<nft::Part>& met_;
  std::unordered_map<std::string_view, const RuleChain*> chains_;
  std::unordered_map<std::string_view, const ElementSet*> sets_;
  std::vector<const RuleChain*> open_;
};

}  // namespace

std::set<nft::Part> met_by_forwarded(const RuleSet& rules) {
  std::set<nft::Part> met;
  std::unordered_map<const RuleTable*, Reach> tables;
  for (std::uint8_t family : {NFPROTO_IPV4, NFPROTO_IPV6, NFPROTO_BRIDGE})
    for (RuleHook hook : {RuleHook::prerouting, RuleHook::forward, RuleHook::postrouting})
      for (const auto& [table, chain] : rules.met(family, hook))
        tables.try_emplace(table, *table, met).first->second.begin(*chain);
  return met;
}

std::string counters_read_by(const RuleSet& rules) {
  const std::set<nft::Part> met = met_by_forwarded(rules);
  for (const RuleTable& table : rules.tables)
    for (const RuleChain& chain : table.chains) {
      const auto found = std::ranges::find_if(chain.rules, &Rule::reads_counters);
      if (found == chain.rules.end() ||
          !met.contains({table.family, table.name, chain.name, false}))
        continue;
      return std::string(table_family_name(table.family)) + ' ' + table.name + ' ' + chain.name +
             ", rule " + std::to_string(found->handle);
    }
  return {};
}

}  // namespace tna
