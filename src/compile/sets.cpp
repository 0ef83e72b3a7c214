// SPDX-License-Identifier: Apache-2.0
#include "compile/sets.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <tuple>

#include "tna.h"

namespace tna {
namespace {

constexpr std::size_t kFewElements = 8;
constexpr std::size_t kFewBoxes = 24;           // intervals of several parts
constexpr std::size_t kMostCompared = 2000;     // with each other
constexpr std::uint32_t kLeastCapacity = 1024;  // a blocklist may grow without a new map

using Number = unsigned __int128;

Number number_of(const Octets& octets) {
  Number number = 0;
  for (std::uint8_t each : octets) number = number << 8 | each;
  return number;
}

// Length, then the bytes from the highest on.
Octets prefix(Number number, std::size_t bytes, std::uint32_t bits) {
  Octets key(sizeof bits + bytes);
  std::memcpy(key.data(), &bits, sizeof bits);
  for (std::size_t i = bytes; i-- > 0; number >>= 8)
    key[sizeof bits + i] = static_cast<std::uint8_t>(number);
  return key;
}

// The prefixes that together are the interval.
void add_prefixes(std::vector<std::pair<Octets, std::uint32_t>>& to, const Interval& interval,
                  std::uint32_t value) {
  const std::size_t bytes = interval.low.size();
  const auto width = static_cast<std::uint32_t>(8 * bytes);
  const Number high = number_of(interval.high);
  for (Number low = number_of(interval.low); low <= high;) {
    std::uint32_t rest = 0;  // bits that are free: as many as the beginning allows and the end
    Number span = 0;         // what they can add
    for (; rest < width && !(low >> rest & 1); ++rest) {
      const Number more = span << 1 | 1;
      if (more > high - low) break;
      span = more;
    }
    to.emplace_back(prefix(low, bytes, width - rest), value);
    if (high - low == span) return;
    low += span + 1;
  }
}

Octets concatenated(const std::vector<Interval>& parts) {
  Octets key;
  for (const Interval& part : parts) {
    key.insert(key.end(), part.low.begin(), part.low.end());
    key.resize((key.size() + 3) / 4 * 4);
  }
  return key;
}

}  // namespace

std::vector<Verdict> verdicts_of(const ElementSet& set) {
  std::vector<Verdict> found;
  for (const SetElement& element : set.elements) found.push_back(element.verdict);
  const auto order = [](const Verdict& a, const Verdict& b) {
    return std::tie(a.decision, a.chain) < std::tie(b.decision, b.chain);
  };
  std::ranges::sort(found, order);
  found.erase(std::ranges::unique(found).begin(), found.end());
  return found;
}

bool to_be_compared(const ElementSet& set) {
  if (set.intervals && set.parts.size() > 1) return set.elements.size() <= kFewBoxes;
  return set.elements.size() <= kFewElements && set.name.starts_with("__");
}

namespace {

bool have_a_key_in_common(const SetElement& one, const SetElement& other) {
  for (std::size_t i = 0; i < one.parts.size(); ++i)
    if (one.parts[i].high < other.parts[i].low || other.parts[i].high < one.parts[i].low)
      return false;
  return true;
}

bool says_one_thing(const ElementSet& set) {
  if (std::ranges::all_of(set.elements, [&](const SetElement& each) {
        return each.verdict == set.elements.front().verdict;
      }))
    return true;
  if (set.elements.size() > kMostCompared) return false;
  for (auto one = set.elements.begin(); one != set.elements.end(); ++one)
    for (auto other = set.elements.begin(); other != one; ++other)
      if (one->verdict != other->verdict && have_a_key_in_common(*one, *other)) return false;
  return true;
}

}  // namespace

std::optional<RuleRun> run_of(const Lookup& lookup, const ElementSet& set, RuleRun run) {
  if (!says_one_thing(set)) return std::nullopt;
  const Step found = Verdict{Decision::accept, ""};
  for (const SetElement& element : set.elements) {
    Rule rule;
    for (std::size_t i = 0; i < lookup.key.size(); ++i)
      rule.steps.push_back(Test{lookup.key[i], true, {element.parts[i]}});
    rule.steps.push_back(found);
    if (!run.add(rule)) return std::nullopt;
  }
  return run;
}

std::optional<RuleMap> map_of(const std::string& table, const ElementSet& set) {
  RuleMap map;
  map.table = table;
  map.set = set.name;
  if (set.intervals && set.parts.size() > 1) return std::nullopt;
  map.kind = set.intervals ? RuleMap::Kind::prefixes : RuleMap::Kind::hash;
  for (std::uint8_t length : set.parts) map.key_bytes += (length + 3) / 4 * 4;
  if (set.intervals) map.key_bytes = 4 + set.parts.front();
  if (map.key_bytes > sizeof(tna_rule_facts::key)) return std::nullopt;
  const std::vector<Verdict> verdicts = verdicts_of(set);
  for (const SetElement& element : set.elements) {
    const auto value =
        static_cast<std::uint32_t>(std::ranges::find(verdicts, element.verdict) - verdicts.begin());
    if (set.intervals)
      add_prefixes(map.elements, element.parts.front(), value);
    else
      map.elements.emplace_back(concatenated(element.parts), value);
  }
  std::ranges::sort(map.elements);
  map.capacity =
      std::max(kLeastCapacity, std::bit_ceil(static_cast<std::uint32_t>(map.elements.size()) * 2));
  return map;
}

std::optional<CompiledRules> with_elements(const CompiledRules& from, const RuleTable& table,
                                           const ElementSet& set) {
  const bool plain = std::ranges::all_of(
      set.elements, [](const SetElement& element) { return element.verdict == Verdict{}; });
  if (!plain || set.otherwise || !set.punt.empty()) return std::nullopt;
  auto made = map_of(table_family_name(table.family) + (" " + table.name), set);
  if (!made) return std::nullopt;
  auto old = std::ranges::find_if(from.maps, [&](const RuleMap& each) {
    return each.table == made->table && each.set == made->set;
  });
  if (old == from.maps.end()) return std::nullopt;
  // A set that comes and goes over a limit is no new map each time.
  made->capacity = std::max(made->capacity, old->capacity);
  if (!made->same_shape(*old)) return std::nullopt;
  CompiledRules rules = from;
  rules.maps[static_cast<std::size_t>(old - from.maps.begin())] = std::move(*made);
  return rules;
}

bool RuleMap::same_shape(const RuleMap& other) const {
  return kind == other.kind && key_bytes == other.key_bytes && capacity == other.capacity &&
         table == other.table && set == other.set;
}

}  // namespace tna
