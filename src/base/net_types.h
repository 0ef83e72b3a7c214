// SPDX-License-Identifier: Apache-2.0
// Values of the network: interface index, MAC address.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstdio>
#include <string>

namespace tna {

using IfIndex = std::uint32_t;  // 0: none

struct Mac {
  std::array<std::uint8_t, 6> bytes{};
  auto operator<=>(const Mac&) const = default;
};

inline std::string to_string(const Mac& mac) {
  char text[18];
  std::snprintf(text, sizeof text, "%02x:%02x:%02x:%02x:%02x:%02x", mac.bytes[0], mac.bytes[1],
                mac.bytes[2], mac.bytes[3], mac.bytes[4], mac.bytes[5]);
  return text;
}

}  // namespace tna
