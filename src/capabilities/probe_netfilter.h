// SPDX-License-Identifier: Apache-2.0
// Who stands in the netfilter hooks of a namespace, and where br_netfilter keeps its sysctls.
#pragma once

#include "capabilities/capabilities.h"
#include "capabilities/kernel_memory.h"
#include "capabilities/symbols.h"

namespace tna {

// Reads the calling thread's namespace (struct net:
// net/netfilter/core.c:nf_hook_entries_insert_raw; fs/proc/proc_sysctl.c). What changed between the
// first and the last read is an error: try again. `before`, from an earlier call: while the
// bridge's hooks are the same, br_netfilter has not been unloaded in between, and its sysctls need
// not be searched for.
Result<NetfilterState> probe_netfilter(KernelMemory&, Symbols&, const NetfilterState& before = {});

}  // namespace tna
