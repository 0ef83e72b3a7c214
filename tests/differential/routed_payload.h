// SPDX-License-Identifier: Apache-2.0
// What is inside of the packets that cross a router, and what hosts tell it about themselves.
#pragma once

#include "frame.h"
#include "random.h"

namespace tna::differential {

struct L4 {
  unsigned protocol = 17;
  Bytes bytes;
  bool checksum = false;  // to be finished when the IP header is there
};
// About `size` bytes; headers may need more.
L4 routed_l4(Random& random, bool v6, std::uint32_t serial, std::size_t size);

// An ARP or neighbour discovery frame of a host on a port, asked for or not.
Bytes neighbour_message(Random& random, int port, int ports);

}  // namespace tna::differential
