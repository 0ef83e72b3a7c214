// SPDX-License-Identifier: Apache-2.0
#include "deploy/counters.h"

#include <bpf/bpf.h>

#include <algorithm>

#include "deploy/per_cpu.h"

namespace tna {

Counters::Counters(int slots_fd, int counters_fd, std::uint32_t entries)
    : slots_fd_(slots_fd), counters_fd_(counters_fd), used_(entries) {}

void Counters::adopt(IfIndex ifindex) {
  __u32 key = ifindex % TNA_SLOTS;
  tna_slot slot{};
  if (bpf_map_lookup_elem(slots_fd_, &key, &slot)) return;
  if (slot.ifindex != ifindex || slot.index >= used_.size() || used_[slot.index]) return;
  index_[ifindex] = slot.index;
  used_[slot.index] = true;
}

Result<> Counters::clear(std::uint32_t index) {
  return clear_per_cpu<tna_counters>(counters_fd_, index, "counters");
}

Result<> Counters::assign(IfIndex ifindex) {
  if (index_.contains(ifindex)) return {};
  auto free = std::find(used_.begin(), used_.end(), false);
  if (free == used_.end())
    return error("all " + std::to_string(used_.size()) + " sets of counters are taken");
  __u32 key = ifindex % TNA_SLOTS;
  tna_slot slot{};
  if (bpf_map_lookup_elem(slots_fd_, &key, &slot)) return errno_error("read slots");
  if (index_.contains(slot.ifindex))
    return error("its index falls together with that of interface " + std::to_string(slot.ifindex));
  slot = {ifindex, static_cast<__u32>(free - used_.begin())};
  TRY(clear(slot.index));
  if (bpf_map_update_elem(slots_fd_, &key, &slot, BPF_ANY)) return errno_error("write slots");
  *free = true;
  index_[ifindex] = slot.index;
  return {};
}

void Counters::release(IfIndex ifindex) {
  auto found = index_.find(ifindex);
  if (found == index_.end()) return;
  __u32 key = ifindex % TNA_SLOTS;
  tna_slot none{};
  bpf_map_update_elem(slots_fd_, &key, &none, BPF_ANY);
  used_[found->second] = false;
  index_.erase(found);
}

Result<tna_counters> Counters::read(IfIndex ifindex) const {
  auto found = index_.find(ifindex);
  if (found == index_.end()) return tna_counters{};
  return sum_per_cpu<tna_counters>(counters_fd_, found->second, "counters");
}

}  // namespace tna
