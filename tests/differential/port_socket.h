// SPDX-License-Identifier: Apache-2.0
// PortSocket: the host at a port's end of the cable: sends frames, keeps those that arrive. Or one
// that only looks, as tcpdump does.
#pragma once

#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "frame.h"

namespace tna::differential {

struct Received {
  Bytes bytes;
  int ifindex = 0;
  bool outgoing = false;
};

class PortSocket {
 public:
  enum class Sees { received, all };
  // In the network namespace that the calling thread is in; interface "any" for all.
  static Result<PortSocket> open(const std::string& interface, Sees sees);

  Result<> send(const Frame& frame) const;
  // All that arrived since the last call, as bytes on the wire: tags that the kernel keeps aside
  // are put back, checksums and segments completed.
  Result<std::vector<Received>> receive();
  bool wait(int timeout_ms) const;  // something has arrived

 private:
  PortSocket(Fd socket, int ifindex) : socket_(std::move(socket)), ifindex_(ifindex) {}
  Fd socket_;
  int ifindex_;
};

}  // namespace tna::differential
