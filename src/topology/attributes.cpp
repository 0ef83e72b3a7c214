// SPDX-License-Identifier: Apache-2.0
#include "topology/attributes.h"

#include <arpa/inet.h>
#include <linux/pkt_sched.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <optional>

namespace tna {
namespace {

// The bytes of a number in host order; nothing where the payload is shorter.
template <typename T>
std::optional<AttributeValue> number(std::span<const std::byte> payload) {
  T value;
  if (payload.size() < sizeof value) return std::nullopt;
  std::memcpy(&value, payload.data(), sizeof value);
  return static_cast<std::int64_t>(value);
}

std::optional<AttributeValue> network_order(std::span<const std::byte> payload) {
  std::uint16_t value;
  if (payload.size() < sizeof value) return std::nullopt;
  std::memcpy(&value, payload.data(), sizeof value);
  return static_cast<std::int64_t>(ntohs(value));
}

// struct br_boolopt_multi, struct nla_bitfield32: values, then which of them are meant.
std::optional<AttributeValue> bit(std::span<const std::byte> payload, unsigned number) {
  std::uint32_t words[2];
  if (payload.size() < sizeof words) return std::nullopt;
  std::memcpy(words, payload.data(), sizeof words);
  return static_cast<std::int64_t>((words[0] & words[1]) >> number & 1);
}

std::optional<AttributeValue> text(std::span<const std::byte> payload) {
  const auto* begin = reinterpret_cast<const char*>(payload.data());
  return std::string(begin, strnlen(begin, payload.size()));
}

std::optional<AttributeValue> mac(std::span<const std::byte> payload) {
  Mac value;
  if (payload.size() < value.bytes.size()) return std::nullopt;
  std::memcpy(value.bytes.data(), payload.data(), value.bytes.size());
  return to_string(value);
}

// struct ifla_bridge_id, written as `ip` does: priority.MAC
std::optional<AttributeValue> bridge_id(std::span<const std::byte> payload) {
  if (payload.size() < 8) return std::nullopt;
  char digits[24];
  auto* id = reinterpret_cast<const unsigned char*>(payload.data());
  std::snprintf(digits, sizeof digits, "%.2x%.2x.%x:%x:%x:%x:%x:%x", id[0], id[1], id[2], id[3],
                id[4], id[5], id[6], id[7]);
  return std::string(digits);
}

std::optional<AttributeValue> decode(const AttributeRow& row, std::span<const std::byte> payload) {
  switch (row.type) {
    case AttributeRow::Type::u8:
      return number<std::uint8_t>(payload);
    case AttributeRow::Type::u16:
      return number<std::uint16_t>(payload);
    case AttributeRow::Type::u32:
      return number<std::uint32_t>(payload);
    case AttributeRow::Type::u64:
      return number<std::uint64_t>(payload);
    case AttributeRow::Type::be16:
      return network_order(payload);
    case AttributeRow::Type::bitfield:
      return bit(payload, row.bit);
    case AttributeRow::Type::text:
      return text(payload);
    case AttributeRow::Type::mac:
      return mac(payload);
    case AttributeRow::Type::bridge_id:
      return bridge_id(payload);
    case AttributeRow::Type::opaque:
      return std::nullopt;
  }
  return std::nullopt;
}

bool empty(const AttributeValue& value) {
  const auto* text = std::get_if<std::string>(&value);
  return text && text->empty();
}

void add_raw(Attributes& to, const RawAttributes& raw, const std::string& of,
             const Knowledge& knowledge) {
  const auto rows = knowledge.attributes.find(of);
  if (rows == knowledge.attributes.end()) return;
  for (const auto& [id, payload] : raw) {
    const auto found = rows->second.find(id);
    if (found == rows->second.end()) continue;
    for (const AttributeRow& row : found->second) {
      if (row.changes_by_itself) continue;
      if (auto value = decode(row, payload); value && !empty(*value)) to[row.name] = *value;
    }
  }
}

void add_netconf(Attributes& to, const Store& store, IfIndex ifindex, std::uint8_t family,
                 const std::string& of, const Knowledge& knowledge) {
  const auto conf = store.netconfs.find({family, static_cast<std::int32_t>(ifindex)});
  const auto rows = knowledge.attributes.find(of);
  if (conf == store.netconfs.end() || rows == knowledge.attributes.end()) return;
  for (const auto& [id, value] : conf->second.values) {
    const auto found = rows->second.find(id);
    if (found == rows->second.end()) continue;
    for (const AttributeRow& row : found->second) to[row.name] = std::int64_t{value};
  }
}

void add_unknown(std::vector<std::string>& to, const RawAttributes& raw, const std::string& of,
                 const Knowledge& knowledge) {
  const auto rows = knowledge.attributes.find(of);
  if (rows == knowledge.attributes.end()) return;
  for (const auto& [id, payload] : raw) {
    const bool zero = std::ranges::all_of(payload, [](std::byte b) { return b == std::byte{0}; });
    if (!zero && !rows->second.contains(id)) to.push_back(of + " " + std::to_string(id));
  }
}

AttributeValue addresses(const Store& store, const Link& link) {
  std::string all;
  auto at = store.addresses.lower_bound(Address{.ifindex = link.ifindex});
  for (; at != store.addresses.end() && at->ifindex == link.ifindex; ++at)
    all += (all.empty() ? "" : " ") + to_string(*at);
  return all;
}

AttributeValue qdisc(const Store& store, const Link& link, std::uint32_t parent) {
  const auto found = store.qdiscs.find({link.ifindex, parent});
  return found == store.qdiscs.end() ? "" : found->second.kind;
}

AttributeValue root_qdisc(const Store& store, const Link& link) {
  auto kind = qdisc(store, link, TC_H_ROOT);
  return empty(kind) ? link.root_qdisc : kind;  // defaults are not announced on their own
}

AttributeValue ingress_qdisc(const Store& store, const Link& link) {
  return qdisc(store, link, TC_H_INGRESS);  // the place of clsact too
}

AttributeValue filters(const Store& store, const Link& link, bool egress) {
  std::int64_t count = 0;
  auto at = store.filters.lower_bound({link.ifindex, 0, 0, 0, 0});
  for (; at != store.filters.end() && at->second.ifindex == link.ifindex; ++at) {
    const std::uint32_t parent = at->second.parent;
    const bool out = parent == TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS);
    count += TC_H_MAJ(parent) == TC_H_MAJ(TC_H_CLSACT) && out == egress;
  }
  return count;
}

constexpr CommonAttribute kCommonAttributes[] = {
    {"kind", [](const Store&, const Link& l) -> AttributeValue { return l.kind; }, true},
    {"slave_kind", [](const Store&, const Link& l) -> AttributeValue { return l.slave_kind; },
     true},
    {"hardware_type",
     [](const Store&, const Link& l) -> AttributeValue { return std::int64_t{l.hardware_type}; }},
    {"switch_id", [](const Store&, const Link& l) -> AttributeValue { return l.switch_id; }, true},
    // The link it points to (the peer of a veth) is in another network namespace.
    {"lower_elsewhere",
     [](const Store&, const Link& l) -> AttributeValue {
       return std::int64_t{l.lower_netnsid.has_value()};
     }},
    {"address", addresses, true},
    {"qdisc.root", root_qdisc, true},
    {"qdisc.ingress", ingress_qdisc, true},
    {"tc.ingress_filters",
     [](const Store& s, const Link& l) -> AttributeValue { return filters(s, l, false); }},
    {"tc.egress_filters",
     [](const Store& s, const Link& l) -> AttributeValue { return filters(s, l, true); }},
    {"xdp.mode",
     [](const Store&, const Link& l) -> AttributeValue {
       return std::int64_t{l.xdp ? l.xdp->mode : 0};
     }},
    {"xdp.program_id",
     [](const Store&, const Link& l) -> AttributeValue {
       return std::int64_t{l.xdp ? l.xdp->program_id : 0};
     }},
};

}  // namespace

std::span<const CommonAttribute> common_attributes() {
  return kCommonAttributes;
}

Attributes attributes_of(const Store& store, const Link& link, const Knowledge& knowledge) {
  Attributes result;
  for (const CommonAttribute& row : kCommonAttributes)
    if (auto value = row.value(store, link); !empty(value)) result.emplace(row.name, value);
  add_raw(result, link.info, link.kind, knowledge);
  add_raw(result, link.port, link.slave_kind + "-port", knowledge);
  add_netconf(result, store, link.ifindex, AF_INET, "ipv4", knowledge);
  add_netconf(result, store, link.ifindex, AF_INET6, "ipv6", knowledge);
  return result;
}

std::vector<std::string> unknown_attributes(const Link& link, const Knowledge& knowledge) {
  std::vector<std::string> result;
  add_unknown(result, link.info, link.kind, knowledge);
  add_unknown(result, link.port, link.slave_kind + "-port", knowledge);
  return result;
}

std::string to_string(const Address& address) {
  char text[INET6_ADDRSTRLEN] = "?";
  if (address.bytes.size() >= (address.family == AF_INET ? 4u : 16u))
    inet_ntop(address.family, address.bytes.data(), text, sizeof text);
  return std::string(text) + "/" + std::to_string(address.prefix_length);
}

}  // namespace tna
