// SPDX-License-Identifier: Apache-2.0
// Traffic: a few stations that talk, mostly to each other and mostly properly: through a bridge, or
// through a router.
#pragma once

#include <functional>
#include <memory>

#include "case.h"
#include "random.h"
#include "shapes.h"

namespace tna::differential {

class Traffic {
 public:
  virtual ~Traffic() = default;
  virtual Step next() = 0;              // a frame into a port
  virtual Step talk() = 0;              // a proper one to a known station, which goes the fast path
  virtual Step greet(int station) = 0;  // so that the device knows of it
  // Frames at the end, after which nothing is half done.
  virtual std::vector<Step> settle() { return {}; }
};

std::unique_ptr<Traffic> bridged_traffic(Random& random, const Shape& shape, int ports);
std::unique_ptr<Traffic> routed_traffic(Random& random, const Shape& shape, int ports);

// What both have of frames, whoever says them to whom.
void add_tags(Random& random, Bytes& frame, bool provider);
void flip_a_bit(Random& random, Bytes& frame);  // anywhere in the headers but the MACs
std::size_t random_size(Random& random);

// A packet whose checksum, or also segmentation, is left to the device. `envelope` writes the IP
// header before an L4 part.
using Envelope = std::function<Bytes(bool v6, unsigned protocol, const Bytes& l4)>;
Frame unfinished(Random& random, const Mac& to, const Mac& from, std::uint32_t serial,
                 const Envelope& envelope);

}  // namespace tna::differential
