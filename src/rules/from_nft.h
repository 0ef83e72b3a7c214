// SPDX-License-Identifier: Apache-2.0
// from_nft.h: nf_tables rules, those of the iptables-nft commands among them, as a RuleSet.
#pragma once

#include "introspect/nft_objects.h"
#include "rules/rule_set.h"

namespace tna {

// Every rule is there; what has no other form is a step that punts, with the expression's name.
// Tables that are dormant are left out.
RuleSet rules_from_nft(const nft::Ruleset&);

// The steps of a match or target of xtables in a table of that family (NFPROTO_*); nothing: it has
// no form here.
std::optional<std::vector<Step>> steps_of(const nft::Extension&, std::uint8_t family);

}  // namespace tna
