// SPDX-License-Identifier: Apache-2.0
#include "deploy/app_maps.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "deploy/per_cpu.h"

namespace tna {
namespace {

Result<Fd> create(bpf_map_type type, const char* name, std::uint32_t value, std::uint32_t entries,
                  std::uint32_t flags = 0) {
  LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = flags);
  Fd fd(bpf_map_create(type, name, sizeof(__u32), value, entries, &options));
  if (!fd) return errno_error(std::string("make the map ") + name);
  return fd;
}

void copy(volatile __be32 (&to)[4], const __be32 (&from)[4]) {
  for (int i = 0; i < 4; i++) to[i] = from[i];
}

}  // namespace

Result<AppMaps> AppMaps::open() {
  AppMaps maps;
  maps.table_map_ =
      TRY(create(BPF_MAP_TYPE_ARRAY, "tna_apps", sizeof(tna_app_table), 1, BPF_F_MMAPABLE));
  maps.sockets_ =
      TRY(create(BPF_MAP_TYPE_XSKMAP, "tna_app_sockets", sizeof(__u32), TNA_APPS * TNA_APP_QUEUES));
  maps.counters_ = TRY(
      create(BPF_MAP_TYPE_PERCPU_ARRAY, "tna_app_counters", sizeof(tna_app_counters), TNA_APPS));
  maps.table_ = TRY(MappedValue<tna_app_table>::map(maps.table_map_.get(), "tna_apps"));
  return maps;
}

Result<> AppMaps::put_socket(std::uint32_t number, std::uint32_t queue, int socket) {
  const __u32 key = number * TNA_APP_QUEUES + queue, value = static_cast<__u32>(socket);
  if (bpf_map_update_elem(sockets_.get(), &key, &value, BPF_ANY))
    return errno_error("put the socket of queue " + std::to_string(queue) + " into its place");
  return {};
}

// Programs read the table meanwhile: what has no interface is nobody's.
Result<> AppMaps::set(std::uint32_t number, const tna_app& wanted) {
  TRY(clear_per_cpu<tna_app_counters>(counters_.get(), number, "the application's counters"));
  volatile tna_app& app = table_->app[number];
  app.ifindex = 0;
  app.version = wanted.version;
  app.any_protocol = wanted.any_protocol;
  app.protocol = wanted.protocol;
  app.full_drops = wanted.full_drops;
  app.number = static_cast<__u16>(number + 1);
  app.vlan = wanted.vlan;
  app.sport_low = wanted.sport_low;
  app.sport_high = wanted.sport_high;
  app.dport_low = wanted.dport_low;
  app.dport_high = wanted.dport_high;
  copy(app.saddr, wanted.saddr);
  copy(app.saddr_mask, wanted.saddr_mask);
  copy(app.daddr, wanted.daddr);
  copy(app.daddr_mask, wanted.daddr_mask);
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  app.ifindex = wanted.ifindex;
  if (table_->count <= number) table_->count = number + 1;
  return {};
}

void AppMaps::clear(std::uint32_t number) {
  table_->app[number].ifindex = 0;
  __u32 count = table_->count;
  while (count && !table_->app[count - 1].ifindex) --count;
  table_->count = count;
  for (__u32 queue = 0; queue < TNA_APP_QUEUES; ++queue) {
    const __u32 key = number * TNA_APP_QUEUES + queue;
    bpf_map_delete_elem(sockets_.get(), &key);
  }
}

Result<tna_app_counters> AppMaps::counters(std::uint32_t number) const {
  return sum_per_cpu<tna_app_counters>(counters_.get(), number, "the application's counters");
}

}  // namespace tna
