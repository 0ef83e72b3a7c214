// SPDX-License-Identifier: Apache-2.0
// KernelState: what the kernel of a world has come to know: ports and their states, FDB, groups,
// neighbours, connections, counters of interfaces and rules.
#pragma once

#include <climits>
#include <map>
#include <string>

#include "base/result.h"

namespace tna::differential {

struct Fact {
  std::string text;
  long seconds = -1;     // since or until something, to be compared with tolerance; -1: none
  double read_at = 0;    // seconds, by a clock of the same kind in both worlds
  long left = LONG_MAX;  // seconds, until it is forgotten
};
using KernelState = std::map<std::string, Fact>;  // by what it is about

Result<std::map<std::string, std::string>> read_ports(int netns);
// `patient`: the timers of neighbours are longer than a world's life, so that what state they are
// in is made by traffic alone, and whoever uses a stale one has it verified.
Result<KernelState> read_kernel_state(int netns, bool patient);
// What rules with a comment have counted, by that.
std::map<std::string, std::uint64_t> counted_rules(const KernelState&);
// Rules without what they have counted.
void forget_rule_counters(KernelState&);
// Interfaces' counters without what they have received for nobody.
void forget_received_drops(KernelState&);
// What differs, one line each; empty when nothing does.
std::string compare(const KernelState& linux_alone, const KernelState& with_tna);

}  // namespace tna::differential
