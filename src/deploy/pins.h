// SPDX-License-Identifier: Apache-2.0
// Maps pinned in the BPF file system, so that a new daemon finds what an old one left.
#pragma once

#include <cstdint>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace tna {

struct MapShape {
  const char* name;
  std::uint32_t type, key_size, value_size, entries, flags;
};

// The map pinned in the folder, or a new one where there is none or it has another shape (made by
// another version; programs that use it keep it until they are replaced). Of counters a larger one
// serves as well.
Result<Fd> pinned_map(const std::string& folder, const MapShape&);

// max_entries of a map.
std::uint32_t counters_entries(int map_fd);

}  // namespace tna
