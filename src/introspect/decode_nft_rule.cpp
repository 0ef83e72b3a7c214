// SPDX-License-Identifier: Apache-2.0
// By hand: libnftnl ends the process where an attribute is not as it expects.
#include "introspect/decode_nft_rule.h"

#include <arpa/inet.h>
#include <endian.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>

namespace tna {
namespace {

// The attributes of one level by type; of lists their elements have one type, and are looped over.
// There are few: to look through them each time is faster than to keep a table of them.
class Nest {
 public:
  explicit Nest(Bytes bytes) : bytes_(bytes) {}
  bool has(std::uint16_t wanted) const {
    for (auto [type, payload] : Attributes(bytes_))
      if (type == wanted) return true;
    return false;
  }
  Bytes bytes(std::uint16_t wanted) const {
    for (auto [type, payload] : Attributes(bytes_))
      if (type == wanted) return payload;
    return {};
  }
  Nest nest(std::uint16_t type) const { return Nest(bytes(type)); }
  std::string_view view(std::uint16_t type) const { return text_view(bytes(type)); }
  std::string text(std::uint16_t type) const { return std::string(view(type)); }
  // 0 where there is none of that size.
  std::uint32_t number(std::uint16_t type) const {
    std::uint32_t number = 0;
    take(bytes(type), number);
    return ntohl(number);
  }
  std::uint64_t large(std::uint16_t type) const {
    std::uint64_t number = 0;
    take(bytes(type), number);
    return be64toh(number);
  }
  // NFTA_DATA_VALUE of the NFTA_* attribute.
  nft::Octets value(std::uint16_t type) const { return octets(nest(type).bytes(NFTA_DATA_VALUE)); }

  static nft::Octets octets(Bytes bytes) {
    auto* first = reinterpret_cast<const std::uint8_t*>(bytes.data());
    return nft::Octets(first, first + bytes.size());
  }

 private:
  Bytes bytes_;
};

struct Entry {
  std::uint8_t family = 0;
  Nest attributes;
};

std::optional<Entry> entry(Bytes bytes, std::uint16_t type) {
  auto message = parse_message(bytes);
  if (!message || message->header.nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | type))
    return std::nullopt;
  auto header = leading<nfgenmsg>(message->payload);
  if (!header) return std::nullopt;
  return Entry{header->nfgen_family, Nest(following<nfgenmsg>(message->payload))};
}

nft::Verdict verdict_of(const Nest& verdict) {
  return {static_cast<std::int32_t>(verdict.number(NFTA_VERDICT_CODE)),
          verdict.text(NFTA_VERDICT_CHAIN)};
}

nft::Expression payload(const Nest& of) {
  if (of.has(NFTA_PAYLOAD_SREG))
    return nft::SetPayload{of.number(NFTA_PAYLOAD_BASE),      of.number(NFTA_PAYLOAD_OFFSET),
                           of.number(NFTA_PAYLOAD_LEN),       of.number(NFTA_PAYLOAD_SREG),
                           of.number(NFTA_PAYLOAD_CSUM_TYPE), of.number(NFTA_PAYLOAD_CSUM_OFFSET),
                           of.number(NFTA_PAYLOAD_CSUM_FLAGS)};
  return nft::Payload{of.number(NFTA_PAYLOAD_BASE), of.number(NFTA_PAYLOAD_OFFSET),
                      of.number(NFTA_PAYLOAD_LEN), of.number(NFTA_PAYLOAD_DREG)};
}

nft::Expression meta(const Nest& of) {
  std::uint32_t key = of.number(NFTA_META_KEY);
  if (of.has(NFTA_META_SREG)) return nft::SetMeta{key, of.number(NFTA_META_SREG)};
  return nft::Meta{key, of.number(NFTA_META_DREG)};
}

nft::Expression conntrack(const Nest& of) {
  std::optional<std::uint8_t> direction;
  if (std::uint8_t given = 0; take(of.bytes(NFTA_CT_DIRECTION), given)) direction = given;
  const std::uint32_t key = of.number(NFTA_CT_KEY);
  if (of.has(NFTA_CT_SREG)) return nft::SetConntrack{key, of.number(NFTA_CT_SREG), direction};
  return nft::Conntrack{key, of.number(NFTA_CT_DREG), direction};
}

nft::Expression fib(const Nest& of) {
  return nft::Fib{of.number(NFTA_FIB_RESULT), of.number(NFTA_FIB_FLAGS), of.number(NFTA_FIB_DREG)};
}

nft::Expression compare(const Nest& of) {
  return nft::Compare{of.number(NFTA_CMP_SREG), of.number(NFTA_CMP_OP), of.value(NFTA_CMP_DATA)};
}

nft::Expression range(const Nest& of) {
  return nft::Range{of.number(NFTA_RANGE_SREG), of.number(NFTA_RANGE_OP),
                    of.value(NFTA_RANGE_FROM_DATA), of.value(NFTA_RANGE_TO_DATA)};
}

nft::Expression bitwise(const Nest& of) {
  return nft::Bitwise{of.number(NFTA_BITWISE_SREG), of.number(NFTA_BITWISE_DREG),
                      of.number(NFTA_BITWISE_LEN),  of.number(NFTA_BITWISE_OP),
                      of.value(NFTA_BITWISE_MASK),  of.value(NFTA_BITWISE_XOR),
                      of.value(NFTA_BITWISE_DATA)};
}

nft::Expression byte_order(const Nest& of) {
  return nft::ByteOrder{of.number(NFTA_BYTEORDER_SREG), of.number(NFTA_BYTEORDER_DREG),
                        of.number(NFTA_BYTEORDER_LEN), of.number(NFTA_BYTEORDER_SIZE)};
}

nft::Expression lookup(const Nest& of) {
  nft::Lookup found{of.number(NFTA_LOOKUP_SREG),
                    of.text(NFTA_LOOKUP_SET),
                    (of.number(NFTA_LOOKUP_FLAGS) & NFT_LOOKUP_F_INV) != 0,
                    {}};
  if (of.has(NFTA_LOOKUP_DREG)) found.to = of.number(NFTA_LOOKUP_DREG);
  return found;
}

nft::Expression immediate(const Nest& of) {
  nft::Immediate found{of.number(NFTA_IMMEDIATE_DREG), of.value(NFTA_IMMEDIATE_DATA)};
  if (Nest data = of.nest(NFTA_IMMEDIATE_DATA); data.has(NFTA_DATA_VERDICT))
    found.value = verdict_of(data.nest(NFTA_DATA_VERDICT));
  return found;
}

nft::Expression counter(const Nest& of) {
  return nft::Counter{of.large(NFTA_COUNTER_PACKETS), of.large(NFTA_COUNTER_BYTES)};
}

nft::Expression match(const Nest& of) {
  return nft::Extension{false, of.text(NFTA_MATCH_NAME), of.number(NFTA_MATCH_REV),
                        Nest::octets(of.bytes(NFTA_MATCH_INFO))};
}

nft::Expression target(const Nest& of) {
  return nft::Extension{true, of.text(NFTA_TARGET_NAME), of.number(NFTA_TARGET_REV),
                        Nest::octets(of.bytes(NFTA_TARGET_INFO))};
}

struct Row {
  const char* name;
  nft::Expression (*read)(const Nest&);
};
constexpr Row kExpressions[] = {
    {"payload", payload},
    {"meta", meta},
    {"ct", conntrack},
    {"cmp", compare},
    {"range", range},
    {"bitwise", bitwise},
    {"byteorder", byte_order},
    {"lookup", lookup},
    {"immediate", immediate},
    {"counter", counter},
    {"match", match},
    {"target", target},
    {"fib", fib},
};

nft::Expression expression_of(const Nest& expression) {
  const std::string_view name = expression.view(NFTA_EXPR_NAME);
  for (const Row& row : kExpressions)
    if (name == row.name) return row.read(expression.nest(NFTA_EXPR_DATA));
  return nft::Other{std::string(name)};
}

nft::Base base_of(const Nest& chain) {
  Nest hook = chain.nest(NFTA_CHAIN_HOOK);
  nft::Base base{hook.number(NFTA_HOOK_HOOKNUM),
                 static_cast<std::int32_t>(hook.number(NFTA_HOOK_PRIORITY))};
  if (chain.has(NFTA_CHAIN_POLICY))
    base.policy = static_cast<std::int32_t>(chain.number(NFTA_CHAIN_POLICY));
  base.type = chain.text(NFTA_CHAIN_TYPE);
  if (hook.has(NFTA_HOOK_DEV)) base.devices.push_back(hook.text(NFTA_HOOK_DEV));
  for (auto [type, payload] : Attributes(hook.bytes(NFTA_HOOK_DEVS)))
    base.devices.push_back(text(payload));
  return base;
}

nft::Element element_of(const Nest& from) {
  nft::Element element;
  std::uint32_t flags = from.number(NFTA_SET_ELEM_FLAGS);
  element.key = from.value(NFTA_SET_ELEM_KEY);
  element.key_end = from.value(NFTA_SET_ELEM_KEY_END);
  element.interval_end = flags & NFT_SET_ELEM_INTERVAL_END;
  element.catch_all = flags & NFT_SET_ELEM_CATCHALL;
  element.stateful = from.has(NFTA_SET_ELEM_EXPR) || from.has(NFTA_SET_ELEM_EXPRESSIONS);
  if (Nest data = from.nest(NFTA_SET_ELEM_DATA); data.has(NFTA_DATA_VERDICT))
    element.verdict = verdict_of(data.nest(NFTA_DATA_VERDICT));
  return element;
}

// Where an entry belongs; false: it doesn't say.
bool place(const Entry& entry, std::uint16_t table, std::uint16_t name, NftPlace& of) {
  of = {entry.family, entry.attributes.view(table), entry.attributes.view(name)};
  return !of.table.empty() && !of.name.empty();
}

}  // namespace

std::optional<nft::Table> decode_nft_table(Bytes message) {
  auto table = entry(message, NFT_MSG_NEWTABLE);
  if (!table || !table->attributes.has(NFTA_TABLE_NAME)) return std::nullopt;
  bool dormant = table->attributes.number(NFTA_TABLE_FLAGS) & NFT_TABLE_F_DORMANT;
  return nft::Table{table->family, table->attributes.text(NFTA_TABLE_NAME), dormant, {}, {}};
}

std::optional<nft::Chain> decode_nft_chain(Bytes message, NftPlace& of) {
  auto chain = entry(message, NFT_MSG_NEWCHAIN);
  if (!chain || !place(*chain, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, of)) return std::nullopt;
  nft::Chain found{std::string(of.name), {}, {}, chain->attributes.large(NFTA_CHAIN_HANDLE)};
  if (chain->attributes.has(NFTA_CHAIN_HOOK)) found.base = base_of(chain->attributes);
  return found;
}

std::optional<nft::Rule> decode_nft_rule(Bytes message, NftPlace& of) {
  auto rule = entry(message, NFT_MSG_NEWRULE);
  if (!rule || !place(*rule, NFTA_RULE_TABLE, NFTA_RULE_CHAIN, of)) return std::nullopt;
  nft::Rule found{rule->attributes.large(NFTA_RULE_HANDLE), {}};
  for (auto [type, payload] : Attributes(rule->attributes.bytes(NFTA_RULE_EXPRESSIONS)))
    found.does.push_back(expression_of(Nest(payload)));
  return found;
}

std::optional<nft::Set> decode_nft_set(Bytes message, NftPlace& of) {
  auto set = entry(message, NFT_MSG_NEWSET);
  if (!set || !place(*set, NFTA_SET_TABLE, NFTA_SET_NAME, of)) return std::nullopt;
  nft::Set found{.name = std::string(of.name)};
  found.flags = set->attributes.number(NFTA_SET_FLAGS);
  found.key_length = set->attributes.number(NFTA_SET_KEY_LEN);
  Nest description = set->attributes.nest(NFTA_SET_DESC);
  for (auto [type, payload] : Attributes(description.bytes(NFTA_SET_DESC_CONCAT)))
    found.fields.push_back(static_cast<std::uint8_t>(Nest(payload).number(NFTA_SET_FIELD_LEN)));
  return found;
}

std::optional<std::vector<nft::Element>> decode_nft_elements(Bytes message, NftPlace& of) {
  auto set = entry(message, NFT_MSG_NEWSETELEM);
  if (!set || !place(*set, NFTA_SET_ELEM_LIST_TABLE, NFTA_SET_ELEM_LIST_SET, of))
    return std::nullopt;
  std::vector<nft::Element> found;
  for (auto [type, payload] : Attributes(set->attributes.bytes(NFTA_SET_ELEM_LIST_ELEMENTS)))
    found.push_back(element_of(Nest(payload)));
  return found;
}

}  // namespace tna
