// SPDX-License-Identifier: Apache-2.0
// A packet socket: what tcpdump has, and what a station sends and receives by.
#pragma once

#include <chrono>
#include <optional>

#include "base/fd.h"
#include "base/net_types.h"
#include "fpm/packet.h"

namespace tna::test {

class PacketSocket {
 public:
  static constexpr int kAllProtocols = 0x0003;
  // Of the calling thread's namespace; bound to an interface, or to none (0): then it sees all.
  explicit PacketSocket(IfIndex, int protocol = kAllProtocols);

  void send(const Bytes& frame);
  // What it sends from now on has this mark.
  void set_mark(int mark);
  // As a program's own packet leaves it: the checksum at `offset` from `start` on is left to the
  // device (CHECKSUM_PARTIAL).
  void send_unfinished(const Bytes& frame, std::uint16_t start, std::uint16_t offset);
  // The next frame that comes in, its VLAN tag in its place; nullopt when none does for so long.
  std::optional<Bytes> receive(std::chrono::milliseconds);
  // The next one that goes out, as tcpdump sees it.
  std::optional<Bytes> see_sent(std::chrono::milliseconds);

 private:
  std::optional<Bytes> next(bool outgoing, std::chrono::milliseconds);
  Fd socket_;
};

}  // namespace tna::test
