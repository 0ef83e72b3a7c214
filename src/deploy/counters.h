// SPDX-License-Identifier: Apache-2.0
// Counters of the fast path per interface, summed over CPUs: what bpf/lib/count.h writes.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "base/net_types.h"
#include "base/result.h"
#include "tna.h"

namespace tna {

class Counters {
 public:
  // The maps stay the caller's.
  Counters(int slots_fd, int counters_fd, std::uint32_t entries);

  // Takes over what an earlier daemon gave the interface.
  void adopt(IfIndex);
  // Gives the interface its counters, zeroed; an interface that has some keeps them.
  Result<> assign(IfIndex);
  // Takes them back, when the interface is gone.
  void release(IfIndex);
  // Zero for an interface without counters.
  Result<tna_counters> read(IfIndex) const;

 private:
  Result<> clear(std::uint32_t index);
  int slots_fd_, counters_fd_;
  std::map<IfIndex, std::uint32_t> index_;
  std::vector<bool> used_;
};

}  // namespace tna
