// SPDX-License-Identifier: Apache-2.0
// What the running kernel offers, found by trying.
#pragma once

#include "capabilities/capabilities.h"
#include "capabilities/kernel_memory.h"

namespace tna {

// Whether the pipelines load is the deployer's to say: kFeatureXdp, kFeatureTc.
KernelCapabilities probe_kernel(KernelMemory&);

}  // namespace tna
