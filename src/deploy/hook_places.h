// SPDX-License-Identifier: Apache-2.0
// hook_places.h: the functions of tna/hook.h that do nothing in a hook's object (enum
// tna_hook_place): where the code has them, and what they become.
#pragma once

#include <map>

#include "deploy/code.h"

namespace tna {

// Where such functions begin: enum tna_hook_place.
std::map<std::size_t, int> places_in(const Instructions&);

// Calls of them become calls of the helpers that do it at that hook.
void resolve_places(Instructions&, bool xdp);

}  // namespace tna
