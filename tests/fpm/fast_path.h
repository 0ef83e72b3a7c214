// SPDX-License-Identifier: Apache-2.0
// The fast path as tnad would load it, run by BPF_PROG_TEST_RUN on one packet as if a port had
// received it.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>

#include "assemble/plan.h"
#include "base/fd.h"
#include "capabilities/capabilities.h"
#include "deploy/counters.h"
#include "deploy/link.h"
#include "fpm/packet.h"

namespace tna::test {

// What became of a packet, by the program's verdict and by its counters.
struct Outcome {
  enum Kind { fast, punt, drop, odd } kind = odd;
  int reason = -1;   // enum tna_reason, of a punt; -1: none was counted
  std::string what;  // of an odd one: verdict and counters don't fit
  bool operator==(const Outcome& other) const {
    return kind != odd && kind == other.kind && reason == other.reason;
  }
};
const char* name_of(tna_reason);
void PrintTo(const Outcome&, std::ostream*);

inline Outcome goes_on() {
  return {.kind = Outcome::fast};
}
inline Outcome punt(tna_reason reason) {
  return {.kind = Outcome::punt, .reason = reason};
}
inline Outcome drop() {
  return {.kind = Outcome::drop};
}
// Left to Linux on an interface that nothing is counted for.
inline Outcome punt_uncounted() {
  return {.kind = Outcome::punt};
}

class FastPath {
 public:
  // Armed with what stands in the calling thread's namespace now.
  FastPath(Hook, const tna_const&, const Firewall& firewall = {},
           std::span<const PlacedHook> hooks = {});
  ~FastPath();
  FastPath(const FastPath&) = delete;

  // A guard for the namespace as it is; of the program: what it is armed with.
  static tna_guard current_guard(const Firewall& firewall = {});
  LoadedProgram& program() { return program_; }

  // On real frames, and where a test run is to find its device: XDP needs a receive queue, tc its
  // own entry on the device.
  void attach(IfIndex);
  bool attached(IfIndex port) const { return links_.contains(port); }
  // Gives the port its counters.
  void count(IfIndex);

  // As if the port had received the frame. tc: `segment_size` of a packet that a device is to cut.
  Outcome run(const Bytes& frame, IfIndex port, std::uint32_t segment_size = 0);
  // The frame that the last run() left.
  const Bytes& left() const { return left_; }

  tna_counters counters(IfIndex) const;
  // What rules have counted, by their handles.
  std::map<std::uint64_t, tna_rule_counter> rule_counters() const;
  // What came of it that this number of packets were received on the port.
  Outcome difference(const tna_counters& before, IfIndex port) const;

  // The lease, as jiffies from now on.
  static void renew_lease(std::int64_t jiffies);
  // How many events the programs have sent since the last call.
  static int drain_events();

 private:
  Hook hook_;
  bool retags_, may_change_;
  std::optional<RuleMaps> rules_;
  LoadedProgram program_;
  std::map<IfIndex, Fd> links_;
  Counters counts_;
  std::vector<IfIndex> counted_;
  Bytes left_;
};

}  // namespace tna::test
