// SPDX-License-Identifier: Apache-2.0
// nft_sets.h: nf_tables' sets and maps, and lookups that ask them; for from_nft.cpp.
#pragma once

#include <string_view>
#include <unordered_map>
#include <vector>

#include "introspect/nft_objects.h"
#include "rules/rule_set.h"

namespace tna {

ElementSet set_from(const nft::Set&);

using SetsByName = std::unordered_map<std::string_view, ElementSet*>;

// Leaves lookups as many parts of a key as their sets have. Where that can't be, a rule ends.
void fit_lookups(std::vector<Step>&, const SetsByName&);

}  // namespace tna
