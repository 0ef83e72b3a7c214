// SPDX-License-Identifier: Apache-2.0
// Random cases: a world's settings, frames, and changes between them.
#pragma once

#include "case.h"

namespace tna::differential {

Case random_case(std::uint64_t seed, int frames);

}  // namespace tna::differential
