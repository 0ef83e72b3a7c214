// SPDX-License-Identifier: Apache-2.0
#include "rules/nft_steps.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <span>

#include "rules/from_nft.h"

namespace tna {
namespace {

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

// One rule: follows what its registers hold.
class Translation {
 public:
  explicit Translation(std::uint8_t family) : family_(family) {}

  std::vector<Step> steps(const nft::Rule& rule) {
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

  void take(const nft::Payload& load) {
    auto field = area(load.base);
    if (!field || std::uint64_t{load.offset} + load.length > 255 || !load.length)
      return punt("payload beyond the headers");
    registers_.hold(load.to, {*field,
                              static_cast<std::uint8_t>(load.offset),
                              static_cast<std::uint8_t>(load.length),
                              {}});
  }
  void take(const nft::SetPayload& set) {
    auto steps = writes(set, registers_);
    if (!steps) return punt("payload set");
    std::ranges::move(*steps, std::back_inserter(steps_));
    registers_.forget(Field::network);
  }
  void take(const nft::Meta& load) {
    std::optional<Operand> operand;
    if (family_ == NFPROTO_BRIDGE) operand = operand_of(kFrameMeta, load.key);
    if (!operand) operand = operand_of(kMeta, load.key);
    if (!operand) return punt("meta key " + std::to_string(load.key));
    registers_.hold(load.to, std::move(*operand));
  }
  void take(const nft::Conntrack& load) {
    auto operand = operand_of(kConntrack, load.key);
    if (!operand || load.direction) return punt("ct key " + std::to_string(load.key));
    registers_.hold(load.to, std::move(*operand));
  }
  void take(const nft::SetConntrack& set) {
    SetZone zone{0, set.direction != IP_CT_DIR_REPLY, set.direction != IP_CT_DIR_ORIGINAL};
    const Octets* constant = registers_.constant(set.from, sizeof zone.zone);
    if (set.key != NFT_CT_ZONE || family_ == NFPROTO_BRIDGE || !constant) return punt("ct set");
    std::memcpy(&zone.zone, constant->data(), sizeof zone.zone);
    step(zone);
  }
  void take(const nft::SetMeta& set) {
    if (set.key != NFT_META_MARK) return punt("meta set");
    SetMark mark;
    if (const Octets* constant = registers_.constant(set.from, sizeof mark.value)) {
      std::memcpy(&mark.value, constant->data(), sizeof mark.value);
      step(mark);
      return registers_.forget(Field::mark);
    }
    auto operand = registers_.operand(set.from, sizeof mark.value);
    if (!operand) return punt("meta set");
    if (operand->field != Field::mark) {
      mark.from = std::move(*operand);
      step(std::move(mark));
      return registers_.forget(Field::mark);
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
    registers_.forget(Field::mark);
  }
  void take(const nft::Fib& load) {
    if (load.result != NFT_FIB_RESULT_ADDRTYPE || load.flags != NFTA_FIB_F_DADDR)
      return punt("fib");
    registers_.hold(load.to, {Field::daddr_type, 0, 4, {}});
  }
  void take(const nft::Compare& compare) {
    auto operand = registers_.operand(compare.from, compare.with.size());
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
    auto operand = registers_.operand(range.from, range.low.size());
    if (!operand || range.low.size() != range.high.size()) return punt("range");
    step(Test{std::move(*operand), range.operation == NFT_RANGE_EQ, {{range.low, range.high}}});
  }
  void take(const nft::Bitwise& bitwise) {
    auto operand = registers_.operand(bitwise.from, bitwise.length);
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
    registers_.hold(bitwise.to, std::move(*operand));
  }
  void take(const nft::ByteOrder& order) {
    auto operand = registers_.operand(order.from, order.length);
    if (!operand || !order.size || order.length % order.size) return punt("byteorder");
    operand->then.push_back(Swap{static_cast<std::uint8_t>(order.size)});
    registers_.hold(order.to, std::move(*operand));
  }
  void take(const nft::Lookup& lookup) {
    bool verdicts = lookup.to == NFT_REG_VERDICT;
    if (lookup.to && !verdicts) return punt("map");
    // How many registers are asked for the set knows: fit() sees to that.
    step(Lookup{registers_.operands(lookup.from), lookup.set, !lookup.inverted, verdicts});
  }
  void take(const nft::Immediate& immediate) {
    if (auto* verdict = std::get_if<nft::Verdict>(&immediate.value))
      return step(verdict_of(*verdict));
    registers_.hold(immediate.to, std::get<Octets>(immediate.value));
  }
  void take(const nft::Counter&) { steps_.emplace_back(Count{}); }
  void take(const nft::Extension& extension) {
    // To ebtables the names mean other structures.
    auto steps = family_ == NFPROTO_BRIDGE ? std::nullopt : steps_of(extension, family_);
    if (!steps) return punt(extension.name);
    std::ranges::move(*steps, std::back_inserter(steps_));
  }
  void take(const nft::Other& other) { punt(other.name); }

  std::uint8_t family_;
  HeldRegisters registers_;
  std::vector<Step> steps_;
  bool ended_ = false;
};

}  // namespace

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

std::vector<Step> steps_of(const nft::Rule& rule, std::uint8_t family) {
  return Translation(family).steps(rule);
}

}  // namespace tna
