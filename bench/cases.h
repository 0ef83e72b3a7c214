// SPDX-License-Identifier: Apache-2.0
// The benchmark's cases by name. Each makes its own test bed and returns its rows.
#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "measure.h"
#include "report.h"

namespace tna::bench {

Result<std::vector<Row>> bridge(const Options&);
Result<std::vector<Row>> route(const Options&);
Result<std::vector<Row>> routes_1m(const Options&);
Result<std::vector<Row>> fdb_100k(const Options&);
Result<std::vector<Row>> two_cores(const Options&);
Result<std::vector<Row>> punt(const Options&);
Result<std::vector<Row>> flood(const Options&);
Result<std::vector<Row>> own_cost(const Options&);
Result<std::vector<Row>> vlan_cost(const Options&);
Result<std::vector<Row>> tcp(const Options&);
Result<std::vector<Row>> reaction(const Options&);
Result<std::vector<Row>> load(const Options&);

struct Case {
  const char* name;
  const char* about;
  Result<std::vector<Row>> (*measure)(const Options&);
};

inline constexpr Case kCases[] = {
    {"bridge", "64-byte frames through a bridge: TNA, Linux alone, a bare XDP redirect", bridge},
    {"route", "64-byte IPv4 packets through a router: TNA, Linux alone, XDP with the same FIB call",
     route},
    {"routes-1m", "the router with 1,000,000 routes against 10", routes_1m},
    {"bridge-own-cost", "nanoseconds of the bridge's program above an empty one", own_cost},
    {"vlan-own-cost", "the same where the bridge filters VLANs, in parts of a plain bridge's",
     vlan_cost},
    {"two-cores", "two flows on two cores against one on one core", two_cores},
    {"punt", "every frame is handed to Linux: what TNA's looking at it costs", punt},
    {"flood", "known multicast and broadcast, which Linux does: what TNA's looking at it costs",
     flood},
    {"tcp", "one TCP stream between two containers on the bridge", tcp},
    {"fdb-100k", "the bridge with 100,000 stations against 200", fdb_100k},
    {"reaction", "from a change of the configuration to the new program running", reaction},
    {"load", "instructions of the bridge's program, and the time to load it", load},
};

}  // namespace tna::bench
