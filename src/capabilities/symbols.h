// SPDX-License-Identifier: Apache-2.0
// Names of kernel functions by address: /proc/kallsyms, which also has those of modules.
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

 private:
  std::map<std::uint64_t, std::string> names_;
};

}  // namespace tna
