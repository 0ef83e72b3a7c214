// SPDX-License-Identifier: Apache-2.0
// Where the kernel keeps the packet sockets that are bound to no device.
#pragma once

#include "capabilities/kernel_memory.h"

namespace tna {

// Address of the list's head, 0 where it was not found: a member of struct net (`net`), or a
// variable for all namespaces in older kernels (include/net/hotdata.h; before, net/core/dev.c).
std::uint64_t tap_list(const KernelMemory&, std::uint64_t net);

}  // namespace tna
