// SPDX-License-Identifier: Apache-2.0
// Random settings of a world, as commands: for the start, and as changes while frames flow.
#pragma once

#include <string>
#include <vector>

#include "random.h"
#include "shapes.h"

namespace tna::differential {

struct Change {
  std::vector<std::string> apply, undo;  // commands; undo may be empty
  int settle_ms = 0;       // what the kernel itself does later (carrier, collecting FDB entries)
  bool stops_tna = false;  // so it must not stand for long
};

Change random_change(Random& random, const Shape& shape, int ports);

}  // namespace tna::differential
