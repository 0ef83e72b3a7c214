// SPDX-License-Identifier: Apache-2.0
// conntrack.h: what connection tracking says of connections and is told of them, by ctnetlink.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "introspect/netlink.h"

namespace tna {

// A TCP connection by the tuple of its first packet; addresses and ports in network order.
struct TcpConnection {
  std::uint8_t version = 4;                              // of IP
  std::array<std::uint32_t, 4> source{}, destination{};  // IPv4: the first
  std::uint16_t source_port = 0, destination_port = 0;
  std::uint16_t zone = 0;  // that such a packet is looked for in
};

// A connection whose packets the kernel counts (nf_conntrack_acct); addresses and ports as above.
struct CountedConnection {
  std::uint8_t version = 4, protocol = 0;
  std::array<std::uint32_t, 4> source{}, destination{};
  std::uint16_t source_port = 0, destination_port = 0;
  std::uint64_t began = 0;  // in ns; 0: it is not known (nf_conntrack_timestamp)
  struct Count {
    std::uint64_t packets = 0, bytes = 0;
    bool operator==(const Count&) const = default;
  };
  std::array<Count, 2> count{};  // by direction: the original one, the reply's
  bool operator==(const CountedConnection&) const = default;
};
// IPCTNL_MSG_CT_NEW of such a connection; of another one, or malformed: nothing.
std::optional<CountedConnection> decode_counted_connection(Bytes message);

class Conntrack {
 public:
  // Of the calling thread's network namespace.
  static Result<Conntrack> open();
  // Has the kernel accept segments of any sequence number, in both directions, as its own flowtable
  // does (net/netfilter/nf_flow_table_core.c: flow_offload_fixup_tcp); take what it has seen for
  // acknowledged, and forget up to where. Error code ENOENT: there is no such connection any more.
  Result<> be_liberal(const TcpConnection&);
  // All whose packets are counted; those that come, go or move meanwhile may be missing.
  Result<> each_counted(const std::function<void(const CountedConnection&)>&);

 private:
  explicit Conntrack(Netlink socket) : socket_(std::move(socket)) {}
  Netlink socket_;
};

}  // namespace tna
