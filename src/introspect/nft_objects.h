// SPDX-License-Identifier: Apache-2.0
// An nf_tables rule set as the kernel holds it: what `nft list ruleset` shows, one step lower. The
// kernel runs a rule's expressions in turn on registers of four bytes
// (net/netfilter/nf_tables_core.c: nft_do_chain). Numbers named after a constant are those of
// linux/netfilter/nf_tables.h.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace tna::nft {

using Octets = std::vector<std::uint8_t>;  // as in a register: numbers in the order of their source

struct Verdict {
  std::int32_t code = 0;  // NF_DROP, NF_ACCEPT, NFT_CONTINUE...
  std::string chain;      // of NFT_JUMP and NFT_GOTO
};

// `to` and `from` are registers (NFT_REG_*, NFT_REG32_*).
struct Payload {
  std::uint32_t base = 0, offset = 0, length = 0, to = 0;  // NFT_PAYLOAD_*; bytes
};
struct SetPayload {
  std::uint32_t base = 0, offset = 0, length = 0, from = 0;
  std::uint32_t sum_type = 0, sum_offset = 0,
                flags = 0;  // NFT_PAYLOAD_CSUM_*; NFT_PAYLOAD_L4CSUM_*
};
struct Meta {
  std::uint32_t key = 0, to = 0;  // NFT_META_*
};
struct SetMeta {
  std::uint32_t key = 0, from = 0;
};
struct Conntrack {
  std::uint32_t key = 0, to = 0;  // NFT_CT_*
  std::optional<std::uint8_t> direction;
};
struct SetConntrack {
  std::uint32_t key = 0, from = 0;
  std::optional<std::uint8_t> direction;  // IP_CT_DIR_*
};
struct Fib {
  std::uint32_t result = 0, flags = 0, to = 0;  // NFT_FIB_RESULT_*, NFTA_FIB_F_*
};
struct Compare {
  std::uint32_t from = 0, operation = 0;  // NFT_CMP_*
  Octets with;
};
struct Range {
  std::uint32_t from = 0, operation = 0;  // NFT_RANGE_*
  Octets low, high;                       // both of it
};
struct Bitwise {
  std::uint32_t from = 0, to = 0, length = 0, operation = 0;  // NFT_BITWISE_*
  Octets mask, flip;                                          // of NFT_BITWISE_BOOL
  Octets bits;                                                // of the shifts
};
struct ByteOrder {
  std::uint32_t from = 0, to = 0, length = 0, size = 0;
};
struct Lookup {
  std::uint32_t from = 0;
  std::string set;
  bool inverted = false;
  std::optional<std::uint32_t> to;  // of a map; NFT_REG_VERDICT: a verdict map
};
struct Immediate {
  std::uint32_t to = 0;
  std::variant<Octets, Verdict> value;
};
struct Counter {
  std::uint64_t packets = 0, bytes = 0;
};
struct Extension {  // of xtables: a match or a target
  bool target = false;
  std::string name;
  std::uint32_t revision = 0;
  Octets info;
};
struct Other {  // what TNA has no structure for
  std::string name;
};

using Expression =
    std::variant<Payload, SetPayload, Meta, SetMeta, Conntrack, SetConntrack, Fib, Compare, Range,
                 Bitwise, ByteOrder, Lookup, Immediate, Counter, Extension, Other>;

struct Rule {
  std::uint64_t handle = 0;
  std::vector<Expression> does;
};

struct Base {
  std::uint32_t hook = 0;  // NF_INET_*, NF_BR_*, NF_NETDEV_*
  std::int32_t priority = 0;
  std::int32_t policy = 1;  // NF_ACCEPT, NF_DROP
  std::string type;         // filter, nat, route
  std::vector<std::string> devices;
};

struct Chain {
  std::string name;
  std::optional<Base> base;
  std::vector<Rule> rules;
  std::uint64_t handle = 0;
};

struct Element {
  Octets key, key_end;        // key_end: of an interval of a concatenation
  bool interval_end = false;  // other sets: an interval ends before this key
  bool catch_all = false;
  bool stateful = false;  // it counts or limits
  std::optional<Verdict> verdict;
};

struct Set {
  std::string name;
  std::uint32_t flags = 0;  // NFT_SET_*
  std::uint32_t key_length = 0;
  std::vector<std::uint8_t> fields;  // lengths of a concatenation's parts, where the kernel says
  std::vector<Element> elements;
};

struct Table {
  std::uint8_t family = 0;  // NFPROTO_*
  std::string name;
  bool dormant = false;
  std::vector<Chain> chains;
  std::vector<Set> sets;
  std::uint64_t newest = 0;  // handle of its chains and rules: what comes later has a higher one
};

// A chain, or a set, of a table.
struct Part {
  std::uint8_t family = 0;
  std::string table, name;
  bool set = false;
  auto operator<=>(const Part&) const = default;
};

struct Ruleset {
  std::uint32_t generation = 0;
  std::vector<Table> tables;
};

}  // namespace tna::nft
