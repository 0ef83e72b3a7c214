// SPDX-License-Identifier: Apache-2.0
// One TCP stream from the generator's namespace to the sink's, by iperf3.
#pragma once

#include <string>

#include "base/result.h"
#include "bed.h"

namespace tna::bench {

// Bits a second that arrive at the server's address; the ends are on processors 0 and 1.
Result<double> tcp_stream(const Bed& bed, const std::string& server, double seconds);

}  // namespace tna::bench
