// SPDX-License-Identifier: Apache-2.0
// hook_check.h: does a hook's code keep to its contract? What the kernel's verifier can't know:
// that facts are not written to, and that the packet is touched by nothing but what tna/hook.h has
// for it.
#pragma once

#include "deploy/code.h"

namespace tna {

enum class HookKind { observer, filter, transformer, steer };
inline constexpr HookKind kHookKinds[] = {HookKind::observer, HookKind::filter,
                                          HookKind::transformer, HookKind::steer};
const char* to_string(HookKind);

struct HookReads {
  bool facts = false, headers = false;  // struct tna_facts
};

// The code from its first instruction on, with all functions that it calls. Error: what it does
// that it may not, at which instruction.
Result<HookReads> check_hook(const Instructions&, HookKind);

}  // namespace tna
