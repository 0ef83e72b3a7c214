// SPDX-License-Identifier: Apache-2.0
#include "compile/compile.h"

#include <linux/netfilter.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <map>

#include "compile/operand_code.h"
#include "compile/rule_run.h"
#include "compile/sets.h"
#include "tna.h"

namespace tna {
namespace {

constexpr int kNext = 0, kPunt = 1, kDrop = 2;  // enum tna_verdict
constexpr int kLookUp = 1;                      // BPF_FUNC_map_lookup_elem
constexpr std::size_t kMostCode = 30000;        // jumps reach 32,767 instructions
// Fewer rules one after the other are compared with faster than looked for.
constexpr std::size_t kLeastInTree = 24;
constexpr int kKey = offsetof(tna_rule_facts, key);
constexpr int kVector = offsetof(tna_rule_facts, vector);

// What all functions of a rule set share.
class Shared {
 public:
  explicit Shared(CompiledRules& rules) : rules_(rules) {}

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
  // The number of the first.
  std::uint32_t add_actions(const std::vector<std::uint32_t>& actions) {
    const auto first = static_cast<std::uint32_t>(rules_.actions.size());
    rules_.actions.insert(rules_.actions.end(), actions.begin(), actions.end());
    return first;
  }

 private:
  CompiledRules& rules_;
  std::map<RuleName, int> counters_;
  std::map<RuleName, std::string> known_;
  std::map<const ElementSet*, std::optional<int>> maps_;
};

// The chains of one table that are met at one hook.
class TableCode {
 public:
  TableCode(Code& code, Shared& shared, const RuleTable& table, std::uint8_t family, RuleHook hook)
      : code_(code),
        shared_(shared),
        table_(table),
        hook_(hook),
        family_(family),
        legacy_(table.name.starts_with("legacy ")),
        operands_(code, family, hook, legacy_) {}

  // Accepted packets get to what is written next.
  void base_chain(const RuleChain& chain) {
    accepted_ = code_.label();
    const Code::Label policy = code_.label();
    if (chain.base->new_flows_only) {
      end(kPunt);  // conntrack is not followed
    } else {
      write(chain, policy);
      code_.place(policy);
      if (chain.base->drops) end(kDrop);
    }
    code_.place(accepted_);
  }

 private:
  // Packets that come to the chain's end go to `back`.
  void write(const RuleChain& chain, Code::Label back) {
    for (std::size_t at = 0; at < chain.rules.size();) {
      if (!code_.reachable() || code_.size() > kMostCode) break;
      RuleRun run(table_, family_, hook_, legacy_);
      std::size_t end = at;
      while (end < chain.rules.size() && run.add(chain.rules[end])) ++end;
      if (end - at >= kLeastInTree) {
        find(run, chain, back);
        at = end;
      } else {
        for (end = std::max(end, at + 1); at < end; ++at) {
          if (!code_.reachable() || code_.size() > kMostCode) break;
          const Rule& rule = chain.rules[at];
          name_ = {table_.family, table_.name, chain.name, rule.handle};
          const Code::Label next = code_.label();
          write(rule, next, back);
          code_.place(next);
        }
      }
    }
    code_.jump(back);
  }

  // Packets that no rule of the run matches get to what is written next.
  void find(const RuleRun& run, const RuleChain& chain, Code::Label back) {
    name_ = {table_.family, table_.name, chain.name, run.outcomes().front().handle};
    const auto root = shared_.tree(run);
    if (!root) return punt(root.error().message);
    fill_vector(run.words());
    code_.move(1, kFacts);
    code_.set(2, static_cast<std::int32_t>(*root));
    code_.find_rule();
    const Code::Label none = code_.label();
    code_.jump_if(BPF_JEQ, 0, TNA_RULE_NONE, none);
    act(run.outcomes(), chain, none, back);
    code_.place(none);
  }

  void fill_vector(const std::vector<RuleRun::Word>& words) {
    for (std::size_t i = 0; i < TNA_RULE_WORDS; ++i) {
      const int at = kVector + 4 * static_cast<int>(i);
      if (i >= words.size()) {
        code_.store_value(4, kFacts, at, 0);
        continue;
      }
      const Operand& of = words[i].of;
      if (of.field == Field::iifname || of.field == Field::oifname || of.field == Field::iifgroup ||
          of.field == Field::oifgroup)
        shared_.devices();
      if (words[i].cuts.empty()) {
        operands_.load_number(of);
        code_.store(4, kFacts, at, 1);
        continue;
      }
      const Code::Label counted = code_.label();
      for (std::size_t cut = 0; cut < words[i].cuts.size(); ++cut) {
        code_.store_value(4, kFacts, at, static_cast<std::int32_t>(cut));
        operands_.require_at_least(of, words[i].cuts[cut], counted);
      }
      code_.store_value(4, kFacts, at, static_cast<std::int32_t>(words[i].cuts.size()));
      code_.place(counted);
    }
  }

  // Register 0 has the number of the rule that was found.
  void act(const std::vector<RuleRun::Outcome>& outcomes, const RuleChain& chain, Code::Label next,
           Code::Label back) {
    std::vector<Verdict> verdicts;
    std::vector<std::uint32_t> actions;
    for (const RuleRun::Outcome& outcome : outcomes) {
      auto verdict = std::ranges::find(verdicts, outcome.verdict);
      if (verdict == verdicts.end()) verdict = verdicts.insert(verdict, outcome.verdict);
      const RuleName name{table_.family, table_.name, chain.name, outcome.handle};
      const int counter = outcome.counts ? shared_.counter(name) + 1 : 0;
      actions.push_back(static_cast<std::uint32_t>(verdict - verdicts.begin()) |
                        static_cast<std::uint32_t>(counter) << 8);
      if (outcome.verdict.decision == Decision::punt) shared_.to_linux(name, outcome.verdict.chain);
    }
    if (verdicts.size() > 255) return punt("more than 255 verdicts");
    if (std::ranges::all_of(actions, [](std::uint32_t action) { return action == 0; })) {
      take(verdicts.front(), next, back);
      return code_.jump(next);
    }
    code_.add_value(0, static_cast<std::int32_t>(shared_.add_actions(actions)));
    code_.store(4, kFacts, kKey, 0);
    code_.set_map(1, kActionsMap);
    code_.move(2, kFacts);
    code_.add_value(2, kKey);
    code_.call(kLookUp);
    const Code::Label there = code_.label();
    const Code::Label none = code_.label();
    code_.jump_if_null(0, none);
    code_.jump(there);
    code_.place(none);  // can't be
    end(kPunt);
    code_.place(there);
    code_.load(4, 7, 0, 0);
    code_.move(3, 7);
    code_.change(BPF_RSH, 3, 8);
    const Code::Label uncounted = code_.label();
    code_.jump_if(BPF_JEQ, 3, 0, uncounted);
    code_.add_value(3, -1);
    count();
    code_.place(uncounted);
    code_.change(BPF_AND, 7, 255);
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
      const Code::Label other = code_.label();
      code_.jump_if(BPF_JNE, 7, static_cast<std::uint32_t>(i), other);
      take(verdicts[i], next, back);
      code_.jump(next);
      code_.place(other);
    }
    end(kPunt);
  }

  void write(const Rule& rule, Code::Label next, Code::Label back) {
    for (const Step& step : rule.steps) {
      if (!code_.reachable()) return;
      std::visit([&](const auto& each) { take(each, next, back); }, step);
    }
  }

  void end(int verdict) {
    code_.set(0, verdict);
    code_.exit();
  }
  void punt(const std::string& why) {
    shared_.to_linux(name_, why);
    end(kPunt);
  }

  // What kind of code the operand's facts take, and whether there can be such.
  bool has(const Operand& operand) {
    const std::string why = operands_.why_not(operand);
    if (!why.empty()) {
      punt(why);
      return false;
    }
    if (operand.field == Field::iifname || operand.field == Field::oifname ||
        operand.field == Field::iifgroup || operand.field == Field::oifgroup)
      shared_.devices();
    return true;
  }

  void take(const Test& test, Code::Label next, Code::Label) {
    if (!has(test.of)) return;
    operands_.require(test.of, next);
    if (!test.inside) {
      for (const Interval& interval : test.in) {
        const Code::Label other = code_.label();
        operands_.require_in(test.of, interval, other);
        code_.jump(next);
        code_.place(other);
      }
      return;
    }
    const Code::Label holds = code_.label();
    for (const Interval& interval : test.in) {
      const Code::Label other = code_.label();
      operands_.require_in(test.of, interval, other);
      code_.jump(holds);
      code_.place(other);
    }
    code_.jump(next);
    code_.place(holds);
  }

  void take(const Count&, Code::Label, Code::Label) {
    code_.set(3, shared_.counter(name_));
    count();
  }

  // The counter whose number is in register 3.
  void count() {
    const Code::Label room = code_.label();
    code_.load(4, 1, kFacts, offsetof(tna_rule_facts, counted));
    code_.jump_if(BPF_JLT, 1, TNA_RULES_COUNTED, room);
    end(kPunt);
    code_.place(room);
    code_.move(2, 1);
    code_.change(BPF_LSH, 2, 2);
    code_.add(2, kFacts);
    code_.store(4, 2, offsetof(tna_rule_facts, counters), 3);
    code_.add_value(1, 1);
    code_.store(4, kFacts, offsetof(tna_rule_facts, counted), 1);
  }

  void take(const SetMark& mark, Code::Label, Code::Label) {
    constexpr int kMark = offsetof(tna_rule_facts, mark);
    if (mark.keep) {
      code_.load(4, 1, kFacts, kMark);
      code_.change(BPF_AND, 1, mark.keep);
      code_.change(BPF_XOR, 1, mark.value);
      code_.store(4, kFacts, kMark, 1);
    } else {
      code_.store_value(4, kFacts, kMark, static_cast<std::int32_t>(mark.value));
    }
    if (hook_ == RuleHook::prerouting)
      code_.store_value(4, kFacts, offsetof(tna_rule_facts, marked_early), 1);
  }

  void take(const Verdict& verdict, Code::Label next, Code::Label back) {
    switch (verdict.decision) {
      case Decision::accept:
        return code_.jump(accepted_);
      case Decision::drop:
        return end(kDrop);
      case Decision::go_on:
        return;
      case Decision::back:
        return code_.jump(back);
      case Decision::punt:
        return punt(verdict.chain);
      case Decision::jump:
      case Decision::go: {
        const RuleChain* to = table_.chain(verdict.chain);
        if (!to) return punt("no chain " + verdict.chain);
        const RuleName here = name_;
        write(*to, verdict.decision == Decision::go ? back : next);
        name_ = here;
        return;
      }
    }
  }

  void take(const Lookup& lookup, Code::Label next, Code::Label back) {
    const ElementSet* set = table_.set(lookup.set);
    if (!set) return punt("no set " + lookup.set);
    for (const Operand& operand : lookup.key)
      if (!has(operand)) return;
    for (const Operand& operand : lookup.key) operands_.require(operand, next);
    if (!code_.reachable()) return;
    const Code::Label found = code_.label();
    if (to_be_compared(*set)) {
      compare(lookup, *set, found, next, back);
    } else {
      const auto map = shared_.map(table_, *set);
      if (!map) return punt("set " + set->name + " of several intervals each");
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

  // An element was found: its verdict, or the answer is yes.
  void is_element(const Lookup& lookup, const Verdict& verdict, Code::Label found, Code::Label next,
                  Code::Label back) {
    if (lookup.verdicts) take(verdict, next, back);
    code_.jump(lookup.inside ? found : next);
  }

  void compare(const Lookup& lookup, const ElementSet& set, Code::Label found, Code::Label next,
               Code::Label back) {
    for (const SetElement& element : set.elements) {
      const Code::Label other = code_.label();
      for (std::size_t i = 0; i < lookup.key.size(); ++i)
        operands_.require_in(lookup.key[i], element.parts[i], other);
      is_element(lookup, element.verdict, found, next, back);
      code_.place(other);
    }
  }

  void ask(const Lookup& lookup, const ElementSet& set, int map, Code::Label found,
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
      const std::vector<Verdict> verdicts = verdicts_of(set);
      code_.load(4, 1, 0, 0);
      for (std::size_t i = 0; i < verdicts.size(); ++i) {
        const Code::Label other = code_.label();
        code_.jump_if(BPF_JNE, 1, static_cast<std::uint32_t>(i), other);
        is_element(lookup, verdicts[i], found, next, back);
        code_.place(other);
      }
      end(kPunt);  // an element that has just come, with a verdict that none had
    } else {
      code_.jump(lookup.inside ? found : next);
    }
    code_.place(none);
  }

  Code& code_;
  Shared& shared_;
  const RuleTable& table_;
  RuleHook hook_;
  std::uint8_t family_;
  bool legacy_;
  OperandCode operands_;
  RuleName name_;  // of the rule at hand
  Code::Label accepted_ = 0;
};

// Routing is between the hooks, and takes one from the TTL.
void one_hop_less(Code& code, std::uint8_t family) {
  const int ttl =
      static_cast<int>(offsetof(tna_rule_facts, network)) + (family == NFPROTO_IPV4 ? 8 : 7);
  code.load(1, 1, kFacts, ttl);
  code.add_value(1, -1);
  code.store(1, kFacts, ttl, 1);
}

Result<std::vector<bpf_insn>> function(const RuleSet& rules, std::uint8_t family, Shared& shared) {
  Code code;
  code.move(kFacts, 1);
  for (RuleHook hook : {RuleHook::prerouting, RuleHook::forward, RuleHook::postrouting}) {
    if (hook == RuleHook::forward) one_hop_less(code, family);
    for (const auto& [table, chain] : rules.met(family, hook))
      TableCode(code, shared, *table, family, hook).base_chain(*chain);
  }
  code.set(0, kNext);
  code.exit();
  if (code.size() > kMostCode) return error("too many rules to be written one after the other");
  return code.finish();
}

bool same(const std::vector<bpf_insn>& a, const std::vector<bpf_insn>& b) {
  return std::ranges::equal(a, b, [](const bpf_insn& x, const bpf_insn& y) {
    return x.code == y.code && x.dst_reg == y.dst_reg && x.src_reg == y.src_reg && x.off == y.off &&
           x.imm == y.imm;
  });
}

}  // namespace

CompiledRules compile(const RuleSet& rules) {
  CompiledRules compiled;
  Shared shared(compiled);
  for (auto [family, code, why_not] :
       {std::tuple{NFPROTO_IPV4, &compiled.ipv4, &compiled.why_not4},
        std::tuple{NFPROTO_IPV6, &compiled.ipv6, &compiled.why_not6}}) {
    auto made = function(rules, static_cast<std::uint8_t>(family), shared);
    if (made)
      *code = std::move(*made);
    else
      *why_not = made.error().message;
  }
  return compiled;
}

bool CompiledRules::same_code(const CompiledRules& other) const {
  return same(ipv4, other.ipv4) && same(ipv6, other.ipv6) && devices == other.devices &&
         std::ranges::equal(maps, other.maps, &RuleMap::same_shape) && counted == other.counted &&
         actions == other.actions && cells.size() == other.cells.size() &&
         std::memcmp(cells.data(), other.cells.data(), cells.size() * sizeof cells[0]) == 0;
}

}  // namespace tna
