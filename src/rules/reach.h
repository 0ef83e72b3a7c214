// SPDX-License-Identifier: Apache-2.0
// reach.h: what of a rule set forwarded packets can meet. Nothing else matters to the fast path.
#pragma once

#include <set>
#include <string>

#include "introspect/nft_objects.h"
#include "rules/rule_set.h"

namespace tna {

// The chains that packets of IPv4 and IPv6, and frames, get to from the hooks that forwarded ones
// pass, and the sets that these ask. Chains that only new connections see (NAT) are among them,
// what they jump to is not: packets go to Linux before that.
std::set<nft::Part> met_by_forwarded(const RuleSet&);

// Which of their rules asks for what Linux has counted of a connection ("inet t c, rule 7"); empty:
// none does.
std::string counters_read_by(const RuleSet&);

}  // namespace tna
