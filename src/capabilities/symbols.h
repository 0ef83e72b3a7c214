// SPDX-License-Identifier: Apache-2.0
// Kernel functions by address, variables by name: /proc/kallsyms, which also has those of modules.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tna {

class Symbols {
 public:
  // The functions at exactly these addresses; "0x..." where there is none, or the kernel hides
  // addresses (kernel.kptr_restrict=2). Reads the file, once, when one of them is new.
  std::vector<std::string> names(const std::vector<std::uint64_t>& addresses);
  // The address of the variable or function of that name, 0 where there is none or the kernel hides
  // it.
  static std::uint64_t address(const std::string& name);

 private:
  std::map<std::uint64_t, std::string> names_;
};

}  // namespace tna
