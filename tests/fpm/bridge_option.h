// SPDX-License-Identifier: Apache-2.0
// Options of a bridge for which Debian 12's iproute2 has no word.
#pragma once

#include "base/net_types.h"

namespace tna::test {

// As `ip link set br0 type bridge mst_enabled 1` of newer ones. False: the kernel refused.
bool enable_mst(IfIndex bridge);

}  // namespace tna::test
