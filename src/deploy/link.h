// SPDX-License-Identifier: Apache-2.0
// From the prebuilt spine to a specialised program. libbpf opens and relocates the spine once per
// hook, which costs some 25 ms of walking the kernel's types; each program after that is a copy of
// its instructions with constants and guards of its own (5 ms, nearly all of it the verifier).
#pragma once

#include <linux/bpf.h>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "assemble/plan.h"
#include "deploy/bpf.h"
#include "deploy/rule_maps.h"
#include "deploy/slots.h"

namespace tna {

// Maps that all programs of a daemon share; descriptors of the deployer.
struct SharedMaps {
  int slots = -1, counters = -1, events = -1, flows = -1, lease = -1;
  std::uint32_t counters_entries = 0;
  int apps = -1, app_sockets = -1, app_counters = -1;
  int connections = -1;
};

struct LoadedProgram {
  Fd fd;
  Fd constants, guard_map;
  MappedValue<tna_guard> guard;
  std::uint32_t instructions = 0;  // as translated, after the verifier removed what is off
  double load_ms = 0;

  // Replaces what the program compares with; between two words packets go to Linux.
  void arm(const tna_guard&);
};

// Which of the prebuilt spines: bpf/lib/read.h.
struct SpineChoice {
  bool typed_reads = true;  // XDP: else by bpf_probe_read_kernel, as kernels before 6.2 need it
  std::string folder;  // takes pipeline_{xdp,xdp_probe,tc}.bpf.o from there; empty: those built in
};

class Pipeline {
 public:
  // The spine of that hook; with memory for routes (bpf/lib/route_cache.h, route6_cache.h) where
  // programs are to route. An error is the verifier's or libbpf's, in words.
  static Result<Pipeline> open(Hook, const SpineChoice&, const SharedMaps&, bool routes = false);
  // The types of the bridge, of veth, or the functions of connection tracking, or what NAT
  // keeps of a connection were not there when it was opened: the module was not loaded.
  // Programs that use them can't be made then.
  bool without_bridge() const { return without_bridge_; }
  bool without_veth() const { return without_veth_; }
  bool without_connections() const { return without_connections_; }
  bool without_nat() const { return without_nat_; }
  bool without_routes() const { return !routes_; }
  // With rules the code of those families for which the constants want it is linked in; with hooks
  // these, in their slots.
  Result<LoadedProgram> load(const tna_const&, const tna_guard&, const RuleMaps* rules = nullptr,
                             std::span<const PlacedHook> hooks = {}) const;

 private:
  Hook hook_ = Hook::none;
  BpfObject object_;  // keeps the maps that the instructions name
  std::vector<bpf_insn> instructions_;
  bool without_bridge_ = false, without_veth_ = false, without_connections_ = false;
  bool without_nat_ = false, routes_ = false;
  // What the instructions name a module's functions by: nf_conntrack's alone are called.
  Fd module_btf_;
  std::vector<int> modules_;
  int constants_fd_ = -1, guard_fd_ = -1, hook_memory_fd_ = -1;  // as named in the instructions
  std::map<std::string, int> rule_maps_;                         // the same, by name
};

}  // namespace tna
