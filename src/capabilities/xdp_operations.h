// SPDX-License-Identifier: Apache-2.0
// What a driver can do at XDP where the kernel does not tell (before 6.3): whether it has the
// operations for it.
#pragma once

#include <cstdint>
#include <string>

#include "base/net_types.h"
#include "capabilities/kernel_memory.h"

namespace tna {

// NETDEV_XDP_ACT_BASIC and _REDIRECT of a driver with net_device_ops.ndo_bpf; _NDO_XMIT of one with
// ndo_xdp_xmit that would take a redirected frame now: a veth whose peer polls, a tap, another
// device with an XDP program (bpf/ctx/xdp.h asks the same for each frame). `kind`: IFLA_INFO_KIND.
// 0 for a device that is gone.
std::uint64_t xdp_operations(KernelMemory&, IfIndex, const std::string& kind);

}  // namespace tna
