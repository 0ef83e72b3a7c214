// SPDX-License-Identifier: Apache-2.0
#include "deploy/connection_map.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

#include "capabilities/libbpf_log.h"
#include "deploy/pins.h"

extern const unsigned char tna_object_connections[];
extern const std::size_t tna_object_connections_size;

namespace tna {
namespace {

constexpr char kName[] = "tna_connections";
constexpr std::uint32_t kAtOnce = 4096;  // a bucket of the hash has fewer

}  // namespace

Result<ConnectionMap> ConnectionMap::open(const std::string& pins, bool counting) {
  const MapShape shape{kName,
                       BPF_MAP_TYPE_HASH,
                       sizeof(tna_connection_key),
                       sizeof(tna_connection),
                       counting ? kRoom : 1,
                       BPF_F_NO_PREALLOC};
  if (counting) return ConnectionMap(TRY(pinned_map(pins, shape)));
  ::unlink((pins + "/" + kName).c_str());
  LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = shape.flags);
  Fd map(bpf_map_create(BPF_MAP_TYPE_HASH, kName, shape.key_size, shape.value_size, shape.entries,
                        &options));
  if (!map) return errno_error(std::string("make BPF map ") + kName);
  return ConnectionMap(std::move(map));
}

std::uint32_t ConnectionMap::room() const {
  return counters_entries(map_.get());
}

// One that comes or goes meanwhile may be missing.
Result<std::vector<ConnectionMap::Counted>> ConnectionMap::all() const {
  std::vector<Counted> found;
  std::vector<tna_connection_key> keys(kAtOnce);
  std::vector<tna_connection> values(kAtOnce);
  __u32 at = 0;  // where to go on
  for (bool first = true, more = true; more; first = false) {
    __u32 count = kAtOnce;
    const int code = bpf_map_lookup_batch(map_.get(), first ? nullptr : &at, &at, keys.data(),
                                          values.data(), &count, nullptr);
    if (code && code != -ENOENT) return errno_error("read the connections' counters", -code);
    more = !code;
    for (__u32 i = 0; i < count; i++) found.emplace_back(keys[i], values[i]);
  }
  return found;
}

// When it is needed first: only then are conntrack's types sure to be there.
Result<> ConnectionMap::load_sweep() {
  LibbpfLog log;
  LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "tna_sweep");
  BpfObject object(
      bpf_object__open_mem(tna_object_connections, tna_object_connections_size, &options));
  if (!object.get()) return errno_error("open the sweep of connections (" + log.last() + ")");
  if (int code = bpf_map__reuse_fd(bpf_object__find_map_by_name(object.get(), kName), map_.get()))
    return errno_error("share the connections' counters", -code);
  if (int code = bpf_object__load(object.get()))
    return errno_error("load the sweep of connections (" + log.last() + ")", -code);
  program_ = bpf_program__fd(bpf_object__next_program(object.get(), nullptr));
  memory_ = bpf_map__fd(bpf_object__find_map_by_name(object.get(), ".bss"));
  sweep_ = std::move(object);
  return {};
}

Result<> ConnectionMap::sweep() {
  if (!sweep_.get()) TRY(load_sweep());
  LIBBPF_OPTS(bpf_test_run_opts, options);
  if (bpf_prog_test_run_opts(program_, &options)) return errno_error("look for ended connections");
  const __u32 key = 0;
  if (bpf_map_lookup_elem(memory_, &key, &swept_))
    return errno_error("read what ended connections had");
  return {};
}

}  // namespace tna
