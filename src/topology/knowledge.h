// SPDX-License-Identifier: Apache-2.0
// Knowledge: what TNA knows about Linux, as rows of tables, read from knowledge/*.toml (built in)
// and then from /etc/tna/knowledge.d/*.toml. knowledge/README.md is the manual of the tables.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/toml.h"

namespace tna {

using AttributeValue = std::variant<std::int64_t, std::string>;

// What an attribute must be for a row to apply. One without a comparison asks for any value that is
// neither 0 nor empty. An absent attribute fulfils no condition.
struct Condition {
  enum class Is { set, one_of, none_of };
  std::string attribute;  // empty: always fulfilled
  Is is = Is::set;
  std::vector<AttributeValue> values;
  bool operator==(const Condition&) const = default;
};

// [[node]]: what a device of that kind is called, and where a fast path for it may be hooked in.
struct NodeRow {
  std::string kind;                   // IFLA_INFO_KIND, "" for devices without
  std::int64_t hardware_type = kAny;  // ARPHRD_*
  std::string type;
  std::vector<std::string> hooks;  // the preferred one first; none: left to Linux
  std::string why;                 // why there is no other, or none
  Origin origin;
  static constexpr std::int64_t kAny = -1;
};

// [[attribute]]: the name and the form of a netlink attribute.
struct AttributeRow {
  // Numbers in host order, be16 in network order; bitfield: value and mask, of which `bit` counts.
  enum class Type { u8, u16, u32, u64, be16, bitfield, text, mac, bridge_id, opaque };
  std::string of;  // KIND: IFLA_INFO_DATA, KIND-port: IFLA_INFO_SLAVE_DATA, ipv4, ipv6: netconf
  std::uint16_t id = 0;
  std::string name;  // as others refer to it: with "port.", "ipv4.", "ipv6." in front
  Type type = Type::u8;
  std::uint8_t bit = 0;            // of a bitfield
  bool changes_by_itself = false;  // a timer, a counter: no configuration, so not in the graph
  Origin origin;
};

// [[relation]]: what it means that a link points to another one.
struct RelationRow {
  std::string name;        // "port of"
  std::string by;          // "master" or "lower"
  std::string kind;        // of the pointing link; empty: any
  std::string slave_kind;  // of the pointing link; empty: any
  std::string role;        // what the pointing node becomes by it: "bridge-port"; may be empty
  std::string stands = "above";  // the pointing node: "above", "below" or "beside" the other
  Origin origin;
};

// [[implies]]: which service a node is asked for.
struct ImpliesRow {
  std::string on;                   // node type, role or "any"
  std::vector<std::string> not_on;  // node types and roles that it does not hold for
  std::vector<std::string> with;    // attributes that must all be set
  std::string incoming;  // relation: another node has it to this one, and has the service
  std::string from;      // type of that other node; empty: any
  std::string service, because;
  Origin origin;
};

// [[module]]: which module serves a service.
struct ModuleRow {
  std::string service, module;
  std::int64_t order = 0;  // place in the spine
  Condition when;
  std::string of;   // relation: the condition is about the node to which this one has it
  std::string any;  // relation: enough that one node with this relation to the same node fulfils it
  std::string fact;  // needed only while this is so: "br_netfilter", "routed_bridge", ...
  std::string because;
  Origin origin;
};

// [[blocker]] and [[note]]: what is not modelled, and what is good to know.
struct BlockerRow {
  std::string on;  // node type, role or "any"
  std::string name, reason;
  Condition when;
  std::string incoming;            // relation: another node has it to this one
  std::string from;                // type of that other node; empty: any
  bool unknown_attribute = false;  // the kernel reports an attribute without a row, and it is not 0
  std::string reach;               // relation: taken over by those who have it to this node
  Origin origin;
};

struct Knowledge {
  std::vector<NodeRow> nodes;
  // By what they are of, then by number; several rows for the bits of one bitfield.
  std::map<std::string, std::map<std::uint16_t, std::vector<AttributeRow>>> attributes;
  std::vector<RelationRow> relations;
  std::vector<ImpliesRow> implies;
  std::vector<ModuleRow> modules;  // by service and order
  std::vector<BlockerRow> blockers, notes;

  // The row that fits best, nullptr where there is none.
  const NodeRow* node(const std::string& kind, std::uint16_t hardware_type) const;
  // Whether an attribute is known to change by itself. One without a row is not.
  bool changes_by_itself(const std::string& of, std::uint16_t id) const;
};

struct KnowledgeText {
  std::string name, text;  // the file's name for messages
};

// Later files add to earlier ones; a row with the key of an earlier one replaces it.
Result<Knowledge> parse_knowledge(std::span<const KnowledgeText> files);

// The built-in files, then FOLDER/*.toml in the order of their names. No folder: no files.
Result<Knowledge> read_knowledge(const std::string& folder);

}  // namespace tna
