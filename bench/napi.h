// SPDX-License-Identifier: Apache-2.0
// NAPI of a device in threads of its own, to be had on one processor.
#pragma once

#include <string>

#include "netns.h"

namespace tna::bench {

// From now on, with the calling thread's priority. The device must be polling already.
Result<> pin_napi(const Netns& netns, const std::string& device, int cpu);

}  // namespace tna::bench
