// SPDX-License-Identifier: Apache-2.0
#include "rules/nft_sets.h"

#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <tuple>

#include "rules/nft_registers.h"
#include "rules/nft_steps.h"

namespace tna {
namespace {

// One less than the number.
Octets before(Octets number) {
  for (std::size_t i = number.size(); i-- > 0;)
    if (number[i]--) break;
  return number;
}

// Intervals are listed as the keys that they begin with, and those before which they end.
std::vector<SetElement> from_ends(const std::vector<nft::Element>& elements) {
  std::vector<const nft::Element*> sorted;
  for (const nft::Element& element : elements)
    if (!element.catch_all) sorted.push_back(&element);
  std::ranges::stable_sort(sorted, [](const auto* a, const auto* b) {
    return std::tie(a->key, b->interval_end) < std::tie(b->key, a->interval_end);
  });
  std::vector<SetElement> found;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const nft::Element& element = *sorted[i];
    if (element.interval_end) continue;
    Octets high(element.key.size(), 0xff);
    if (i + 1 < sorted.size()) high = before(sorted[i + 1]->key);
    found.push_back({{{element.key, std::move(high)}},
                     element.verdict ? verdict_of(*element.verdict) : Verdict{}});
  }
  return found;
}

// A concatenation's parts begin at whole registers. Empty: the key has none of these lengths.
std::vector<Interval> split(const Interval& whole, const std::vector<std::uint8_t>& parts) {
  std::vector<Interval> found;
  std::size_t at = 0;
  for (std::uint8_t length : parts) {
    if (at + length > whole.low.size() || at + length > whole.high.size()) return {};
    auto cut = [&](const Octets& from) {
      return Octets(from.begin() + at, from.begin() + at + length);
    };
    found.push_back({cut(whole.low), cut(whole.high)});
    at += registers_for(length) * kRegisterBytes;
  }
  return found;
}

std::string why_not(const nft::Set& set) {
  if (set.flags & NFT_SET_TIMEOUT) return "set " + set.name + " whose elements time out";
  if (set.flags & NFT_SET_EVAL) return "set " + set.name + " that packets add to";
  if (std::ranges::any_of(set.elements, &nft::Element::stateful))
    return "set " + set.name + " whose elements count or limit";
  return "";
}

// The kernel tells the lengths of a concatenation's parts only where they are intervals; else the
// first lookup does.
bool split_like(const Lookup& lookup, ElementSet& set) {
  if (set.intervals) return false;
  std::vector<std::uint8_t> parts;
  std::size_t bytes = 0;
  for (const Operand& operand : lookup.key) {
    if (bytes == set.parts.front()) break;
    parts.push_back(operand.length);
    bytes += registers_for(operand.length) * kRegisterBytes;
  }
  if (parts.size() < 2 || bytes != set.parts.front()) return false;
  for (SetElement& element : set.elements) element.parts = split(element.parts.front(), parts);
  set.parts = std::move(parts);
  return true;
}

// Leaves of the registers that the lookup found as many as the set's key has parts of that length.
// Else: why it can't be done.
std::string fit(Lookup& lookup, ElementSet* set) {
  const std::string name = "set " + lookup.set;
  if (!set || lookup.key.empty()) return name;
  if (!set->punt.empty()) return set->punt;
  if (set->parts.size() == 1 && lookup.key.front().length != set->parts.front() &&
      !split_like(lookup, *set))
    return name;
  if (lookup.key.size() < set->parts.size()) return name;
  lookup.key.resize(set->parts.size());
  for (std::size_t i = 0; i < set->parts.size(); ++i)
    if (lookup.key[i].length != set->parts[i]) return name;
  return "";
}

}  // namespace

ElementSet set_from(const nft::Set& from) {
  const bool intervals = from.flags & NFT_SET_INTERVAL;
  ElementSet set{
      from.name, from.fields, intervals, {}, {}, why_not(from), (from.flags & NFT_SET_MAP) != 0};
  if (set.parts.empty()) set.parts = {static_cast<std::uint8_t>(from.key_length)};
  if (!set.punt.empty()) return set;
  for (const nft::Element& element : from.elements)
    if (element.catch_all)
      set.otherwise = element.verdict ? verdict_of(*element.verdict) : Verdict{};
  if (intervals && set.parts.size() == 1) {
    if (std::ranges::any_of(from.elements, [&](const nft::Element& element) {
          return !element.catch_all && element.key.size() != set.parts.front();
        }))
      set.punt = "set " + from.name;
    else
      set.elements = from_ends(from.elements);
    return set;
  }
  for (const nft::Element& element : from.elements) {
    if (element.catch_all) continue;
    const Octets& end = element.key_end.empty() ? element.key : element.key_end;
    set.elements.push_back({split({element.key, end}, set.parts),
                            element.verdict ? verdict_of(*element.verdict) : Verdict{}});
    if (set.elements.back().parts.empty()) set.punt = "set " + from.name;
  }
  return set;
}

void fit_lookups(std::vector<Step>& steps, const SetsByName& sets) {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    auto* lookup = std::get_if<Lookup>(&steps[i]);
    if (!lookup) continue;
    auto set = sets.find(lookup->set);
    std::string why = fit(*lookup, set == sets.end() ? nullptr : set->second);
    if (why.empty()) continue;
    steps.erase(steps.begin() + i, steps.end());
    steps.push_back(Verdict{Decision::punt, std::move(why)});
  }
}

}  // namespace tna
