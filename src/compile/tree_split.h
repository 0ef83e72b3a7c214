// SPDX-License-Identifier: Apache-2.0
// How a node of a decision tree divides the boxes that reach it.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "compile/tree.h"

namespace tna {

using Region = std::array<Range, TNA_RULE_WORDS>;

inline bool covers(const Range& outer, const Range& inner) {
  return outer.low <= inner.low && outer.high >= inner.high;
}
inline bool overlaps(const Range& one, const Range& other) {
  return one.low <= other.high && other.low <= one.high;
}

struct Split {
  int word = -1;  // none: every box covers the region
  int count = 0;  // of limits, in rising order; a part ends with its limit
  std::array<std::uint32_t, 3> limits{};

  // The part of the region, from 0 to count.
  Range part(const Range& of, int number) const {
    return {number == 0 ? of.low : limits[number - 1] + 1,
            number == count ? of.high : limits[number]};
  }
  int part_of(std::uint32_t value) const {
    int number = 0;
    while (number < count && limits[number] < value) ++number;
    return number;
  }
};

// The word and the limits by which the boxes (numbers of those in all) part best.
Split choose_split(std::span<const Box> all, std::span<const std::uint32_t> boxes,
                   const Region& region);

// Boxes that leave the same words wide open belong into one tree: in others' trees they would be
// copied into every leaf. Gives up to TNA_RULE_TREES lists of numbers, none of them empty, that
// with the smallest first.
std::vector<std::vector<std::uint32_t>> group_boxes(std::span<const Box> all);

}  // namespace tna
