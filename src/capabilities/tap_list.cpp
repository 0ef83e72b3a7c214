// SPDX-License-Identifier: Apache-2.0
#include "capabilities/tap_list.h"

#include "capabilities/symbols.h"

namespace tna {

std::uint64_t tap_list(const KernelMemory& memory, std::uint64_t net) {
  if (auto offset = memory.offset("net", "ptype_all")) return net + *offset;
  static const std::uint64_t of_all = [&] {
    if (auto offset = memory.offset("net_hotdata", "ptype_all"))
      if (std::uint64_t base = Symbols::variable("net_hotdata")) return base + *offset;
    return Symbols::variable("ptype_all");
  }();
  return of_all;
}

}  // namespace tna
