// SPDX-License-Identifier: Apache-2.0
// The table of the Maglev paper (section 3.4): each server fills entries in an order of its own, in turn.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

// For each entry the index of its server. `names` tell servers apart; there is at least one.
inline std::vector<std::uint32_t> maglev_table(const std::vector<std::string>& names,
                                               std::uint32_t entries) {
  const auto hash = [](const std::string& text, std::uint64_t value) {
    for (unsigned char c : text) value = (value ^ c) * 0x100000001b3ULL;
    return value ^ value >> 29;
  };
  struct Order {
    std::uint64_t at, skip;
  };
  std::vector<Order> orders;
  for (const std::string& name : names)
    orders.push_back({hash(name, 0xcbf29ce484222325ULL) % entries,
                      hash(name, 0x9ae16a3b2f90404fULL) % (entries - 1) + 1});
  constexpr std::uint32_t kFree = ~0u;
  std::vector<std::uint32_t> table(entries, kFree);
  for (std::uint32_t filled = 0;;)
    for (std::uint32_t i = 0; i < orders.size(); i++) {
      Order& order = orders[i];
      while (table[order.at] != kFree) order.at = (order.at + order.skip) % entries;
      table[order.at] = i;
      if (++filled == entries) return table;
    }
}
