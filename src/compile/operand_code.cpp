// SPDX-License-Identifier: Apache-2.0
#include "compile/operand_code.h"

#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netfilter.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>
#include <span>

#include "rules/evaluate.h"
#include "tna.h"

namespace tna {
namespace {

static_assert(std::endian::native == std::endian::little, "how words are loaded and compared");

constexpr int kScratch = 1;
constexpr std::uint8_t kUnicast = 1;  // RTN_UNICAST
constexpr int kAlwaysThere = 4;       // bytes of the transport header
constexpr int kWide = 8;              // bytes that are loaded at once

struct Place {
  int offset = -1;  // in the facts, -1: not there
  std::size_t size = 0;
  Octets constant;  // of the same value for all packets
};

constexpr std::size_t kTaggedHeader = 18;  // Ethernet's

// What rules for frames see otherwise than rules of IP do; size 0: what TNA can't say.
std::optional<Place> place_for_frames(Field field, std::uint8_t family) {
  switch (field) {
    case Field::link:
      return Place{static_cast<int>(offsetof(tna_rule_facts, link)), kTaggedHeader, {}};
    case Field::nfproto:
      return Place{-1, 1, {NFPROTO_BRIDGE}};
    case Field::protocol:
      if (family != NFPROTO_BRIDGE) return std::nullopt;
      return Place{static_cast<int>(offsetof(tna_rule_facts, protocol)), 2, {}};
    case Field::network:
      return family == NFPROTO_BRIDGE ? std::optional(Place{}) : std::nullopt;
    case Field::length:  // with padding
    case Field::pkttype:
    case Field::daddr_type:
    case Field::ct_state:
    case Field::ct_status:
    case Field::ct_mark:
    case Field::ct_direction:
      return Place{};
    default:
      return std::nullopt;
  }
}

bool of_egress(Field field) {
  return field == Field::oif || field == Field::oifname || field == Field::oifgroup ||
         field == Field::oiftype || field == Field::port_oif || field == Field::port_oifname ||
         field == Field::port_oifgroup || field == Field::obrname;
}

// There is no such device yet, or none any more.
bool no_device(Field field, const Met& met) {
  return (met.hook == RuleHook::prerouting && of_egress(field)) ||
         (met.hook == RuleHook::postrouting && field == Field::ibrname);
}

// The size of what nf_tables says of it then: index 0, an empty name, nothing of its group and type
// (net/netfilter/nft_meta.c:nft_meta_store_ifname, nft_meta_store_ifgroup).
std::size_t size_without_device(Field field, const Met& met) {
  switch (field) {
    case Field::oif:
      return 4;
    case Field::oifname:
      return 16;
    case Field::port_oif:
      return met.frames ? 4 : 0;
    case Field::port_oifname:
    case Field::ibrname:
    case Field::obrname:
      return met.frames ? 16 : 0;
    default:
      return 0;
  }
}

Place place_of(Field field, const Met& met) {
  if (no_device(field, met))
    if (const std::size_t size = size_without_device(field, met))
      return {-1, size, Octets(size, 0)};
  if (met.frames)
    if (auto place = place_for_frames(field, met.family)) return *place;
  const std::uint8_t family = met.family;
  const bool v4 = family == NFPROTO_IPV4;
  auto fact = [](std::size_t offset, std::size_t size) {
    return Place{static_cast<int>(offset), size, {}};
  };
  switch (field) {
    case Field::link:
      return fact(offsetof(tna_rule_facts, link), 2 * ETH_ALEN);
    case Field::network:
      return fact(offsetof(tna_rule_facts, network), v4 ? 20 : 40);
    case Field::transport:
      return fact(offsetof(tna_rule_facts, transport), 20);
    case Field::nfproto:
      return {-1, 1, {family}};
    case Field::l4proto:
      return fact(offsetof(tna_rule_facts, network) + (v4 ? 9 : 6), 1);
    case Field::protocol:
      return {-1, 2, v4 ? Octets{0x08, 0x00} : Octets{0x86, 0xdd}};
    case Field::length:
      return fact(offsetof(tna_rule_facts, length), 4);
    case Field::mark:
      return fact(offsetof(tna_rule_facts, mark), 4);
    case Field::iif:
      return fact(offsetof(tna_rule_facts, iif), 4);
    case Field::oif:
      return fact(offsetof(tna_rule_facts, oif), 4);
    case Field::iifname:
      return fact(offsetof(tna_rule_facts, iifname), 16);
    case Field::oifname:
      return fact(offsetof(tna_rule_facts, oifname), 16);
    case Field::iifgroup:
      return fact(offsetof(tna_rule_facts, iifgroup), 4);
    case Field::oifgroup:
      return fact(offsetof(tna_rule_facts, oifgroup), 4);
    case Field::port_iif:
      return fact(offsetof(tna_rule_facts, port_iif), 4);
    case Field::port_oif:
      return fact(offsetof(tna_rule_facts, port_oif), 4);
    case Field::port_iifname:
      return fact(offsetof(tna_rule_facts, port_iifname), 16);
    case Field::port_oifname:
      return fact(offsetof(tna_rule_facts, port_oifname), 16);
    case Field::port_iifgroup:
      return fact(offsetof(tna_rule_facts, port_iifgroup), 4);
    case Field::port_oifgroup:
      return fact(offsetof(tna_rule_facts, port_oifgroup), 4);
    case Field::ibrname:
      return fact(offsetof(tna_rule_facts, iifname), 16);
    case Field::obrname:
      return fact(offsetof(tna_rule_facts, oifname), 16);
    case Field::bridged:  // in prerouting nobody knows yet
      if (met.hook == RuleHook::prerouting) return {-1, 1, {0}};
      return fact(offsetof(tna_rule_facts, bridged), 1);
    case Field::ct_state:
      if (met.established) return {-1, 4, {TNA_CT_ESTABLISHED, 0, 0, 0}};
      return fact(offsetof(tna_rule_facts, ct_state), 4);
    case Field::ct_status:
      return fact(offsetof(tna_rule_facts, ct_status), 4);
    case Field::ct_mark:
      return fact(offsetof(tna_rule_facts, ct_mark), 4);
    case Field::ct_direction:
      return fact(offsetof(tna_rule_facts, ct_direction), 1);
    case Field::iiftype:
    case Field::oiftype:  // others are no interfaces of the fast path
      return {-1, 2, {ARPHRD_ETHER, 0}};
    case Field::pkttype:  // others are not routed
      return {-1, 1, {PACKET_HOST}};
    case Field::daddr_type:  // the same
      return {-1, 4, {kUnicast, 0, 0, 0}};
    default:
      return {};
  }
}

bool of_ingress(Field field) {
  return field == Field::iif || field == Field::iifname || field == Field::iifgroup ||
         field == Field::iiftype;
}

bool of_port(Field field) {
  return field == Field::port_iif || field == Field::port_iifname ||
         field == Field::port_iifgroup || field == Field::port_oif ||
         field == Field::port_oifname || field == Field::port_oifgroup;
}

int bytes_of(const Operand& operand, int word) {
  return std::min(4, operand.length - 4 * word);
}

// As a load gives them.
std::uint32_t memory_word(std::span<const std::uint8_t> bytes) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data(), bytes.size());
  return value;
}

std::uint32_t number_of(std::span<const std::uint8_t> bytes) {
  std::uint32_t value = 0;
  for (std::uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

std::span<const std::uint8_t> part(const Octets& octets, int word, int bytes) {
  return std::span(octets).subspan(4 * word, bytes);
}

bool all_from(const Octets& octets, std::size_t first, std::uint8_t value) {
  return std::all_of(octets.begin() + static_cast<std::ptrdiff_t>(std::min(first, octets.size())),
                     octets.end(), [&](std::uint8_t each) { return each == value; });
}

bool of_connection(Field field) {
  return field == Field::ct_state || field == Field::ct_status || field == Field::ct_mark ||
         field == Field::ct_direction;
}

// Of TCP or UDP, which changes with the addresses.
bool of_checksum(const Operand& operand) {
  const int end = operand.offset + operand.length;
  return operand.field == Field::transport &&
         ((operand.offset < 8 && end > 6) || (operand.offset < 18 && end > 16));
}

}  // namespace

bool never_there(const Operand& operand, const Met& met) {
  if (met.family == NFPROTO_BRIDGE &&
      (operand.field == Field::l4proto || operand.field == Field::transport))
    return true;
  return no_device(operand.field, met) && !size_without_device(operand.field, met);
}

std::optional<Octets> constant_of(Field field, const Met& met) {
  const Place place = place_of(field, met);
  return place.constant.empty() ? std::nullopt : std::optional(place.constant);
}

Unclear unclear(const Operand& operand, const Met& met) {
  const bool forwarded = met.hook != RuleHook::prerouting;
  if (met.frames && operand.field == Field::link && forwarded &&
      operand.offset + operand.length > 2 * ETH_ALEN)
    return Unclear::retagged;
  if (met.beside_ip && operand.field == Field::mark) return Unclear::seen_by_ip;
  if (operand.field == Field::daddr_type) return Unclear::bridged;
  if (!met.frames && of_port(operand.field)) return Unclear::routed;
  // br_netfilter names no ingress device there (br_netfilter_hooks.c:br_nf_post_routing).
  if (!met.frames && met.hook == RuleHook::postrouting && of_ingress(operand.field))
    return Unclear::bridged;
  return Unclear::none;
}

std::string why_not(const Operand& operand, const Met& met) {
  const Place place = place_of(operand.field, met);
  const std::size_t end = std::size_t{operand.offset} + operand.length;
  if (!place.size) return to_string(operand.field);
  if (end > place.size || !operand.length || operand.length > 16)
    return std::string(to_string(operand.field)) + " beyond what is looked at";
  if (operand.field == Field::network && met.family == NFPROTO_IPV4 && operand.offset < 12 &&
      end > 10)
    return "the header's checksum";
  if (met.translates && of_checksum(operand)) return "a checksum";
  if (met.frames && met.hook == RuleHook::postrouting &&
      (of_ingress(operand.field) || (of_port(operand.field) && !of_egress(operand.field))))
    return std::string(to_string(operand.field)) + " where it is no longer known";
  if (of_connection(operand.field) && !met.tracked)
    return std::string(to_string(operand.field)) + " before connections are looked for";
  if (operand.field == Field::daddr_type && met.translates && met.hook == RuleHook::prerouting)
    return "the destination's type before it is translated";
  if (met.legacy && no_device(operand.field, met))
    return std::string(to_string(operand.field)) + " before routing";
  for (const Transform& transform : operand.then) {
    if (std::holds_alternative<Shift>(transform) && operand.length != 4) return "a shift";
    if (auto* swap = std::get_if<Swap>(&transform);
        swap && (swap->size > 4 || operand.length % swap->size))
      return "byteorder";
  }
  return {};
}

std::optional<Octets> OperandCode::constant(const Operand& operand) const {
  const auto value = constant_of(operand.field, met_);
  return value ? std::optional(transformed(operand, *value)) : std::nullopt;
}

void OperandCode::require(const Operand& operand, Code::Label absent) {
  const int end = operand.offset + operand.length;
  if (never_there(operand, met_)) return code_.jump(absent);
  if (operand.field != Field::transport || end <= kAlwaysThere) return;
  code_.load(4, kScratch, kFacts, offsetof(tna_rule_facts, transport_length));
  code_.jump_if(BPF_JLT, kScratch, static_cast<std::uint32_t>(end), absent);
}

void OperandCode::load_word(const Operand& operand, int word) {
  const Place place = place_of(operand.field, met_);
  const int bytes = bytes_of(operand, word), at = operand.offset + 4 * word;
  if (place.offset < 0) {
    code_.set(kScratch,
              static_cast<std::int32_t>(memory_word(std::span(place.constant).subspan(at, bytes))));
  } else {
    code_.load(bytes == 3 ? 4 : bytes, kScratch, kFacts, place.offset + at);
    if (bytes == 3) code_.change(BPF_AND, kScratch, 0xffffff);
  }
  for (const Transform& transform : operand.then) {
    if (auto* mask = std::get_if<Mask>(&transform)) {
      const std::uint32_t flip = memory_word(part(mask->flip, word, bytes));
      code_.change(BPF_AND, kScratch, memory_word(part(mask->keep, word, bytes)));
      if (flip) code_.change(BPF_XOR, kScratch, flip);
    } else if (auto* shift = std::get_if<Shift>(&transform)) {
      code_.change(shift->left ? BPF_LSH : BPF_RSH, kScratch, shift->bits);
    } else if (auto* swap = std::get_if<Swap>(&transform)) {
      if (swap->size == 4) {
        code_.swap(kScratch, 32);
      } else if (swap->size == 2 && bytes == 2) {
        code_.swap(kScratch, 16);
      } else if (swap->size == 2) {  // both halves: all four bytes, then the halves back
        code_.swap(kScratch, 32);
        code_.move(2, kScratch);
        code_.change(BPF_RSH, kScratch, 16);
        code_.change(BPF_LSH, 2, 16);
        code_.either(kScratch, 2);
      }
    }
  }
}

void OperandCode::load_tree_word(const Operand& operand) {
  if (NameNumbers::is_whole(operand))
    code_.load(4, kScratch, kFacts, NameNumbers::place(operand.field));
  else
    load_number(operand, 0);
}

void OperandCode::load_number(const Operand& operand, int word) {
  load_word(operand, word);
  switch (bytes_of(operand, word)) {
    case 4:
      return code_.swap(kScratch, 32);
    case 3:
      code_.swap(kScratch, 32);
      return code_.change(BPF_RSH, kScratch, 8);
    case 2:
      return code_.swap(kScratch, 16);
    default:
      return;
  }
}

std::optional<int> OperandCode::wide(const Operand& operand) const {
  const Place place = place_of(operand.field, met_);
  if (place.offset < 0 || !operand.then.empty() || !operand.length || operand.length % kWide)
    return std::nullopt;
  const int offset = place.offset + operand.offset;
  return offset % kWide ? std::nullopt : std::optional(offset);
}

void OperandCode::require_equal_wide(int offset, const Octets& value, Code::Label other) {
  for (std::size_t at = 0; at < value.size(); at += kWide) {
    std::uint64_t wanted = 0;
    std::memcpy(&wanted, &value[at], sizeof wanted);
    code_.load(kWide, kScratch, kFacts, offset + static_cast<int>(at));
    code_.set_wide(2, wanted);
    code_.jump_if_wide(BPF_JNE, kScratch, 2, other);
  }
}

void OperandCode::bound_wide(int offset, const Octets& by, bool from_below, Code::Label outside) {
  const Code::Label inside = code_.label();
  for (std::size_t at = 0; at < by.size(); at += kWide) {
    std::uint64_t limit = 0;
    for (std::size_t i = 0; i < kWide; ++i) limit = limit << 8 | by[at + i];
    code_.load(kWide, kScratch, kFacts, offset + static_cast<int>(at));
    code_.swap(kScratch, 64);
    code_.set_wide(2, limit);
    code_.jump_if_wide(from_below ? BPF_JLT : BPF_JGT, kScratch, 2, outside);
    if (at + kWide < by.size()) code_.jump_if_wide(BPF_JNE, kScratch, 2, inside);
  }
  code_.place(inside);
}

void OperandCode::require_in(const Operand& operand, const Interval& interval,
                             Code::Label outside) {
  if (const auto value = constant(operand)) {
    if (*value < interval.low || interval.high < *value) code_.jump(outside);
    return;
  }
  if (const auto numbers = met_.names->range(operand, interval)) {
    code_.load(4, kScratch, kFacts, NameNumbers::place(operand.field));
    if (numbers->low == numbers->high)
      return code_.jump_if(BPF_JNE, kScratch, numbers->low, outside);
    if (numbers->low) code_.jump_if(BPF_JLT, kScratch, numbers->low, outside);
    return code_.jump_if(BPF_JGT, kScratch, numbers->high, outside);
  }
  if (const auto offset = wide(operand); offset && interval.low == interval.high)
    return require_equal_wide(*offset, interval.low, outside);
  const int words = words_of(operand.length);
  for (int word = 0; word < words; ++word) {
    const int bytes = bytes_of(operand, word);
    const auto low = part(interval.low, word, bytes), high = part(interval.high, word, bytes);
    if (std::ranges::equal(low, high)) {
      load_word(operand, word);
      code_.jump_if(BPF_JNE, kScratch, memory_word(low), outside);
      continue;
    }
    const std::size_t rest = std::size_t{4} * (word + 1);
    if (!all_from(interval.low, rest, 0) || !all_from(interval.high, rest, 0xff)) {
      bound(operand, word, interval.low, true, outside);
      return bound(operand, word, interval.high, false, outside);
    }
    const std::uint32_t least = number_of(low), most = number_of(high);
    const bool has_most =
        !std::ranges::all_of(high, [](std::uint8_t each) { return each == 0xff; });
    if (!least && !has_most) return;
    load_number(operand, word);
    if (least) code_.jump_if(BPF_JLT, kScratch, least, outside);
    if (has_most) code_.jump_if(BPF_JGT, kScratch, most, outside);
    return;
  }
}

void OperandCode::count_cuts(const Operand& operand, const std::vector<Octets>& cuts, int place) {
  const Code::Label counted = code_.label();
  count_between(operand, cuts, place, 0, cuts.size(), counted);
  code_.place(counted);
}

void OperandCode::count_between(const Operand& operand, const std::vector<Octets>& cuts, int place,
                                std::size_t least, std::size_t most, Code::Label counted) {
  if (least == most) {
    code_.store_value(4, kFacts, place, static_cast<std::int32_t>(least));
    return code_.jump(counted);
  }
  const std::size_t middle = least + (most - least) / 2;
  const Code::Label below = code_.label();
  bound(operand, 0, cuts[middle], true, below);
  count_between(operand, cuts, place, middle + 1, most, counted);
  code_.place(below);
  count_between(operand, cuts, place, least, middle, counted);
}

// From that word on it is at least, or at most, the bound: the first words that differ decide.
void OperandCode::bound(const Operand& operand, int word, const Octets& by, bool from_below,
                        Code::Label outside) {
  if (const auto offset = wide(operand); offset && !word)
    return bound_wide(*offset, by, from_below, outside);
  const Code::Label inside = code_.label();
  for (int words = words_of(operand.length); word < words; ++word) {
    const std::uint32_t limit = number_of(part(by, word, bytes_of(operand, word)));
    load_number(operand, word);
    code_.jump_if(from_below ? BPF_JLT : BPF_JGT, kScratch, limit, outside);
    if (word + 1 < words) code_.jump_if(BPF_JNE, kScratch, limit, inside);
  }
  code_.place(inside);
}

}  // namespace tna
