// SPDX-License-Identifier: Apache-2.0
// Twins: runs a case in two equal worlds, one with TNA, and says whether anything differs.
#pragma once

#include <string>

#include "case.h"
#include "options.h"
#include "tnad.h"

namespace tna::differential {

struct Outcome {
  std::string difference;  // empty: none
  std::size_t steps = 0;   // that were run until then
  int frames = 0;          // that were sent into each world
  long received = 0;       // that came out of the one with Linux alone
  Counters counters;       // of the daemon
  std::string log;         // of the daemon
};

// An error is a failure of the machine itself, not a difference.
Result<Outcome> run_twins(const Case& case_, const Options& options);

}  // namespace tna::differential
