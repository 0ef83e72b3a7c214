// SPDX-License-Identifier: Apache-2.0
// Options of a bridge that Debian 12's tools don't know. Each is false where the kernel refuses.
#pragma once

#include <cstdint>

#include "base/net_types.h"

namespace tna::test {

// Multiple spanning trees: allowed only while no VLAN exists.
bool enable_mst(IfIndex bridge);
// The VLAN belongs to that tree (0 to 4094).
bool put_into_tree(IfIndex bridge, std::uint16_t vlan, std::uint16_t tree);
// The port's state (BR_STATE_*) in that tree.
bool set_tree_state(IfIndex port, std::uint16_t tree, std::uint8_t state);

}  // namespace tna::test
