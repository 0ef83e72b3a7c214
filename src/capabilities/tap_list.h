// SPDX-License-Identifier: Apache-2.0
// Where the kernel keeps those who get packets from all interfaces.
#pragma once

#include "capabilities/capabilities.h"
#include "capabilities/kernel_memory.h"

namespace tna {

// Packet sockets for all protocols: address of the list's head, 0 where it was not found: a member
// of struct net (`net`), or a variable for all namespaces in older kernels (include/net/hotdata.h;
// before, net/core/dev.c).
std::uint64_t tap_list(const KernelMemory&, std::uint64_t net);

// Packet sockets for one protocol (ETH_P_*), and the kernel's own `handler` of it
// (net/core/dev.c:ptype_head).
NetfilterState::Takers ip_takers(const KernelMemory&, std::uint64_t net, std::uint16_t protocol,
                                 const std::string& handler);

}  // namespace tna
