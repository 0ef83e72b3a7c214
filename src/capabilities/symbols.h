// SPDX-License-Identifier: Apache-2.0
// Names of kernel functions by address: /proc/kallsyms, which also has those of modules.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace tna {

class Symbols {
 public:
  // The function at exactly this address; "0x..." where there is none, or the kernel hides addresses
  // (kernel.kptr_restrict=2). Reads the file when an address is new.
  const std::string& name(std::uint64_t address);

 private:
  std::map<std::uint64_t, std::string> names_;
};

}  // namespace tna
