// SPDX-License-Identifier: Apache-2.0
// Shrinking: the fewest steps with which the two worlds still differ.
#pragma once

#include <functional>

#include "case.h"

namespace tna::differential {

// `differs` runs a case; called until nothing more can be left out or the time is over.
Case shrink(Case case_, const std::function<bool(const Case&)>& differs, int seconds);

}  // namespace tna::differential
