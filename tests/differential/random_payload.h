// SPDX-License-Identifier: Apache-2.0
// Payloads of random frames: an EtherType and what follows it, proper or nearly so.
#pragma once

#include <optional>

#include "frame.h"
#include "random.h"

namespace tna::differential {

struct Payload {
  unsigned type = 0;  // EtherType, or an 802.3 length
  Bytes bytes;
  std::optional<Mac> target = {};  // where the frame has to go to mean anything
};

struct Talk {
  int from = 1, to = 2;    // stations
  Mac source, target;      // as written in the frame
  bool to_bridge = false;  // its IP address is meant
  std::uint32_t serial = 0;
};

// `size` is the wanted number of bytes behind the EtherType; headers may need more.
Payload random_payload(Random& random, const Talk& talk, std::size_t size);

// Protocols of bridges, to the group that they are for.
Payload bpdu(Random& random, const Talk& talk, std::size_t size);
Payload igmp(Random& random, const Talk& talk, std::size_t size);

void mangle_ipv4(Random& random, Bytes& packet);
void mangle_ipv6(Random& random, Bytes& packet);

}  // namespace tna::differential
