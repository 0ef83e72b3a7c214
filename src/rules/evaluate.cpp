// SPDX-License-Identifier: Apache-2.0
#include "rules/evaluate.h"

#include <linux/netfilter/nf_conntrack_common.h>

#include <algorithm>
#include <cstring>

namespace tna {
namespace {

constexpr int kDepth = 16;  // of jumps (net/netfilter/nf_tables_core.c: NFT_JUMP_STACK_SIZE)
// Chains that jump to each other a few times each make a packet pass more rules than there is time.
constexpr int kRules = 1'000'000;

void apply(const Mask& mask, Octets& value) {
  for (std::size_t i = 0; i < value.size(); ++i)
    value[i] = (value[i] & mask.keep[i]) ^ mask.flip[i];
}
void apply(const Shift& shift, Octets& value) {
  std::uint32_t number = 0;
  std::memcpy(&number, value.data(), sizeof number);
  number = shift.left ? number << shift.bits : number >> shift.bits;
  std::memcpy(value.data(), &number, sizeof number);
}
void apply(const Swap& swap, Octets& value) {
  for (auto at = value.begin(); at != value.end(); at += swap.size)
    std::reverse(at, at + swap.size);
}

std::optional<Octets> value_of(const Operand& operand, const Facts& facts) {
  const Octets& field = facts[operand.field];
  if (field.size() < std::size_t{operand.offset} + operand.length) return std::nullopt;
  return transformed(operand, field);
}

bool is_in(const Octets& value, const Interval& interval) {
  return interval.low <= value && value <= interval.high;
}

class Evaluation {
 public:
  Evaluation(const RuleTable& table, Facts& facts, Judgement& judgement)
      : table_(table), facts_(facts), judgement_(judgement) {}

  // Accept and drop are the base chain's last word, punt everybody's.
  Decision base_chain(const RuleChain& chain) {
    Decision decision = run(chain, 0);
    if (decision == Decision::back) return chain.base->drops ? Decision::drop : Decision::accept;
    return decision;
  }

 private:
  // Back: the chain has come to its end.
  Decision run(const RuleChain& chain, int depth) {
    if (depth > kDepth) return punt("too many jumps");
    for (const Rule& rule : chain.rules) {
      if (++rules_ > kRules) return punt("too many rules");
      Verdict verdict = this->rule(rule);
      switch (verdict.decision) {
        case Decision::go_on:
          continue;
        case Decision::punt:
          return punt(verdict.chain);
        case Decision::jump:
        case Decision::go: {
          const RuleChain* to = table_.chain(verdict.chain);
          if (!to) return punt("no chain " + verdict.chain);
          Decision decision = run(*to, depth + 1);
          if (decision != Decision::back || verdict.decision == Decision::go) return decision;
          continue;
        }
        default:
          return verdict.decision;
      }
    }
    return Decision::back;
  }

  Verdict rule(const Rule& rule) {
    rule_ = &rule;
    for (const Step& step : rule.steps) {
      Verdict verdict;
      bool holds = std::visit([&](const auto& each) { return take(each, verdict); }, step);
      if (!holds || verdict.decision != Decision::go_on) return verdict;
    }
    return {};
  }

  bool take(const Test& test, Verdict&) {
    auto value = value_of(test.of, facts_);
    if (!value) return false;
    return std::ranges::any_of(
               test.in, [&](const Interval& each) { return is_in(*value, each); }) == test.inside;
  }
  bool take(const Lookup& lookup, Verdict& verdict) {
    std::vector<Octets> key;
    for (const Operand& operand : lookup.key) {
      auto value = value_of(operand, facts_);
      if (!value) return false;
      key.push_back(std::move(*value));
    }
    const ElementSet* set = table_.set(lookup.set);
    const Verdict* found = set ? element(*set, key) : nullptr;
    if (lookup.verdicts && found) verdict = *found;
    return !!found == lookup.inside;
  }
  bool take(const Count&, Verdict&) {
    judgement_.counted.push_back(rule_->handle);
    return true;
  }
  bool take(const SetMark& mark, Verdict&) {
    Octets& field = facts_[Field::mark];
    field.resize(sizeof mark.value);
    std::uint32_t value = 0;
    std::memcpy(&value, field.data(), sizeof value);
    value = (value & mark.keep) ^ mark.value;
    if (mark.from) {
      const auto from = value_of(*mark.from, facts_);
      if (!from) return false;
      std::uint32_t more = 0;
      std::memcpy(&more, from->data(), sizeof more);
      value ^= more;
    }
    std::memcpy(field.data(), &value, sizeof value);
    return true;
  }
  bool take(const SetZone& zone, Verdict&) {
    if (!facts_.zone) facts_.zone = zone;
    return true;
  }
  bool take(const Write& write, Verdict&) {
    std::uint8_t& byte = facts_[Field::network].at(write.offset);
    if (write.more)
      byte = static_cast<std::uint8_t>(std::clamp(byte + write.more, 0, 255));
    else
      byte = (byte & write.keep) ^ write.flip;
    return true;
  }
  bool take(const Verdict& says, Verdict& verdict) {
    verdict = says;
    return true;
  }

  const Verdict* element(const ElementSet& set, const std::vector<Octets>& key) {
    for (const SetElement& element : set.elements) {
      bool is = element.parts.size() == key.size();
      for (std::size_t i = 0; is && i < key.size(); ++i) is = is_in(key[i], element.parts[i]);
      if (is) return &element.verdict;
    }
    return set.otherwise ? &*set.otherwise : nullptr;
  }

  Decision punt(const std::string& why) {
    judgement_.why = why;
    return Decision::punt;
  }

  const RuleTable& table_;
  Facts& facts_;
  Judgement& judgement_;
  const Rule* rule_ = nullptr;
  int rules_ = 0;  // that the packet came to
};

bool is_new(const Facts& facts) {
  std::uint32_t state = 0;
  if (facts[Field::ct_state].size() == sizeof state)
    std::memcpy(&state, facts[Field::ct_state].data(), sizeof state);
  return state & NF_CT_STATE_BIT(IP_CT_NEW);
}

}  // namespace

Octets transformed(const Operand& operand, const Octets& field) {
  auto first = field.begin() + operand.offset;
  Octets value(first, first + operand.length);
  for (const Transform& transform : operand.then)
    std::visit([&](const auto& each) { apply(each, value); }, transform);
  return value;
}

Judgement evaluate(const RuleSet& rules, std::uint8_t family, RuleHook hook, Facts& facts) {
  Judgement judgement;
  for (const auto& [table, chain] : rules.met(family, hook)) {
    if (chain->base->new_flows_only) {
      if (!is_new(facts)) continue;
      return {Decision::punt, "nat of a new connection", std::move(judgement.counted)};
    }
    judgement.decision = Evaluation(*table, facts, judgement).base_chain(*chain);
    if (judgement.decision != Decision::accept) break;
  }
  return judgement;
}

}  // namespace tna
