// SPDX-License-Identifier: Apache-2.0
// Random cases: a world's settings, frames, and changes between them.
#pragma once

#include "case.h"
#include "shapes.h"

namespace tna::differential {

// In a world of one of the shapes.
Case random_case(std::uint64_t seed, int frames, const Shapes& shapes);

}  // namespace tna::differential
