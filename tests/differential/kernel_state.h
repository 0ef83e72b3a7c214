// SPDX-License-Identifier: Apache-2.0
// KernelState: what the bridge of a world has come to know: FDB, ports and their states.
#pragma once

#include <map>
#include <string>

#include "base/result.h"

namespace tna::differential {

// `used` is not compared: it is a statistic of the destination that decides nothing, and the fast
// path does not write to kernel memory.
struct FdbEntry {
  std::string facts;  // port, state and flags
  long updated = 0;   // seconds since, -1 where the kernel does not say
};

struct KernelState {
  std::map<std::string, FdbEntry> fdb;       // by MAC, device and vlan
  std::map<std::string, std::string> ports;  // by name: state, flags
};

Result<std::map<std::string, std::string>> read_ports(int netns);
Result<KernelState> read_kernel_state(int netns);
// What differs, one line each; empty when nothing does.
std::string compare(const KernelState& linux_alone, const KernelState& with_tna);

}  // namespace tna::differential
