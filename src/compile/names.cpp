// SPDX-License-Identifier: Apache-2.0
#include "compile/names.h"

#include <linux/netfilter.h>

#include <algorithm>
#include <cstddef>
#include <set>

#include "tna.h"

namespace tna {
namespace {

constexpr std::size_t kName = 16;
constexpr std::size_t kMostCuts = 400;  // each takes a dozen instructions
constexpr std::size_t kFewTests = 3;    // bytes are compared faster
// Words of the vector that trees do not ask for.
constexpr int kIif = TNA_RULE_WORDS, kOif = kIif + 1;
static_assert(kOif < TNA_RULE_LEAF);

bool is_name(const Operand& operand) {
  return (operand.field == Field::iifname || operand.field == Field::oifname) && !operand.offset &&
         operand.length && operand.length <= kName && operand.then.empty();
}

Interval whole(Interval names) {
  names.low.resize(kName, 0);
  names.high.resize(kName, 0xff);
  return names;
}

// The next one; false: there is none.
bool step(Octets& name) {
  for (std::size_t i = name.size(); i-- > 0;)
    if (++name[i]) return true;
  return false;
}

class Collection {
 public:
  void add(const Operand& operand, const Interval& names) {
    if (!is_name(operand) || names.high < names.low) return;
    Of& of = by_field_[operand.field];
    ++of.tests;
    Interval all = whole(names);
    of.cuts.insert(std::move(all.low));
    if (step(all.high)) of.cuts.insert(std::move(all.high));
  }
  void add(const RuleTable& table, const Step& step) {
    if (auto* test = std::get_if<Test>(&step))
      for (const Interval& names : test->in) add(test->of, names);
    auto* lookup = std::get_if<Lookup>(&step);
    const ElementSet* set =
        lookup && std::ranges::any_of(lookup->key, is_name) ? table.set(lookup->set) : nullptr;
    if (!set || !set->name.starts_with("__")) return;
    for (const SetElement& element : set->elements)
      for (std::size_t i = 0; i < std::min(lookup->key.size(), element.parts.size()); ++i)
        add(lookup->key[i], element.parts[i]);
  }
  std::map<Field, std::vector<Octets>> cuts() const {
    std::map<Field, std::vector<Octets>> found;
    for (const auto& [field, of] : by_field_)
      if (of.tests >= kFewTests && of.cuts.size() <= kMostCuts)
        found[field].assign(of.cuts.begin(), of.cuts.end());
    return found;
  }

 private:
  struct Of {
    std::size_t tests = 0;
    std::set<Octets> cuts;
  };
  std::map<Field, Of> by_field_;
};

}  // namespace

NameNumbers::NameNumbers(const RuleSet& rules, std::uint8_t family) {
  Collection collection;
  for (const RuleTable& table : rules.tables)
    if (table.family == family || (family != NFPROTO_BRIDGE && table.family == NFPROTO_INET))
      for (const RuleChain& chain : table.chains)
        for (const Rule& rule : chain.rules)
          for (const Step& step : rule.steps) collection.add(table, step);
  cuts_ = collection.cuts();
}

std::optional<Range> NameNumbers::range(const Operand& operand, const Interval& names) const {
  auto field = cuts_.find(operand.field);
  if (field == cuts_.end() || !is_name(operand)) return std::nullopt;
  const std::vector<Octets>& cuts = field->second;
  const auto is_cut = [&](const Octets& name) { return std::ranges::binary_search(cuts, name); };
  const auto number = [&](const Octets& name) {
    return static_cast<std::uint32_t>(std::ranges::upper_bound(cuts, name) - cuts.begin());
  };
  const Interval all = whole(names);
  Octets above = all.high;
  if ((!is_cut(all.low) && all.low != Octets(kName, 0)) || (step(above) && !is_cut(above)))
    return std::nullopt;
  return Range{number(all.low), number(all.high)};
}

int NameNumbers::place(Field field) {
  const int word = field == Field::iifname ? kIif : kOif;
  return static_cast<int>(offsetof(tna_rule_facts, vector)) + 4 * word;
}

bool NameNumbers::is_whole(const Operand& operand) {
  return is_name(operand) && operand.length == kName;
}

}  // namespace tna
