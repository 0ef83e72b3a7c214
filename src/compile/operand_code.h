// SPDX-License-Identifier: Apache-2.0
// operand_code.h: what a rule looks at, as code that loads it from struct tna_rule_facts and
// compares it. Registers 1 and 2 are used up.
#pragma once

#include <optional>
#include <string>

#include "compile/code.h"
#include "compile/names.h"
#include "rules/rule_set.h"

namespace tna {

inline constexpr int kFacts = 6;  // the register that points to the facts, kept over calls

// Where a chain is met.
struct Met {
  std::uint8_t family = 0;  // of the packets: NFPROTO_IPV4, NFPROTO_IPV6, NFPROTO_BRIDGE: others
  RuleHook hook = RuleHook::forward;
  bool legacy = false;       // of an xtables table, to which a device that isn't there has an empty
                             // name
  bool tracked = true;       // behind the hook that finds the packet's connection
  bool established = false;  // and packets of others than established ones don't get there
  bool beside_tracking = false;  // before or behind it: it depends on who came first
  bool for_zone = false;         // the packet's zone is wanted, and nothing else
  bool translates = false;       // connections' addresses are translated
  bool frames = false;           // of a table of the family bridge
  // By bridged packets that IP's rules see, too, before or after those: it depends on who came
  // first.
  bool beside_ip = false;
  const NameNumbers* names = nullptr;  // always there
};

// Why it can't be loaded there; empty: it can.
std::string why_not(const Operand&, const Met&);
// No packet has it there.
bool never_there(const Operand&, const Met&);
// The same for all packets that come there.
std::optional<Octets> constant_of(Field, const Met&);
// Of which packets it says something else there, or something that programs don't know; all are
// asked for what else why_not() and never_there() say.
enum class Unclear { none, bridged, routed, retagged, seen_by_ip };
Unclear unclear(const Operand&, const Met&);

class OperandCode {
 public:
  OperandCode(Code& code, const Met& met) : code_(code), met_(met) {}

  // The same for all packets of the family.
  std::optional<Octets> constant(const Operand&) const;
  // To `absent` where this packet does not have it.
  void require(const Operand&, Code::Label absent);
  // All of it, up to four bytes, as a number whose highest byte is the first; or a name's number.
  void load_tree_word(const Operand&);
  // Four bytes of it, or what is left of it, as they lie in memory.
  void load_word(const Operand&, int word);
  // To `outside` where it isn't in the interval.
  void require_in(const Operand&, const Interval&, Code::Label outside);
  // Puts into the facts how many of the cuts, which are in rising order, are not above it.
  void count_cuts(const Operand&, const std::vector<Octets>& cuts, int place);

 private:
  void load_number(const Operand&, int word);
  // Where eight bytes at once can be loaded: the offset of the operand in the facts.
  std::optional<int> wide(const Operand&) const;
  void require_equal_wide(int offset, const Octets& value, Code::Label other);
  void bound_wide(int offset, const Octets& by, bool from_below, Code::Label outside);
  void bound(const Operand&, int word, const Octets& by, bool from_below, Code::Label outside);

  void count_between(const Operand&, const std::vector<Octets>& cuts, int place, std::size_t least,
                     std::size_t most, Code::Label counted);

  Code& code_;
  Met met_;
};

// Words of four bytes, the last one perhaps shorter.
inline int words_of(std::size_t bytes) {
  return static_cast<int>((bytes + 3) / 4);
}

}  // namespace tna
