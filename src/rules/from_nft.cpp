// SPDX-License-Identifier: Apache-2.0
#include "rules/from_nft.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>
#include <unordered_map>

namespace tna {
namespace {

constexpr std::size_t kRegisterBytes = 4;
constexpr std::uint32_t kIpSum = 10;  // the IPv4 header's checksum

struct MetaRow {
  std::uint32_t key;
  Field field;
  std::uint8_t length;
};
constexpr MetaRow kMeta[] = {
    {NFT_META_NFPROTO, Field::nfproto, 1},   {NFT_META_L4PROTO, Field::l4proto, 1},
    {NFT_META_PROTOCOL, Field::protocol, 2}, {NFT_META_LEN, Field::length, 4},
    {NFT_META_MARK, Field::mark, 4},         {NFT_META_IIF, Field::iif, 4},
    {NFT_META_OIF, Field::oif, 4},           {NFT_META_IIFNAME, Field::iifname, 16},
    {NFT_META_OIFNAME, Field::oifname, 16},  {NFT_META_IIFTYPE, Field::iiftype, 2},
    {NFT_META_OIFTYPE, Field::oiftype, 2},   {NFT_META_IIFGROUP, Field::iifgroup, 4},
    {NFT_META_OIFGROUP, Field::oifgroup, 4}, {NFT_META_PKTTYPE, Field::pkttype, 1},
};
// What the family bridge has in other places, and besides.
constexpr MetaRow kFrameMeta[] = {
    {NFT_META_IIF, Field::port_iif, 4},           {NFT_META_OIF, Field::port_oif, 4},
    {NFT_META_IIFNAME, Field::port_iifname, 16},  {NFT_META_OIFNAME, Field::port_oifname, 16},
    {NFT_META_IIFGROUP, Field::port_iifgroup, 4}, {NFT_META_OIFGROUP, Field::port_oifgroup, 4},
    {NFT_META_BRI_IIFNAME, Field::ibrname, 16},   {NFT_META_BRI_OIFNAME, Field::obrname, 16},
};
constexpr MetaRow kConntrack[] = {
    {NFT_CT_STATE, Field::ct_state, 4},
    {NFT_CT_STATUS, Field::ct_status, 4},
    {NFT_CT_MARK, Field::ct_mark, 4},
    {NFT_CT_DIRECTION, Field::ct_direction, 1},
};

std::optional<Operand> operand_of(std::span<const MetaRow> rows, std::uint32_t key) {
  for (const MetaRow& row : rows)
    if (row.key == key) return Operand{row.field, 0, row.length, {}};
  return std::nullopt;
}

std::optional<Field> area(std::uint32_t base) {
  switch (base) {
    case NFT_PAYLOAD_LL_HEADER:
      return Field::link;
    case NFT_PAYLOAD_NETWORK_HEADER:
      return Field::network;
    case NFT_PAYLOAD_TRANSPORT_HEADER:
      return Field::transport;
    default:
      return std::nullopt;
  }
}

// Registers of 16 bytes lie over four of 4.
std::uint32_t register_index(std::uint32_t number) {
  return number >= NFT_REG32_00 ? number - NFT_REG32_00 : (number - NFT_REG_1) * 4;
}

std::size_t registers_for(std::size_t bytes) {
  return (bytes + kRegisterBytes - 1) / kRegisterBytes;
}

// DSCP and ECN, and the TTL; of IPv6 the class of traffic, which lies across two bytes, and the hop
// limit.
bool may_write(const Write& write) {
  const bool v4 = write.family == NFPROTO_IPV4;
  if (write.offset == (v4 ? 8 : 7)) return true;
  if (v4) return write.offset == 1;
  const std::uint8_t others = write.offset ? 0x0f : 0xf0;
  return write.offset < 2 && (write.keep & others) == others && !(write.flip & others);
}

Verdict verdict_of(const nft::Verdict& from) {
  switch (from.code) {
    case NF_ACCEPT:
      return {Decision::accept, ""};
    case NF_DROP:
      return {Decision::drop, ""};
    case NFT_CONTINUE:
    case NFT_BREAK:
      return {Decision::go_on, ""};
    case NFT_RETURN:
      return {Decision::back, ""};
    case NFT_JUMP:
      return {Decision::jump, from.chain};
    case NFT_GOTO:
      return {Decision::go, from.chain};
    default:
      return {Decision::punt, "queue"};
  }
}

// One rule: follows what its registers hold.
class Translation {
 public:
  explicit Translation(std::uint8_t family) : family_(family) {}

  std::vector<Step> steps(const nft::Rule& rule) {
    held_.clear();
    steps_.clear();
    ended_ = false;
    for (const nft::Expression& expression : rule.does) {
      std::visit([&](const auto& each) { take(each); }, expression);
      if (ended_) break;
    }
    return std::move(steps_);
  }

 private:
  void punt(const std::string& why) {
    steps_.push_back(Verdict{Decision::punt, why});
    ended_ = true;
  }
  void step(Step step) { steps_.push_back(std::move(step)); }

  // What is written to a register ends what was in it, and in all that it reaches into.
  void write(std::uint32_t index, std::size_t bytes, std::variant<Operand, Octets> what) {
    const std::size_t end = index + registers_for(bytes);
    std::erase_if(held_, [&](const Held& each) { return each.index < end && index < each.end; });
    held_.push_back({index, end, std::move(what)});
  }
  void hold(std::uint32_t number, Operand operand) {
    const std::size_t bytes = operand.length;
    write(register_index(number), bytes, std::move(operand));
  }
  template <typename T>
  const T* find(std::uint32_t index) const {
    for (const Held& each : held_)
      if (each.index == index) return std::get_if<T>(&each.what);
    return nullptr;
  }
  // What is in the register, of that length; nothing where it isn't known.
  std::optional<Operand> held(std::uint32_t index, std::size_t length) const {
    const Operand* found = find<Operand>(index);
    if (!found || !length) return std::nullopt;
    if (found->length == length) return *found;
    if (found->length < length || !found->then.empty()) return std::nullopt;
    Operand operand = *found;
    operand.length = static_cast<std::uint8_t>(length);  // the beginning of a longer one
    return operand;
  }
  std::optional<Operand> in(std::uint32_t number, std::size_t length) const {
    return held(register_index(number), length);
  }
  // It has been changed: registers have what it was before.
  void forget(Field field) {
    std::erase_if(held_, [&](const Held& each) {
      const auto* operand = std::get_if<Operand>(&each.what);
      return operand && operand->field == field;
    });
  }

  // Constants and bits, to bytes of the IP header that programs can change.
  std::optional<std::vector<Step>> writes(const nft::SetPayload& set) const {
    const bool v4 = set.sum_type == NFT_PAYLOAD_CSUM_INET && set.sum_offset == kIpSum;
    if (set.base != NFT_PAYLOAD_NETWORK_HEADER || set.flags ||
        (!v4 && set.sum_type != NFT_PAYLOAD_CSUM_NONE))
      return std::nullopt;
    Octets keep(set.length, 0), flip(set.length, 0);
    if (const Octets* constant = find<Octets>(register_index(set.from));
        constant && constant->size() == set.length) {
      flip = *constant;
    } else {
      const auto operand = in(set.from, set.length);
      if (!operand || operand->field != Field::network || operand->offset != set.offset)
        return std::nullopt;
      keep.assign(set.length, 0xff);
      for (const Transform& transform : operand->then) {
        const auto* mask = std::get_if<Mask>(&transform);
        if (!mask) return std::nullopt;
        for (std::size_t i = 0; i < set.length; ++i) {
          keep[i] &= mask->keep[i];
          flip[i] = (flip[i] & mask->keep[i]) ^ mask->flip[i];
        }
      }
    }
    std::vector<Step> steps;
    for (std::size_t i = 0; i < set.length; ++i) {
      if (keep[i] == 0xff && !flip[i]) continue;
      const Write write{static_cast<std::uint8_t>(v4 ? NFPROTO_IPV4 : NFPROTO_IPV6),
                        static_cast<std::uint8_t>(set.offset + i),
                        keep[i],
                        flip[i],
                        0,
                        true};
      if (!may_write(write)) return std::nullopt;
      steps.push_back(write);
    }
    return steps;
  }

  void take(const nft::Payload& load) {
    auto field = area(load.base);
    if (!field || std::uint64_t{load.offset} + load.length > 255 || !load.length)
      return punt("payload beyond the headers");
    hold(load.to, {*field,
                   static_cast<std::uint8_t>(load.offset),
                   static_cast<std::uint8_t>(load.length),
                   {}});
  }
  void take(const nft::SetPayload& set) {
    auto steps = writes(set);
    if (!steps) return punt("payload set");
    std::ranges::move(*steps, std::back_inserter(steps_));
    forget(Field::network);
  }
  void take(const nft::Meta& load) {
    std::optional<Operand> operand;
    if (family_ == NFPROTO_BRIDGE) operand = operand_of(kFrameMeta, load.key);
    if (!operand) operand = operand_of(kMeta, load.key);
    if (!operand) return punt("meta key " + std::to_string(load.key));
    hold(load.to, std::move(*operand));
  }
  void take(const nft::Conntrack& load) {
    auto operand = operand_of(kConntrack, load.key);
    if (!operand || load.direction) return punt("ct key " + std::to_string(load.key));
    hold(load.to, std::move(*operand));
  }
  void take(const nft::SetMeta& set) {
    if (set.key != NFT_META_MARK) return punt("meta set");
    SetMark mark;
    if (const Octets* constant = find<Octets>(register_index(set.from));
        constant && constant->size() == sizeof mark.value) {
      std::memcpy(&mark.value, constant->data(), sizeof mark.value);
      step(mark);
      return forget(Field::mark);
    }
    auto operand = in(set.from, sizeof mark.value);
    if (!operand) return punt("meta set");
    if (operand->field != Field::mark) {
      mark.from = std::move(*operand);
      step(std::move(mark));
      return forget(Field::mark);
    }
    // Bits of the mark itself.
    mark.keep = ~0U;
    for (const Transform& transform : operand->then) {
      auto* mask = std::get_if<Mask>(&transform);
      if (!mask) return punt("meta set");
      std::uint32_t keep = 0, flip = 0;
      std::memcpy(&keep, mask->keep.data(), sizeof keep);
      std::memcpy(&flip, mask->flip.data(), sizeof flip);
      mark = {(mark.value & keep) ^ flip, mark.keep & keep};
    }
    step(mark);
    forget(Field::mark);
  }
  void take(const nft::Fib& load) {
    if (load.result != NFT_FIB_RESULT_ADDRTYPE || load.flags != NFTA_FIB_F_DADDR)
      return punt("fib");
    hold(load.to, {Field::daddr_type, 0, 4, {}});
  }
  void take(const nft::Compare& compare) {
    auto operand = in(compare.from, compare.with.size());
    if (!operand) return punt("cmp");
    const Octets& with = compare.with;
    const Octets least(with.size(), 0), most(with.size(), 0xff);
    const std::vector<Interval> equal{{with, with}};
    switch (compare.operation) {
      case NFT_CMP_EQ:
        return step(Test{std::move(*operand), true, equal});
      case NFT_CMP_NEQ:
        return step(Test{std::move(*operand), false, equal});
      case NFT_CMP_LT:
        return step(Test{std::move(*operand), false, {{with, most}}});
      case NFT_CMP_LTE:
        return step(Test{std::move(*operand), true, {{least, with}}});
      case NFT_CMP_GT:
        return step(Test{std::move(*operand), false, {{least, with}}});
      case NFT_CMP_GTE:
        return step(Test{std::move(*operand), true, {{with, most}}});
      default:
        return punt("cmp");
    }
  }
  void take(const nft::Range& range) {
    auto operand = in(range.from, range.low.size());
    if (!operand || range.low.size() != range.high.size()) return punt("range");
    step(Test{std::move(*operand), range.operation == NFT_RANGE_EQ, {{range.low, range.high}}});
  }
  void take(const nft::Bitwise& bitwise) {
    auto operand = in(bitwise.from, bitwise.length);
    if (!operand) return punt("bitwise");
    if (bitwise.operation == NFT_BITWISE_BOOL && bitwise.mask.size() == bitwise.length &&
        bitwise.flip.size() == bitwise.length) {
      operand->then.push_back(Mask{bitwise.mask, bitwise.flip});
    } else if (bitwise.operation != NFT_BITWISE_BOOL && bitwise.length == 4 &&
               bitwise.bits.size() == 4) {
      std::uint32_t bits = 0;
      std::memcpy(&bits, bitwise.bits.data(), sizeof bits);
      if (bits > 31) return punt("bitwise");
      operand->then.push_back(
          Shift{bitwise.operation == NFT_BITWISE_LSHIFT, static_cast<std::uint8_t>(bits)});
    } else {
      return punt("bitwise");
    }
    hold(bitwise.to, std::move(*operand));
  }
  void take(const nft::ByteOrder& order) {
    auto operand = in(order.from, order.length);
    if (!operand || !order.size || order.length % order.size) return punt("byteorder");
    operand->then.push_back(Swap{static_cast<std::uint8_t>(order.size)});
    hold(order.to, std::move(*operand));
  }
  void take(const nft::Lookup& lookup) {
    bool verdicts = lookup.to == NFT_REG_VERDICT;
    if (lookup.to && !verdicts) return punt("map");
    // How many registers are asked for the set knows: fit() sees to that.
    Lookup found{{}, lookup.set, !lookup.inverted, verdicts};
    std::uint32_t index = register_index(lookup.from);
    while (const Operand* part = find<Operand>(index)) {
      index += registers_for(part->length);
      found.key.push_back(*part);
    }
    step(std::move(found));
  }
  void take(const nft::Immediate& immediate) {
    if (auto* verdict = std::get_if<nft::Verdict>(&immediate.value))
      return step(verdict_of(*verdict));
    const Octets& constant = std::get<Octets>(immediate.value);
    write(register_index(immediate.to), constant.size(), constant);
  }
  void take(const nft::Counter&) { steps_.emplace_back(Count{}); }
  void take(const nft::Extension& extension) {
    // To ebtables the names mean other structures.
    auto steps = family_ == NFPROTO_BRIDGE ? std::nullopt : steps_of(extension, family_);
    if (!steps) return punt(extension.name);
    std::ranges::move(*steps, std::back_inserter(steps_));
  }
  void take(const nft::Other& other) { punt(other.name); }

  struct Held {
    std::uint32_t index;  // of the first register
    std::size_t end;      // behind the last one
    std::variant<Operand, Octets> what;
  };
  std::uint8_t family_;
  std::vector<Held> held_;  // few: a rule goes on from what it loaded last
  std::vector<Step> steps_;
  bool ended_ = false;
};

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

using SetsByName = std::unordered_map<std::string_view, ElementSet*>;

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

std::optional<RuleHook> hook_of(std::uint8_t family, std::uint32_t hook) {
  if (family == NFPROTO_ARP) return std::nullopt;
  if (family == NFPROTO_NETDEV)
    return hook == NF_NETDEV_INGRESS ? RuleHook::ingress : RuleHook::egress;
  switch (hook) {  // bridges have the same numbers
    case NF_INET_PRE_ROUTING:
      return RuleHook::prerouting;
    case NF_INET_LOCAL_IN:
      return RuleHook::input;
    case NF_INET_FORWARD:
      return RuleHook::forward;
    case NF_INET_LOCAL_OUT:
      return RuleHook::output;
    case NF_INET_POST_ROUTING:
      return RuleHook::postrouting;
    case NF_INET_INGRESS:
      return RuleHook::ingress;
    default:
      return std::nullopt;
  }
}

std::optional<Rule::Counted> counted_by(const nft::Rule& rule) {
  for (const nft::Expression& expression : rule.does)
    if (auto* counter = std::get_if<nft::Counter>(&expression))
      return Rule::Counted{counter->packets, counter->bytes};
  return std::nullopt;
}

RuleChain chain_from(const nft::Chain& from, std::uint8_t family, const SetsByName& sets) {
  RuleChain chain{from.name, {}, {}};
  if (from.base)
    if (auto hook = hook_of(family, from.base->hook))
      chain.base = BaseChain{*hook, from.base->priority, from.base->policy == NF_DROP,
                             from.base->type == "nat", from.base->devices};
  Translation translation(family);
  chain.rules.reserve(from.rules.size());
  for (const nft::Rule& rule : from.rules) {
    chain.rules.push_back({rule.handle, translation.steps(rule), counted_by(rule)});
    fit_lookups(chain.rules.back().steps, sets);
  }
  return chain;
}

}  // namespace

RuleSet rules_from_nft(const nft::Ruleset& from) {
  RuleSet rules{from.generation, {}};
  for (const nft::Table& each : from.tables) {
    if (each.dormant) continue;
    RuleTable table{each.family, each.name, {}, {}, each.newest};
    for (const nft::Set& set : each.sets) table.sets.push_back(set_from(set));
    SetsByName sets;
    for (ElementSet& set : table.sets) sets.emplace(set.name, &set);
    for (const nft::Chain& chain : each.chains)
      table.chains.push_back(chain_from(chain, each.family, sets));
    rules.tables.push_back(std::move(table));
  }
  return rules;
}

}  // namespace tna
