// SPDX-License-Identifier: Apache-2.0
// Comparison of what came out of one port in both worlds.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "frame.h"

namespace tna::differential {

struct Origin {
  int port = 0;  // that the frame went into
  // It is part of a large packet that only the world with TNA gets in parts: where the packet is
  // copied, as by flooding, the parts' copies come out part by part there.
  bool cut = false;
};

// The frames sent since the last comparison, as on the wire.
using Sent = std::map<Bytes, Origin>;

// Empty when each flow (source, destination, ingress port) has the same frames in the same order;
// else what differs, for people.
std::string compare(const std::vector<Bytes>& linux_alone, const std::vector<Bytes>& with_tna,
                    const Sent& sent);

}  // namespace tna::differential
