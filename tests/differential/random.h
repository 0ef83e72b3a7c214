// SPDX-License-Identifier: Apache-2.0
// Random: the same numbers for the same seed, on any machine.
#pragma once

#include <cstdint>
#include <iterator>
#include <random>

namespace tna::differential {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  unsigned below(unsigned limit) { return engine_() % limit; }
  int between(int low, int high) { return low + static_cast<int>(below(high - low + 1)); }
  bool chance(unsigned percent) { return below(100) < percent; }
  template <typename Range>
  const auto& pick(const Range& range) {
    return *std::next(std::begin(range), below(std::size(range)));
  }
  // A row of a table with a member `weight`, rows drawn in proportion to it.
  template <typename Table>
  const auto& weighted(const Table& table) {
    unsigned total = 0;
    for (const auto& row : table) total += row.weight;
    unsigned at = below(total);
    auto row = std::begin(table);
    for (; at >= row->weight; ++row) at -= row->weight;
    return *row;
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace tna::differential
