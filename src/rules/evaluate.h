// SPDX-License-Identifier: Apache-2.0
// evaluate.h: what a RuleSet says of a packet, slowly and plainly. Compiled rules have to say the
// same.
#pragma once

#include <array>
#include <optional>

#include "rules/rule_set.h"

namespace tna {

// What rules can look at of a packet; a field is empty where the packet has no such thing.
struct Facts {
  std::array<Octets, static_cast<std::size_t>(Field::count)> fields;
  std::optional<SetZone> zone{};  // that its connection will be looked for in
  Octets& operator[](Field field) { return fields[static_cast<std::size_t>(field)]; }
  const Octets& operator[](Field field) const { return fields[static_cast<std::size_t>(field)]; }
};

struct Judgement {
  Decision decision = Decision::accept;  // accept, drop, punt
  std::string why;                       // of a punt
  std::vector<std::uint64_t> counted;    // handles of the rules whose counters were passed
};

// What a rule compares of a field that has that value; it must be long enough.
Octets transformed(const Operand&, const Octets& field);

// Of a packet at the hook; a mark and a zone that rules set are in the facts afterwards.
Judgement evaluate(const RuleSet&, std::uint8_t family, RuleHook, Facts&);

}  // namespace tna
