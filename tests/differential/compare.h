// SPDX-License-Identifier: Apache-2.0
// Comparison of what came out of one port in both worlds.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "frame.h"

namespace tna::differential {

// The frames sent since the last comparison, as on the wire, with the port they went into.
using Sent = std::map<Bytes, int>;

// Empty when each flow (source, destination, ingress port) has the same frames in the same order;
// else what differs, for people.
std::string compare(const std::vector<Bytes>& linux_alone, const std::vector<Bytes>& with_tna,
                    const Sent& sent);

}  // namespace tna::differential
