// SPDX-License-Identifier: Apache-2.0
// The demonstration: a bridge without and with TNA, what TNA made of it, and a change that is
// obeyed in the middle of traffic.
#pragma once

#include "base/result.h"

namespace tna::bench {

// keep: leaves the bridge and a tnad standing, and says what to type.
Result<> demo(bool keep);

}  // namespace tna::bench
