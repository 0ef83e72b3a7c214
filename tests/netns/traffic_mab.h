// SPDX-License-Identifier: Apache-2.0
// The bridge port option "mab", which the bridge command of Debian 12 can't set.
#pragma once

#include <string>

#include "base/result.h"

namespace tna::traffic {

Result<> set_mab(const std::string& netns, const std::string& port, bool on);

}  // namespace tna::traffic
