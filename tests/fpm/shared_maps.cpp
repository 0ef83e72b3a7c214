// SPDX-License-Identifier: Apache-2.0
#include "fpm/shared_maps.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cstdio>
#include <cstdlib>

#include "fpm/must.h"

namespace tna::test {
namespace {

constexpr std::uint32_t kCounters = 8;  // more than there are ports in a test
constexpr std::uint32_t kConnections = 4;

Fd make_map(bpf_map_type type, const char* name, std::uint32_t key, std::uint32_t value,
            std::uint32_t entries, std::uint32_t flags = 0) {
  LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = flags);
  Fd map(bpf_map_create(type, name, key, value, entries, &options));
  if (!map) throw std::runtime_error(std::string("make map ") + name);
  return map;
}

int count_event(void* seen, void* data, std::size_t size) {
  if (size >= sizeof(tna_event) && static_cast<tna_event*>(data)->kind == TNA_EVENT_STALE)
    ++*static_cast<int*>(seen);
  return 0;
}

}  // namespace

Shared& Shared::get() {
  static Shared shared;
  return shared;
}

Shared::Shared()
    : slots_(make_map(BPF_MAP_TYPE_ARRAY, "tna_slots", 4, sizeof(tna_slot), TNA_SLOTS)),
      counters_(
          make_map(BPF_MAP_TYPE_PERCPU_ARRAY, "tna_counters", 4, sizeof(tna_counters), kCounters)),
      events_(make_map(BPF_MAP_TYPE_RINGBUF, "tna_events", 0, 0, 4096)),
      flows_(make_map(BPF_MAP_TYPE_RINGBUF, "tna_flows", 0, 0, 256 * 1024)),
      lease_map_(
          make_map(BPF_MAP_TYPE_ARRAY, "tna_lease", 4, sizeof(tna_lease), 1, BPF_F_MMAPABLE)),
      lease_(must(MappedValue<tna_lease>::map(lease_map_.get(), "tna_lease"))),
      ring_(ring_buffer__new(events_.get(), count_event, &events_seen_, nullptr),
            ring_buffer__free),
      memory_(must(KernelMemory::open())),
      apps_(must(AppMaps::open())),
      connections_(make_map(BPF_MAP_TYPE_HASH, "tna_connections", sizeof(tna_connection_key),
                            sizeof(tna_connection), kConnections, BPF_F_NO_PREALLOC)) {
  if (!ring_) throw std::runtime_error("open the ring buffer of events");
  // Spines are opened once here: what connections take has to be there before.
  if (std::system("modprobe -qa nf_conntrack nf_nat 2>/dev/null"))
    std::fprintf(stderr, "nf_conntrack and nf_nat are no modules here\n");
}

SharedMaps Shared::maps() {
  return {slots_.get(), counters_.get(), events_.get(),   flows_.get(),         lease_map_.get(),
          kCounters,    apps_.table(),   apps_.sockets(), apps_.counters_map(), connections_.map()};
}

const Pipeline& Shared::pipeline(Hook hook) {
  auto found = pipelines_.find(hook);
  if (found == pipelines_.end())
    found = pipelines_.emplace(hook, must(Pipeline::open(hook, {typed_reads(), {}}, maps(), true)))
                .first;
  return found->second;
}

bool Shared::typed_reads() const {
  return !std::getenv("TNA_PROBE_READS") && memory_.typed_reads();
}

std::vector<Hook> tested_hooks() {
  auto memory = KernelMemory::open();  // fails where tests are only listed, without rights
  bool tcx = !memory || memory->offset("net_device", "tcx_ingress");
  if (!tcx || std::getenv("TNA_PROBE_READS")) return {Hook::xdp};
  return {Hook::xdp, Hook::tc};
}

int Shared::drain_events() {
  events_seen_ = 0;
  ring_buffer__consume(ring_.get());
  return events_seen_;
}

}  // namespace tna::test
