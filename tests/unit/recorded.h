// SPDX-License-Identifier: Apache-2.0
// recorded.h: the netlink messages in recorded/*.hex: real ones, each with the command that caused
// it.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace tna {

inline std::filesystem::path recorded_folder() {
  return std::filesystem::path(TNA_SOURCE_DIR) / "tests/unit/recorded";
}

inline std::vector<std::byte> recorded(const std::string& name) {
  std::ifstream file(recorded_folder() / (name + ".hex"));
  EXPECT_TRUE(file) << name;
  std::vector<std::byte> bytes;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    for (std::size_t i = 0; i + 1 < line.size(); i += 2)
      bytes.push_back(static_cast<std::byte>(std::stoul(line.substr(i, 2), nullptr, 16)));
  }
  EXPECT_GE(bytes.size(), 16u) << name;
  return bytes;
}

// The one object of type T that a decoder found in a recorded message.
template <typename T>
T recorded_object(auto decode, const std::string& name) {
  auto event = decode(recorded(name));
  if (!event || !std::holds_alternative<T>(*event)) {
    ADD_FAILURE() << name << " is not decoded to the object expected";
    return {};
  }
  return std::get<T>(*event);
}

}  // namespace tna
