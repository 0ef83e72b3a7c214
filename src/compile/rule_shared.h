// SPDX-License-Identifier: Apache-2.0
// RuleShared: what all functions of a rule set share: its counters, maps and trees.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compile/compiled_rules.h"
#include "compile/rule_run.h"
#include "compile/sets.h"

namespace tna {

class RuleShared {
 public:
  RuleShared(CompiledRules& rules, bool by_zone) : zones(by_zone), rules_(rules) {}

  const bool zones;  // programs can look connections up in any

  int counter(const RuleName& name) {
    auto [found, fresh] = counters_.try_emplace(name, static_cast<int>(rules_.counted.size()));
    if (fresh) rules_.counted.push_back(name);
    return found->second;
  }
  void to_linux(const RuleName& name, const std::string& why) {
    if (known_.emplace(name, why).second) rules_.to_linux.emplace_back(name, why);
  }
  // Number of the set's map; nothing where it can't be one.
  std::optional<int> map(const RuleTable& table, const ElementSet& set) {
    auto [found, fresh] = maps_.try_emplace(&set, std::nullopt);
    if (!fresh) return found->second;
    if (auto made = map_of(table_family_name(table.family) + (" " + table.name), set)) {
      found->second = static_cast<int>(rules_.maps.size());
      rules_.maps.push_back(std::move(*made));
    }
    return found->second;
  }
  void devices() { rules_.devices = true; }
  // The root of the run's tree.
  Result<std::uint32_t> tree(const RuleRun& run) { return add_tree(rules_.cells, run.boxes()); }
  struct Action {  // of a rule in a tree
    std::uint32_t verdict = 0;
    std::optional<RuleName> counts;
  };
  void act(std::uint32_t root, std::vector<Action> actions) {
    actions_.emplace_back(root, std::move(actions));
  }
  // When all functions are written: counters in the code have the same numbers, whatever rules
  // there are in trees.
  void finish() {
    for (const auto& [root, actions] : actions_) {
      std::vector<std::uint32_t> numbers;
      for (const Action& action : actions) {
        const int counts = action.counts ? counter(*action.counts) + 1 : 0;
        numbers.push_back(action.verdict | static_cast<std::uint32_t>(counts) << 8);
      }
      add_actions(rules_.cells, root, numbers);
    }
  }

 private:
  CompiledRules& rules_;
  std::map<RuleName, int> counters_;
  std::map<RuleName, std::string> known_;
  std::map<const ElementSet*, std::optional<int>> maps_;
  std::vector<std::pair<std::uint32_t, std::vector<Action>>> actions_;  // by root
};

}  // namespace tna
