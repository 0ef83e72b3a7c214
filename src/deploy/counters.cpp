// SPDX-License-Identifier: Apache-2.0
#include "deploy/counters.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>

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
  std::vector<tna_counters> zero(libbpf_num_possible_cpus());
  if (bpf_map_update_elem(counters_fd_, &index, zero.data(), BPF_ANY))
    return errno_error("clear counters");
  return {};
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
  tna_counters sum{};
  auto found = index_.find(ifindex);
  if (found == index_.end()) return sum;
  std::vector<tna_counters> each(libbpf_num_possible_cpus());
  if (bpf_map_lookup_elem(counters_fd_, &found->second, each.data()))
    return errno_error("read counters");
  for (const tna_counters& cpu : each) {
    sum.fast_packets += cpu.fast_packets;
    sum.fast_bytes += cpu.fast_bytes;
    sum.dropped += cpu.dropped;
    for (int i = 0; i < TNA_R_COUNT; i++) sum.punts[i] += cpu.punts[i];
  }
  return sum;
}

}  // namespace tna
