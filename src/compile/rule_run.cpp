// SPDX-License-Identifier: Apache-2.0
#include "compile/rule_run.h"

#include <linux/netfilter.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <tuple>

#include "rules/evaluate.h"

namespace tna {
namespace {

constexpr std::size_t kMostConditions = 64;  // of one rule
constexpr std::size_t kMostCuts = 64;        // of one name
constexpr std::size_t kMostElements = 64;    // of a set that is written out

bool is_in(const Octets& value, const Interval& interval) {
  return interval.low <= value && value <= interval.high;
}

// What shorter operands are the beginning of, so that rules about them ask for one word.
Operand whole(Operand operand, std::uint8_t family) {
  struct Row {
    Field field;
    std::uint8_t family, offset, length;
  };
  constexpr Row kRows[] = {
      {Field::network, NFPROTO_IPV4, 12, 4},
      {Field::network, NFPROTO_IPV4, 16, 4},
      {Field::network, NFPROTO_IPV6, 8, 16},
      {Field::network, NFPROTO_IPV6, 24, 16},
      {Field::transport, 0, 0, 2},
      {Field::transport, 0, 2, 2},
      {Field::iifname, 0, 0, 16},
      {Field::oifname, 0, 0, 16},
  };
  for (const Row& row : kRows)
    if (operand.field == row.field && (!row.family || row.family == family) &&
        operand.offset == row.offset && operand.length < row.length)
      operand.length = row.length;
  return operand;
}

std::uint32_t number_of(const Octets& octets, std::size_t first = 0, std::size_t count = 4) {
  std::uint32_t number = 0;
  for (std::size_t i = first; i < std::min(first + count, octets.size()); ++i)
    number = number << 8 | octets[i];
  return number;
}

// One more, or one less; false: there is none.
bool step(Octets& octets, bool up) {
  for (std::size_t i = octets.size(); i-- > 0;)
    if (up ? ++octets[i] != 0 : octets[i]-- != 0) return true;
  return false;
}

// All that is in none of them.
std::vector<Interval> others(std::vector<Interval> intervals, std::size_t length) {
  std::ranges::sort(intervals, {}, &Interval::low);
  std::vector<Interval> gaps;
  Octets next(length, 0);
  for (const Interval& each : intervals) {
    if (next < each.low) {
      Octets before = each.low;
      step(before, false);
      gaps.push_back({next, before});
    }
    if (each.high < next) continue;
    next = each.high;
    if (!step(next, true)) return gaps;
  }
  gaps.push_back({next, Octets(length, 0xff)});
  return gaps;
}

// "value & mask == x" as a range of values, where the mask is of a prefix.
bool unmask(const Mask& mask, Interval& interval) {
  if (interval.low != interval.high) return false;
  bool ended = false;
  for (std::size_t i = 0; i < mask.keep.size(); ++i) {
    const auto rest = static_cast<std::uint8_t>(~mask.keep[i]);
    if (mask.flip[i] || (ended && mask.keep[i]) || (rest & (rest + 1))) return false;
    ended |= rest != 0;
    interval.high[i] = interval.low[i] | rest;
  }
  return true;
}

bool fits_mask(const Mask& mask, const Interval& interval) {
  for (std::size_t i = 0; i < mask.keep.size(); ++i)
    if (interval.low[i] & ~mask.keep[i]) return false;
  return true;
}

// The place of each when they are sorted: so the code does not depend on which rule comes first.
std::vector<std::size_t> ranks(const std::vector<Operand>& operands) {
  std::vector<std::size_t> order(operands.size()), ranks(operands.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, {}, [&](std::size_t i) {
    return std::tie(operands[i].field, operands[i].offset, operands[i].length);
  });
  for (std::size_t i = 0; i < order.size(); ++i) ranks[order[i]] = i;
  return ranks;
}

template <typename T, typename Meet>
bool join(std::map<std::size_t, T>& to, const std::map<std::size_t, T>& more, Meet meet) {
  for (const auto& [key, value] : more)
    if (auto [found, fresh] = to.try_emplace(key, value); !fresh && !meet(found->second, value))
      return false;
  return true;
}

}  // namespace

std::size_t RuleRun::word(const Operand& operand) {
  auto found = std::ranges::find(operands_, operand);
  if (found == operands_.end()) found = operands_.insert(found, operand);
  return static_cast<std::size_t>(found - operands_.begin());
}

bool RuleRun::of_words(const Operand& operand, const std::vector<Interval>& intervals, bool inside,
                       Conditions& found) {
  for (const Interval& interval : inside ? intervals : others(intervals, operand.length)) {
    Condition condition;
    for (std::size_t at = 0; at < operand.length; at += 4) {
      const std::size_t bytes = std::min<std::size_t>(4, operand.length - at);
      const Range range{number_of(interval.low, at, bytes), number_of(interval.high, at, bytes)};
      Operand part = operand;
      part.offset = static_cast<std::uint8_t>(operand.offset + at);
      part.length = static_cast<std::uint8_t>(bytes);
      condition.words[word(part)] = range;
      if (range.low == range.high) continue;
      // Further words must be free: the interval is that of a prefix, or a range in its last word.
      const auto rest = static_cast<std::ptrdiff_t>(at + bytes);
      if (std::any_of(interval.low.begin() + rest, interval.low.end(),
                      [](auto each) { return each != 0; }) ||
          std::any_of(interval.high.begin() + rest, interval.high.end(),
                      [](auto each) { return each != 0xff; }))
        return false;
      break;
    }
    found.push_back(std::move(condition));
  }
  return true;
}

bool RuleRun::of_name(const Operand& operand, const std::vector<Interval>& intervals, bool inside,
                      Conditions& found) {
  const std::vector<Interval> wanted = inside ? intervals : others(intervals, operand.length);
  Conditions numbered;
  for (const Interval& interval : wanted)
    if (const auto range = met_.names->range(operand, interval))
      numbered.push_back({{{word(operand), *range}}, {}});
  if (numbered.size() == wanted.size()) {
    std::ranges::move(numbered, std::back_inserter(found));
    return true;
  }
  auto name = std::ranges::find(names_, operand);
  if (name == names_.end()) name = names_.insert(name, operand);
  const auto number = static_cast<std::size_t>(name - names_.begin());
  for (const Interval& interval : wanted) found.push_back({{}, {{number, interval}}});
  return true;
}

bool RuleRun::conditions_of(const Operand& from, std::vector<Interval> intervals, bool inside,
                            Conditions& found) {
  if (met_.frames || !why_not(from, met_).empty() || unclear(from, met_) != Unclear::none ||
      from.field == Field::bridged)
    return false;
  if (never_there(from, met_)) return true;
  if (auto value = constant_of(from.field, met_)) {
    const Octets seen = transformed(from, *value);
    if (std::ranges::any_of(intervals, [&](const auto& each) { return is_in(seen, each); }) ==
        inside)
      found.push_back({});
    return true;
  }
  Operand operand = from;
  if (operand.length == 1 && !operand.then.empty()) {
    std::vector<Interval> raw;
    for (unsigned value = 0; value < 256; ++value) {
      Octets seen(operand.offset + 1u, static_cast<std::uint8_t>(value));
      seen = transformed(from, seen);
      if (std::ranges::any_of(intervals, [&](const auto& each) { return is_in(seen, each); }) !=
          inside)
        continue;
      const Octets octet{static_cast<std::uint8_t>(value)};
      if (!raw.empty() && raw.back().high[0] + 1u == value)
        raw.back().high = octet;
      else
        raw.push_back({octet, octet});
    }
    operand.then.clear();
    return of_words(operand, raw, true, found);
  }
  if (operand.then.size() == 1)
    if (auto* mask = std::get_if<Mask>(&operand.then.front());
        mask &&
        std::ranges::all_of(intervals, [&](Interval each) { return unmask(*mask, each); })) {
      std::erase_if(intervals, [&](const Interval& each) { return !fits_mask(*mask, each); });
      for (Interval& each : intervals) unmask(*mask, each);
      operand.then.clear();
    }
  if (!operand.then.empty())
    return operand.length <= 4 && of_words(operand, intervals, inside, found);
  operand = whole(operand, met_.family);
  for (Interval& each : intervals) {
    each.low.resize(operand.length, 0);
    each.high.resize(operand.length, 0xff);
  }
  if (operand.length <= 4 || operand.field == Field::network)
    return of_words(operand, intervals, inside, found);
  return of_name(operand, intervals, inside, found);
}

bool RuleRun::conditions(const Rule& rule, Conditions& all, Outcome& outcome) {
  // So much of the transport header is there, as the protocol that the rule asks for has it.
  int there = 4;
  const auto asks_for = [](const Test& test, std::uint8_t protocol) {
    return test.of == Operand{Field::l4proto, 0, 1, {}} && test.inside && test.in.size() == 1 &&
           test.in[0].low == Octets{protocol} && test.in[0].high == Octets{protocol};
  };
  const auto is_there = [&](const Operand& operand) {
    return operand.field != Field::transport || operand.offset + operand.length <= there;
  };
  all = {{}};
  bool ended = false;
  for (const Step& step : rule.steps) {
    if (ended) return false;
    Conditions here;
    if (auto* test = std::get_if<Test>(&step)) {
      if (asks_for(*test, IPPROTO_TCP)) there = 20;
      if (asks_for(*test, IPPROTO_UDP)) there = 8;
      if (outcome.counts || !is_there(test->of) ||
          !conditions_of(test->of, test->in, test->inside, here))
        return false;
    } else if (auto* lookup = std::get_if<Lookup>(&step)) {
      const ElementSet* set = table_.set(lookup->set);
      if (!set || outcome.counts || !set->name.starts_with("__") || lookup->verdicts ||
          set->otherwise || set->elements.size() > kMostElements ||
          !std::ranges::all_of(lookup->key, is_there) ||
          (!lookup->inside && lookup->key.size() > 1))
        return false;
      if (lookup->key.size() == 1) {
        std::vector<Interval> intervals;
        for (const SetElement& element : set->elements) intervals.push_back(element.parts.front());
        if (!conditions_of(lookup->key.front(), intervals, lookup->inside, here)) return false;
      } else {
        for (const SetElement& element : set->elements) {
          Conditions parts{{}};
          for (std::size_t i = 0; i < lookup->key.size(); ++i) {
            Conditions part;
            if (!conditions_of(lookup->key[i], {element.parts[i]}, true, part) ||
                !meet(parts, part))
              return false;
          }
          here.insert(here.end(), parts.begin(), parts.end());
        }
      }
    } else if (std::holds_alternative<Count>(step)) {
      if (outcome.counts) return false;
      outcome.counts = true;
      continue;
    } else if (auto* verdict = std::get_if<Verdict>(&step)) {
      if (verdict->decision == Decision::go_on || verdict->decision == Decision::jump) return false;
      outcome.verdict = *verdict;
      ended = true;
      continue;
    } else {
      return false;
    }
    if (!meet(all, here)) return false;
  }
  return ended;
}

// Both hold. False: too many ways.
bool RuleRun::meet(Conditions& all, const Conditions& more) {
  Conditions both;
  for (const Condition& one : all)
    for (const Condition& other : more) {
      Condition made = one;
      const bool words = join(made.words, other.words, [](Range& a, const Range& b) {
        a = {std::max(a.low, b.low), std::min(a.high, b.high)};
        return a.low <= a.high;
      });
      const bool names = join(made.names, other.names, [](Interval& a, const Interval& b) {
        a = {std::max(a.low, b.low), std::min(a.high, b.high)};
        return a.low <= a.high;
      });
      if (words && names) both.push_back(std::move(made));
      if (both.size() > kMostConditions) return false;
    }
  all = std::move(both);
  return true;
}

// False: too many of one name; then none is added.
bool RuleRun::add_cuts(const Conditions& all) {
  std::vector<std::pair<std::size_t, Octets>> fresh;
  const auto cut = [&](std::size_t name, const Octets& at) {
    if (cuts_[name].insert(at).second) fresh.emplace_back(name, at);
  };
  for (const Condition& condition : all)
    for (const auto& [name, interval] : condition.names) {
      cut(name, interval.low);
      Octets above = interval.high;
      if (step(above, true)) cut(name, above);
    }
  if (std::ranges::all_of(cuts_, [](const auto& each) { return each.second.size() <= kMostCuts; }))
    return true;
  for (const auto& [name, at] : fresh) cuts_[name].erase(at);
  return false;
}

bool RuleRun::add(const Rule& rule) {
  const std::size_t operands = operands_.size(), names = names_.size();
  Conditions all;
  Outcome outcome{rule.handle, false, {}};
  if (conditions(rule, all, outcome) && operands_.size() + names_.size() <= TNA_RULE_WORDS &&
      add_cuts(all)) {
    rules_.push_back(std::move(all));
    outcomes_.push_back(std::move(outcome));
    return true;
  }
  operands_.resize(operands);
  names_.resize(names);
  return false;
}

bool RuleRun::complete() const {
  return !rules_.empty() && std::ranges::any_of(rules_.back(), [](const Condition& condition) {
    return condition.words.empty() && condition.names.empty();
  });
}

std::vector<RuleRun::Word> RuleRun::words() const {
  const std::vector<std::size_t> words = ranks(operands_), names = ranks(names_);
  std::vector<Word> made(words.size() + names.size());
  for (std::size_t i = 0; i < words.size(); ++i) made[words[i]] = {operands_[i], {}};
  for (std::size_t name = 0; name < names.size(); ++name) {
    Word& word = made[words.size() + names[name]];
    word.of = names_[name];
    if (auto cuts = cuts_.find(name); cuts != cuts_.end())
      word.cuts.assign(cuts->second.begin(), cuts->second.end());
  }
  return made;
}

std::vector<Box> RuleRun::boxes() const {
  const std::vector<Word> made = words();
  const std::vector<std::size_t> words = ranks(operands_), names = ranks(names_);
  const auto above = [&](std::size_t word, const Octets& value) {
    const auto& cuts = made[word].cuts;
    return static_cast<std::uint32_t>(std::ranges::upper_bound(cuts, value) - cuts.begin());
  };
  std::vector<Box> boxes;
  for (std::size_t rule = 0; rule < rules_.size(); ++rule)
    for (const Condition& condition : rules_[rule]) {
      Box box;
      box.rule = static_cast<std::uint32_t>(rule);
      for (const auto& [word, range] : condition.words) box.words[words[word]] = range;
      for (const auto& [name, interval] : condition.names) {
        const std::size_t word = words.size() + names[name];
        box.words[word] = {above(word, interval.low), above(word, interval.high)};
      }
      boxes.push_back(box);
    }
  return boxes;
}

}  // namespace tna
