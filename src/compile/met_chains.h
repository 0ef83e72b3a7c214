// SPDX-License-Identifier: Apache-2.0
// met_chains.h: the chains that packets of a family meet at a hook, in their order, and what the
// kernel does between them.
#pragma once

#include "compile/function.h"
#include "compile/operand_code.h"

namespace tna {

inline constexpr RuleHook kForwardingHooks[] = {RuleHook::prerouting, RuleHook::forward,
                                                RuleHook::postrouting};

// There are chains of the family bridge.
bool has_frame_chains(const RuleSet&);
// Packets of the family may get other addresses.
bool translates(const RuleSet&, std::uint8_t family);

void write_hook(Function&, const Met&);
// Those alone that come before a packet's connection is looked for.
void write_before_tracking(Function&, const Met&);

}  // namespace tna
