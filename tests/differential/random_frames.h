// SPDX-License-Identifier: Apache-2.0
// Traffic: a few stations that talk, mostly to each other and mostly properly.
#pragma once

#include <array>

#include "case.h"
#include "names.h"
#include "random.h"
#include "shapes.h"

namespace tna::differential {

class Traffic {
 public:
  Traffic(Random& random, const Shape& shape, int ports);
  Step next();              // a frame into a port
  Step talk();              // a proper one to a known station, which goes the fast path
  Step greet(int station);  // a broadcast, so that the bridge learns where it is

 private:
  int partner(int from);
  Mac destination(int to);
  Frame frame(int from, int to, const Mac& source, const Mac& target);

  Random& random_;
  const Shape& shape_;
  int ports_;
  std::array<int, kStations + 1> home_{};  // port of each station; [0] is not used
  std::uint32_t serial_ = 0;               // in each payload, so that no two frames are equal
};

}  // namespace tna::differential
