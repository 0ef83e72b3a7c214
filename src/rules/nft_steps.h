// SPDX-License-Identifier: Apache-2.0
// nft_steps.h: what a rule's expressions do, as steps; for from_nft.cpp.
#pragma once

#include <optional>
#include <vector>

#include "introspect/nft_objects.h"
#include "rules/nft_registers.h"
#include "rules/rule_set.h"

namespace tna {

// Of a table of that family (NFPROTO_*).
std::vector<Step> steps_of(const nft::Rule&, std::uint8_t family);

Verdict verdict_of(const nft::Verdict&);

// Constants and bits, to bytes of the IP header that programs can change; nothing: to others.
std::optional<std::vector<Step>> writes(const nft::SetPayload&, const HeldRegisters&);

}  // namespace tna
