// SPDX-License-Identifier: Apache-2.0
// What a daemon has once for all its programs, made once for all tests: maps, the two pipelines,
// the look into kernel memory.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "capabilities/kernel_memory.h"
#include "capabilities/symbols.h"
#include "deploy/app_maps.h"
#include "deploy/bpf.h"
#include "deploy/connection_map.h"
#include "deploy/link.h"

struct ring_buffer;

namespace tna::test {

// The hooks that this kernel has and this run is about.
std::vector<Hook> tested_hooks();

class Shared {
 public:
  static Shared& get();  // throws when the kernel refuses something

  SharedMaps maps();
  const Pipeline& pipeline(Hook);
  // Whether XDP's spine is the one for kernels with typed reads; TNA_PROBE_READS=1 has the other
  // tested where both work.
  bool typed_reads() const;
  KernelMemory& memory() { return memory_; }
  Symbols& symbols() { return symbols_; }
  MappedValue<tna_lease>& lease() { return lease_; }
  AppMaps& apps() { return apps_; }
  ConnectionMap& connections() { return connections_; }
  // How many events the programs have sent since the last call.
  int drain_events();

 private:
  Shared();
  Fd slots_, counters_, events_, flows_, lease_map_;
  MappedValue<tna_lease> lease_;
  std::unique_ptr<ring_buffer, void (*)(ring_buffer*)> ring_{nullptr, nullptr};
  int events_seen_ = 0;
  std::map<Hook, Pipeline> pipelines_;
  KernelMemory memory_;
  AppMaps apps_;
  ConnectionMap connections_;
  Symbols symbols_;
};

}  // namespace tna::test
