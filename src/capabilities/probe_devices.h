// SPDX-License-Identifier: Apache-2.0
// What each device can do: driver, XDP features, offloads.
#pragma once

#include <map>
#include <set>

#include "capabilities/capabilities.h"
#include "capabilities/kernel_memory.h"
#include "introspect/objects.h"

namespace tna {

// Asks the devices in `which` (of the calling thread's namespace) and puts the answers into `into`.
// What a device or the kernel does not tell stays at its default. A veth's peer is told by its
// link; changes of all the rest by DeviceWatch.
void probe_devices(KernelMemory& memory, const std::map<IfIndex, Link>& links, const std::set<IfIndex>& which,
                   std::map<IfIndex, DeviceCapabilities>& into);

}  // namespace tna
