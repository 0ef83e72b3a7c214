// SPDX-License-Identifier: Apache-2.0
// Interleaved measurements: in each round every variant has its turn, so that a machine which slows
// down does so for all of them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "bed.h"
#include "flow.h"

namespace tna::bench {

struct Options {
  int rounds = 7;
  double seconds = 1;  // for one variant in one round
};

enum class Variant { plain_linux, bare_redirect, tna_xdp, tna_tc };
std::string hook_of(Variant variant);  // "xdp", "tc"

// What the daemon's counters must show for a measurement to count.
enum class Expect { all_fast, all_punted };

struct Subject {
  const Bed* bed;
  std::vector<Flow*> flows;  // each sent from a processor of its own, 0 first
  Expect expect = Expect::all_fast;
  bool routes = false;   // a router's bed, not a bridge's
  bool tracked = false;  // that follows connections
};

// One turn: frames a second at the sinks.
Result<double> measure_once(const Subject& subject, Variant variant, double seconds);

// The medians of all rounds; measurement i is of subjects[i].
struct Measurement {
  Subject subject;
  Variant variant;
};
Result<std::vector<double>> measure(const std::string& title, const std::vector<Measurement>&,
                                    const Options&);

// Sends on all flows at once, each from its own processor.
Result<Rate> run_flows(const std::vector<Flow*>& flows, double seconds);

}  // namespace tna::bench
