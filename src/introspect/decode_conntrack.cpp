// SPDX-License-Identifier: Apache-2.0
#include <endian.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <sys/socket.h>

#include "introspect/conntrack.h"

namespace tna {
namespace {

using Addresses = std::array<std::uint32_t, 4>;

bool take_address(Bytes payload, Addresses& address) {
  if (payload.size() > sizeof address) return false;
  std::memcpy(address.data(), payload.data(), payload.size());
  return true;
}

bool take_addresses(Bytes nest, CountedConnection& to) {
  bool well = true;
  for (auto [type, payload] : Attributes(nest)) {
    if (type == CTA_IP_V4_SRC || type == CTA_IP_V6_SRC) well &= take_address(payload, to.source);
    if (type == CTA_IP_V4_DST || type == CTA_IP_V6_DST)
      well &= take_address(payload, to.destination);
  }
  return well;
}

bool take_ports(Bytes nest, CountedConnection& to) {
  bool well = true;
  for (auto [type, payload] : Attributes(nest)) {
    if (type == CTA_PROTO_NUM) well &= take(payload, to.protocol);
    if (type == CTA_PROTO_SRC_PORT) well &= take(payload, to.source_port);
    if (type == CTA_PROTO_DST_PORT) well &= take(payload, to.destination_port);
  }
  return well;
}

bool take_tuple(Bytes nest, CountedConnection& to) {
  bool well = true;
  for (auto [type, payload] : Attributes(nest)) {
    if (type == CTA_TUPLE_IP) well &= take_addresses(payload, to);
    if (type == CTA_TUPLE_PROTO) well &= take_ports(payload, to);
  }
  return well;
}

bool take_number(Bytes payload, std::uint64_t& number) {
  const bool well = take(payload, number);
  number = be64toh(number);
  return well;
}

bool take_count(Bytes nest, CountedConnection::Count& to) {
  bool well = true;
  for (auto [type, payload] : Attributes(nest)) {
    if (type == CTA_COUNTERS_PACKETS) well &= take_number(payload, to.packets);
    if (type == CTA_COUNTERS_BYTES) well &= take_number(payload, to.bytes);
  }
  return well;
}

bool take_timestamp(Bytes nest, std::uint64_t& began) {
  bool well = true;
  for (auto [type, payload] : Attributes(nest))
    if (type == CTA_TIMESTAMP_START) well &= take_number(payload, began);
  return well;
}

}  // namespace

std::optional<CountedConnection> decode_counted_connection(Bytes bytes) {
  const auto message = parse_message(bytes);
  if (!message || message->header.nlmsg_type != (NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW))
    return std::nullopt;
  const auto head = leading<nfgenmsg>(message->payload);
  if (!head || (head->nfgen_family != AF_INET && head->nfgen_family != AF_INET6))
    return std::nullopt;
  CountedConnection found{.version =
                              static_cast<std::uint8_t>(head->nfgen_family == AF_INET ? 4 : 6)};
  bool well = true, counted = false;
  for (auto [type, payload] : Attributes(following<nfgenmsg>(message->payload))) {
    if (type == CTA_TUPLE_ORIG) well &= take_tuple(payload, found);
    if (type == CTA_TIMESTAMP) well &= take_timestamp(payload, found.began);
    if (type != CTA_COUNTERS_ORIG && type != CTA_COUNTERS_REPLY) continue;
    well &= take_count(payload, found.count[type == CTA_COUNTERS_REPLY]);
    counted = true;
  }
  return well && counted ? std::optional(found) : std::nullopt;
}

}  // namespace tna
