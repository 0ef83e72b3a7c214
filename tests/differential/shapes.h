// SPDX-License-Identifier: Apache-2.0
// Shapes of worlds: what makes the device more than one bridge with a few ports. A shape is a list
// of commands at the beginning of a case, so a case file says all about its world.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace tna::differential {

// What there is in a world that commands may be about: rows of the settings are chosen by it.
enum class Topic { router, routing, two_bridges, vlans, spanning_tree, snooping };

struct Shape {
  unsigned weight;
  std::string name;
  std::vector<std::string> commands;
  std::vector<Topic> topics;
  int ports = 3;               // at least
  bool uncertain = false;      // the kernel may lack something: to be tried
  unsigned tagged = 10;        // percent of the frames
  bool provider_tags = false;  // most tags are of 802.1ad
  bool router = false;         // its ports are those of a router, not of a bridge
  unsigned routed = 2;  // percent of the frames that are for the device or to be routed by it

  bool has(Topic topic) const;
};

using Shapes = std::vector<Shape>;

std::span<const Shape> router_shapes();

// Those whose name contains `text` and that the running kernel can; it is told which are left out.
// The worlds in which that is tried are named `world`.
Result<Shapes> possible_shapes(const std::string& text, const std::string& world);

}  // namespace tna::differential
