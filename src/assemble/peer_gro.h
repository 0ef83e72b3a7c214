// SPDX-License-Identifier: Apache-2.0
// A veth takes frames by XDP only while its other end polls: it has GRO on, or an XDP program
// (drivers/net/veth.c:veth_xdp_xmit). Which veths lack that, and what is said of them.
#pragma once

#include <string>

#include "assemble/plan.h"

namespace tna {

// Somebody would send by the veth if it could be sent by.
bool waits_for_peer(const Node&, const DeviceCapabilities&);
// A clause for the status; empty: there is nothing to say. `done` is nullptr where GRO of the other
// end was not switched by us.
std::string about_peer(const Graph&, const DeviceCapabilities&, bool allowed, const PeerGro* done);

}  // namespace tna
