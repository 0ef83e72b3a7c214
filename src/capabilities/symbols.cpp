// SPDX-License-Identifier: Apache-2.0
#include "capabilities/symbols.h"

#include <charconv>
#include <cstdio>
#include <fstream>
#include <string_view>

namespace tna {

namespace {

std::string hex(std::uint64_t address) {
  char text[19];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(address));
  return text;
}

// "ffffffff81234567 t name\t[module]": the address; the rest of the line in `rest`.
std::uint64_t parse(const std::string& line, std::string_view& rest) {
  std::uint64_t address = 0;
  const char* end = line.data() + line.size();
  auto [at, failure] = std::from_chars(line.data(), end, address, 16);
  if (failure != std::errc() || end - at < 4) return 0;
  rest = std::string_view(at + 3, end);
  return address;
}

}  // namespace

std::vector<std::string> Symbols::names(const std::vector<std::uint64_t>& addresses) {
  bool news = false;
  for (std::uint64_t address : addresses) news |= names_.try_emplace(address, hex(address)).second;
  if (news) {
    std::ifstream symbols("/proc/kallsyms");
    std::string_view rest;
    for (std::string line; std::getline(symbols, line);)
      if (auto wanted = names_.find(parse(line, rest)); wanted != names_.end())
        wanted->second = rest.substr(0, rest.find('\t'));
  }
  std::vector<std::string> result;
  for (std::uint64_t address : addresses) result.push_back(names_.at(address));
  return result;
}

std::uint64_t Symbols::address(const std::string& name) {
  std::ifstream symbols("/proc/kallsyms");
  std::string_view rest;
  for (std::string line; std::getline(symbols, line);)
    if (std::uint64_t address = parse(line, rest); rest.substr(0, rest.find('\t')) == name)
      return address;
  return 0;
}

}  // namespace tna
