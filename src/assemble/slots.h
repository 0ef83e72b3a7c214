// SPDX-License-Identifier: Apache-2.0
// slots.h: where in the path a hook can stand, by name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tna {

// "start", "parsed", "forward", "end", "before:MODULE" or "after:MODULE" as places of the spine
// (enum tna_place); "forward" are several, of which a packet comes by one. Error: it says which
// there are.
Result<std::vector<int>> slots_named(std::string_view);
// "before:fib"
std::string slot_name(int slot);

}  // namespace tna
