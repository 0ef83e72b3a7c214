// SPDX-License-Identifier: Apache-2.0
// names.h: rules that ask for names of interfaces again and again, as those of many bridges do, ask
// for a number: which of all the names in the rules it is. The code finds it out once.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "compile/tree.h"
#include "rules/rule_set.h"

namespace tna {

class NameNumbers {
 public:
  // Of the rules that packets of NFPROTO_IPV4 or _IPV6 may meet; those for frames ask for none.
  NameNumbers(const RuleSet&, std::uint8_t family);

  // The numbers of the names in the interval; nothing: they have none.
  std::optional<Range> range(const Operand&, const Interval&) const;
  // By iifname and oifname: a name's number is how many of these are not above it.
  const std::map<Field, std::vector<Octets>>& cuts() const { return cuts_; }
  // Where the number is in the facts; the operand is a whole name.
  static int place(Field);
  static bool is_whole(const Operand&);

 private:
  std::map<Field, std::vector<Octets>> cuts_;
};

}  // namespace tna
