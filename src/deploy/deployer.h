// SPDX-License-Identifier: Apache-2.0
// FAST-PATH DEPLOYER: carries out actions: load, attach, replace, detach; keeps pins and the lease.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "deploy/app_maps.h"
#include "deploy/bpf.h"
#include "deploy/connection_map.h"
#include "deploy/counters.h"
#include "deploy/diff.h"
#include "deploy/hook_object.h"
#include "deploy/link.h"

struct ring_buffer;

namespace tna {

// Something that could not be done. The interface stays, or is again, with Linux.
struct Failure {
  IfIndex ifindex = 0;  // 0: it concerns all
  Error error;
};

// Facts about a loaded program, for people.
struct ProgramFacts {
  std::uint32_t id = 0, instructions = 0;
  double load_ms = 0;
};

class Deployer {
 public:
  // Works in the calling thread's network namespace, with `pins` (a folder below /sys/fs/bpf) as
  // its own. What an earlier daemon left there goes on running and is taken over. `counters`: for
  // how many interfaces there are counters; `counting`: programs may be wanted that count
  // connections.
  static Result<Deployer> open(const std::string& pins, std::uint32_t counters,
                               const SpineChoice& spines, bool counting);
  Deployer(Deployer&&) noexcept;
  Deployer& operator=(Deployer&&) noexcept;
  ~Deployer();

  const Running& running() const { return running_; }
  // Why the kernel takes no program for the hook; nullptr: it does.
  const Error* refusal(Hook) const;

  // Before actions on programs that have these rules linked in. Of rules with an id that is known
  // the code must be the same. Error: the id must not be used any more.
  Result<> take_rules(const Firewall&);
  std::vector<Failure> carry_out(const std::vector<Action>&);
  // Before actions on programs with hooks: all that there are, by InstalledHook::id.
  using Hooks = std::map<std::uint64_t, std::shared_ptr<const HookObject>>;
  void take_hooks(Hooks hooks) { hooks_ = std::move(hooks); }
  // Loads what these actions want loaded, and nothing more is done. Error: the kernel refuses one;
  // then none of them stays.
  Result<> prepare(const std::vector<Action>&);

  // The fast path goes on until jiffies64 is past this.
  void renew_lease(std::uint64_t until);
  // Readable when programs have something to say; drain() hands it out. A program says one thing,
  // and another only after hear_again().
  int events_fd() const;
  struct Heard {
    std::vector<tna_event> events;
    std::vector<tna_flow> flows;
  };
  Heard drain();
  void hear_again();

  AppMaps& apps() { return *apps_; }
  const AppMaps& apps() const { return *apps_; }
  ConnectionMap& connections() { return *connections_; }
  const ConnectionMap& connections() const { return *connections_; }
  Result<tna_counters> counters(IfIndex) const;
  // The interface is gone, and its index with it.
  void forget(IfIndex);
  ProgramFacts facts(const ProgramSpec&) const;
  // What rules have counted, those of earlier programs included.
  Result<RuleCounts> counted() const;
  // Ids of all programs that are or were ours: notifications may name one that was replaced since.
  const std::set<std::uint32_t>& program_ids() const { return program_ids_; }

  // Ends the fast path: detaches everything and removes all pins.
  void clear();

 private:
  Deployer() = default;
  Result<> open_maps(std::uint32_t counters, bool counting);
  SharedMaps shared_maps() const;
  Result<LoadedProgram> load(const Load&);
  void keep(const Load&, LoadedProgram);
  void unload(const ProgramSpec&);
  void retire_rules();
  void adopt_links();
  Result<> attach(IfIndex, const ProgramSpec&);
  Result<> update(IfIndex, const ProgramSpec&);
  void detach(IfIndex);
  std::string link_pin(IfIndex, Hook) const;

  std::string pins_;
  SpineChoice spines_;
  std::optional<AppMaps> apps_;
  std::optional<ConnectionMap> connections_;
  Fd slots_, counters_map_, events_, flows_, lease_map_;
  MappedValue<tna_lease> lease_;
  std::map<Hook, Result<Pipeline>> pipelines_;
  std::map<ProgramSpec, LoadedProgram> programs_;
  std::map<std::uint64_t, RuleMaps> rules_;  // by Firewall::id
  Hooks hooks_;
  RuleCounts counted_before_;  // by rules that are gone from here
  std::map<IfIndex, BpfLink> links_;
  std::unique_ptr<Counters> counters_;
  std::unique_ptr<ring_buffer, void (*)(ring_buffer*)> ring_{nullptr, nullptr};
  std::set<std::uint32_t> program_ids_;
  Running running_;
};

// Mounts the BPF file system at /sys/fs/bpf where it is not.
Result<> ensure_bpffs();

}  // namespace tna
