// SPDX-License-Identifier: Apache-2.0
// Where the kernel shows that other rules are in force than a moment ago.
#pragma once

#include "capabilities/capabilities.h"
#include "capabilities/kernel_memory.h"

namespace tna {

// The words behind the hooks that `state` has. `before`, from an earlier call: addresses of the
// same namespace need not be searched for again.
Result<RuleWords> probe_rules(KernelMemory&, const NetfilterState& state,
                              const NetfilterState& before);

// Whether programs can look up the connections that are followed there.
bool probe_connections(const NetfilterState& state, const NetfilterState& before);
// Whether they can in any zone, where they can at all.
bool probe_zones(const KernelMemory&, const NetfilterState& before);
// Whether this kernel's functions for that take a zone; false where conntrack isn't loaded.
bool looks_by_zone(const KernelMemory&);

}  // namespace tna
