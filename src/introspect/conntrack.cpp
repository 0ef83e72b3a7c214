// SPDX-License-Identifier: Apache-2.0
#include "introspect/conntrack.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <netinet/in.h>

namespace tna {
namespace {

// Which of the flags are said something of.
constexpr nf_ct_tcp_flags kLiberal{.flags = IP_CT_TCP_FLAG_BE_LIBERAL,
                                   .mask = IP_CT_TCP_FLAG_BE_LIBERAL |
                                           IP_CT_TCP_FLAG_DATA_UNACKNOWLEDGED |
                                           IP_CT_TCP_FLAG_MAXACK_SET};

void put_tuple(Request& request, const TcpConnection& connection) {
  const bool v4 = connection.version == 4;
  const std::size_t length = v4 ? 4 : 16;
  auto tuple = request.nest(CTA_TUPLE_ORIG);
  auto addresses = request.nest(CTA_TUPLE_IP);
  request.put(v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, connection.source.data(), length);
  request.put(v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, connection.destination.data(), length);
  request.end(addresses);
  auto ports = request.nest(CTA_TUPLE_PROTO);
  const std::uint8_t protocol = IPPROTO_TCP;
  request.put(CTA_PROTO_NUM, &protocol, sizeof protocol);
  request.put(CTA_PROTO_SRC_PORT, &connection.source_port, sizeof connection.source_port);
  request.put(CTA_PROTO_DST_PORT, &connection.destination_port, sizeof connection.destination_port);
  request.end(ports);
  request.end(tuple);
}

}  // namespace

Result<Conntrack> Conntrack::open() {
  return Conntrack(TRY(Netlink::open(NETLINK_NETFILTER)));
}

Result<> Conntrack::each_counted(const std::function<void(const CountedConnection&)>& take) {
  Request request(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET);
  request.fixed<nfgenmsg>();  // of all families
  return socket_.dump_while("connections", request, [&](Bytes message) {
    if (auto connection = decode_counted_connection(message)) take(*connection);
    return true;
  });
}

Result<> Conntrack::be_liberal(const TcpConnection& connection) {
  Request request(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW);
  request.fixed<nfgenmsg>().nfgen_family = connection.version == 4 ? AF_INET : AF_INET6;
  put_tuple(request, connection);
  const std::uint16_t zone = htons(connection.zone);
  if (zone) request.put(CTA_ZONE, &zone, sizeof zone);
  auto protocol = request.nest(CTA_PROTOINFO);
  auto tcp = request.nest(CTA_PROTOINFO_TCP);
  request.put(CTA_PROTOINFO_TCP_FLAGS_ORIGINAL, &kLiberal, sizeof kLiberal);
  request.put(CTA_PROTOINFO_TCP_FLAGS_REPLY, &kLiberal, sizeof kLiberal);
  request.end(tcp);
  request.end(protocol);
  return socket_.change("a connection", request);
}

}  // namespace tna
