// SPDX-License-Identifier: Apache-2.0
#include "capabilities/symbols.h"

#include <charconv>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string_view>

namespace tna {

const std::string& Symbols::name(std::uint64_t address) {
  if (auto known = names_.find(address); known != names_.end()) return known->second;
  char hex[19];
  std::snprintf(hex, sizeof hex, "0x%llx", static_cast<unsigned long long>(address));
  std::string& name = names_[address] = hex;

  std::ifstream symbols("/proc/kallsyms");
  for (std::string line; std::getline(symbols, line);) {  // "ffffffff81234567 t name\t[module]"
    std::uint64_t at = 0;
    const char* end = line.data() + line.size();
    auto [rest, failure] = std::from_chars(line.data(), end, at, 16);
    if (failure != std::errc() || at != address || end - rest < 4) continue;
    std::string_view text(rest + 3, end);
    name = text.substr(0, text.find('\t'));
    break;
  }
  return name;
}

}  // namespace tna
