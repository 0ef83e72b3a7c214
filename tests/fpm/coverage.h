// SPDX-License-Identifier: Apache-2.0
// Every reason of TNA_REASONS must have been the outcome of some test at each hook, or it is said
// here why it can't be.
#pragma once

#include "assemble/plan.h"
#include "tna.h"

namespace tna::test {

void saw(Hook, tna_reason);
// This kernel refuses what would provoke it.
void kernel_lacks(tna_reason, const char* what);
// The same at one hook.
void hook_lacks(Hook, tna_reason, const char* what);

// Prints what is missing, and what can't be provoked and why; false if something is missing.
bool every_reason_was_seen();

}  // namespace tna::test
