// SPDX-License-Identifier: Apache-2.0
// conntrack.h: what connection tracking is told of a connection, by ctnetlink.
#pragma once

#include <array>
#include <cstdint>
#include <utility>

#include "introspect/netlink.h"

namespace tna {

// A TCP connection by the tuple of its first packet; addresses and ports in network order.
struct TcpConnection {
  std::uint8_t version = 4;                              // of IP
  std::array<std::uint32_t, 4> source{}, destination{};  // IPv4: the first
  std::uint16_t source_port = 0, destination_port = 0;
};

class Conntrack {
 public:
  // Of the calling thread's network namespace.
  static Result<Conntrack> open();
  // Has the kernel accept segments of any sequence number, in both directions, as its own flowtable
  // does (net/netfilter/nf_flow_table_core.c: flow_offload_fixup_tcp); take what it has seen for
  // acknowledged, and forget up to where. Error code ENOENT: there is no such connection any more.
  Result<> be_liberal(const TcpConnection&);

 private:
  explicit Conntrack(Netlink socket) : socket_(std::move(socket)) {}
  Netlink socket_;
};

}  // namespace tna
