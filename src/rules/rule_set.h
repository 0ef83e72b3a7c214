// SPDX-License-Identifier: Apache-2.0
// RuleSet: the one form that rules have in TNA, whoever wrote them: chains of rules, a rule being
// steps that are taken in turn until one does not hold. What TNA can't do is a step, too: a packet
// that gets there goes to Linux, the rules before it decide.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

namespace tna {

using Octets = std::vector<std::uint8_t>;

// What of a packet a rule looks at. Numbers are in network order where they come from the packet,
// and in the machine's where they come from the kernel.
enum class Field : std::uint8_t {
  link,       // the frame from its Ethernet header on
  network,    // the packet from its IP header on
  transport,  // from TCP's, UDP's, ICMP's header on
  nfproto,    // 1 byte: NFPROTO_IPV4, NFPROTO_IPV6
  l4proto,    // 1: IPPROTO_*, behind IPv6's extension headers
  protocol,   // 2: EtherType
  length,     // 4: bytes from the IP header on
  mark,       // 4
  iif,
  oif,  // 4: index
  iifname,
  oifname,  // 16: filled up with NULs
  iiftype,
  oiftype,  // 2: ARPHRD_*
  iifgroup,
  oifgroup,  // 4
  // Of a bridged packet, the ports; to rules of IP the devices above are the bridge.
  port_iif,
  port_oif,  // 4
  port_iifname,
  port_oifname,  // 16
  port_iifgroup,
  port_oifgroup,  // 4
  ibrname,
  obrname,       // 16: the bridge's name, to rules for frames
  bridged,       // 1: behind prerouting, 0: the packet is routed
  pkttype,       // 1: PACKET_*
  daddr_type,    // 4: RTN_*
  ct_state,      // 4: NF_CT_STATE_BIT()
  ct_status,     // 4: IPS_*
  ct_mark,       // 4
  ct_direction,  // 1: IP_CT_DIR_*
  count,
};
const char* to_string(Field);

struct Mask {  // value & keep ^ flip
  Octets keep, flip;
  bool operator==(const Mask&) const = default;
};
struct Shift {
  bool left = false;
  std::uint8_t bits = 0;  // of each four bytes as one number
  bool operator==(const Shift&) const = default;
};
struct Swap {
  std::uint8_t size = 0;  // of the numbers whose bytes are turned round
  bool operator==(const Swap&) const = default;
};
using Transform = std::variant<Mask, Shift, Swap>;

struct Operand {
  Field field = Field::network;
  std::uint8_t offset = 0, length = 0;  // bytes of it
  std::vector<Transform> then;
  bool operator==(const Operand&) const = default;
};

struct Interval {  // both ends belong to it; compared byte by byte
  Octets low, high;
  bool operator==(const Interval&) const = default;
};

struct Test {  // holds where the operand is in one of the intervals, or in none; never where the
               // packet has no such operand
  Operand of;
  bool inside = true;
  std::vector<Interval> in;
  bool operator==(const Test&) const = default;
};

enum class Decision : std::uint8_t { accept, drop, go_on, back, jump, go, punt };
struct Verdict {
  Decision decision = Decision::go_on;
  std::string chain;  // of jump and go; why, of punt
  bool operator==(const Verdict&) const = default;
};

struct Lookup {
  std::vector<Operand> key;  // one after the other
  std::string set;
  bool inside = true;
  bool verdicts = false;  // the element found says what to do
  bool operator==(const Lookup&) const = default;
};

struct Count {
  bool operator==(const Count&) const = default;
};
struct SetMark {  // to mark & keep ^ value, and ^ four bytes of the packet's
  std::uint32_t value = 0, keep = 0;
  std::optional<Operand> from{};
  bool operator==(const SetMark&) const = default;
};

// To a byte of the IP header: byte & keep ^ flip, or so many more, but not below 0 or above 255.
struct Write {
  std::uint8_t family = 0;  // of the header, NFPROTO_*
  std::uint8_t offset = 0, keep = 0, flip = 0;
  int more = 0;
  // nf_tables writes a sum of zero as 0xffff, also where nothing has changed, xtables as 0
  // (net/netfilter/nft_payload.c:nft_csum_replace, net/core/utils.c:inet_proto_csum_replace4).
  bool by_nft = false;
  bool operator==(const Write&) const = default;
};

// In which zone the packet's connection is looked for: with packets of these directions in that
// one, with others in 0. The first rule that says so is heard, and none behind connection tracking.
struct SetZone {
  std::uint16_t zone = 0;
  bool original = true, reply = true;
  bool operator==(const SetZone&) const = default;
};

using Step = std::variant<Test, Lookup, Count, SetMark, SetZone, Write, Verdict>;

struct Rule {
  std::uint64_t handle = 0;  // as `nft -a list ruleset` shows it
  std::vector<Step> steps;
  struct Counted {
    std::uint64_t packets = 0, bytes = 0;
    bool operator==(const Counted&) const = default;
  };
  std::optional<Counted> counted{};  // by Linux, in the rule's own counter
  bool reads_counters = false;       // packets or bytes of the packet's connection
  bool operator==(const Rule&) const = default;
};

enum class RuleHook : std::uint8_t {
  ingress,
  prerouting,
  input,
  forward,
  output,
  postrouting,
  egress
};
const char* to_string(RuleHook);

struct BaseChain {
  RuleHook hook = RuleHook::forward;
  std::int32_t priority = 0;
  bool drops = false;                // its policy
  bool new_flows_only = false;       // of type nat: other packets don't get there
  std::vector<std::string> devices;  // of ingress and egress
};

struct RuleChain {
  std::string name;
  std::optional<BaseChain> base;
  std::vector<Rule> rules;
};

struct SetElement {
  std::vector<Interval> parts;  // one for each of the set's
  Verdict verdict;              // of a verdict map
};

struct ElementSet {
  std::string name;
  std::vector<std::uint8_t> parts;  // lengths of those of its keys
  bool intervals = false;           // elements may be more than one key
  std::vector<SetElement> elements;
  std::optional<Verdict> otherwise;  // of the element that stands for all other keys
  std::string punt;                  // why it can't be asked; empty: it can
  bool verdicts = false;             // it is a verdict map
};

struct RuleTable {
  std::uint8_t family = 0;  // NFPROTO_*
  std::string name;
  std::vector<RuleChain> chains;
  std::vector<ElementSet> sets;
  std::uint64_t newest = 0;  // as nft::Table has it

  const RuleChain* chain(const std::string& name) const;
  const ElementSet* set(const std::string& name) const;
};

struct RuleSet {
  std::uint32_t generation = 0;
  std::vector<RuleTable> tables;

  // The base chains that packets of that family meet at the hook, in turn.
  std::vector<std::pair<const RuleTable*, const RuleChain*>> met(std::uint8_t family,
                                                                 RuleHook hook) const;
};

// As nft names it: "ip", "inet"...
const char* table_family_name(std::uint8_t family);
std::string to_text(const Step&);

}  // namespace tna
