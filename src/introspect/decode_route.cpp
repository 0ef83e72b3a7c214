// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "introspect/decode.h"

namespace tna {
namespace {

struct RouteMessage {
  std::uint16_t type = 0;
  rtmsg info{};
  Attributes attributes;
};

std::optional<RouteMessage> parse_route(Bytes bytes) {
  auto message = parse_message(bytes);
  if (!message) return std::nullopt;
  const std::uint16_t type = message->header.nlmsg_type;
  auto info = leading<rtmsg>(message->payload);
  if ((type != RTM_NEWROUTE && type != RTM_DELROUTE) || !info) return std::nullopt;
  const int longest = info->rtm_family == AF_INET ? 32 : info->rtm_family == AF_INET6 ? 128 : -1;
  // Learned exceptions of a route look like routes with a metric.
  if (info->rtm_dst_len > longest || info->rtm_flags & RTM_F_CLONED) return std::nullopt;
  return RouteMessage{type, *info, Attributes(following<rtmsg>(message->payload))};
}

bool has(const Attributes& attributes, std::uint16_t type) {
  for (const Attribute& attribute : attributes)
    if (attribute.type == type) return true;
  return false;
}

// The flags of a hop (dead, linkdown, offload) change while the route stays the same one.
bool take_hops(Bytes payload, Route& route) {
  while (!payload.empty()) {
    auto hop = leading<rtnexthop>(payload);
    if (!hop || hop->rtnh_len < sizeof *hop || hop->rtnh_len > payload.size()) return false;
    if (!Attributes(payload.first(hop->rtnh_len).subspan(sizeof *hop)).well_formed()) return false;
    route.interfaces.push_back(static_cast<IfIndex>(hop->rtnh_ifindex));
    hop->rtnh_flags = 0;
    const auto head = std::as_bytes(std::span(&*hop, 1));
    route.rest.insert(route.rest.end(), head.begin(), head.end());
    const Bytes attributes = payload.first(hop->rtnh_len).subspan(sizeof *hop);
    route.rest.insert(route.rest.end(), attributes.begin(), attributes.end());
    payload = payload.subspan(std::min<std::size_t>(RTNH_ALIGN(hop->rtnh_len), payload.size()));
  }
  return true;
}

bool take_mtu(Bytes metrics, std::uint32_t& mtu) {
  const Attributes attributes(metrics);
  for (auto [metric, payload] : attributes)
    if (metric == RTAX_MTU && !take(payload, mtu)) return false;
  return attributes.well_formed();
}

bool take_interface(Bytes payload, Route& route) {
  IfIndex ifindex = 0;
  if (!take(payload, ifindex)) return false;
  route.interfaces.push_back(ifindex);
  return true;
}

// How it gets there.
bool is_of_nexthop(std::uint16_t attribute) {
  return attribute == RTA_OIF || attribute == RTA_GATEWAY || attribute == RTA_VIA ||
         attribute == RTA_MULTIPATH || attribute == RTA_ENCAP || attribute == RTA_ENCAP_TYPE;
}

bool take_attribute(const Attribute& attribute, Route& route) {
  const auto [type, payload] = attribute;
  switch (type) {
    case RTA_DST:
      if (route.family == AF_INET6) break;
      if (!take(payload, route.destination)) return false;
      route.destination = ntohl(route.destination);
      return true;
    case RTA_TABLE:
      return take(payload, route.table);
    case RTA_PRIORITY:
      return take(payload, route.priority);
    case RTA_CACHEINFO:
      return true;
  }
  const auto length = static_cast<std::uint16_t>(payload.size());
  for (std::uint16_t number : {type, length}) {
    const auto bytes = std::as_bytes(std::span(&number, 1));
    route.rest.insert(route.rest.end(), bytes.begin(), bytes.end());
  }
  if (type == RTA_MULTIPATH) return take_hops(payload, route);
  route.rest.insert(route.rest.end(), payload.begin(), payload.end());
  if (type == RTA_OIF) return take_interface(payload, route);
  return type != RTA_METRICS || take_mtu(payload, route.mtu);
}

// Nothing where it is malformed.
std::optional<Route> take_route(const RouteMessage& message) {
  const auto& [type, info, attributes] = message;
  Route route{.family = info.rtm_family,
              .table = info.rtm_table,
              .prefix_length = info.rtm_dst_len,
              .tos = info.rtm_tos,
              .rest = {std::byte{info.rtm_protocol}, std::byte{info.rtm_scope}}};
  const bool by_object = has(attributes, RTA_NH_ID);
  for (const Attribute& attribute : attributes) {
    // A nexthop object may be given other hops without a word about its routes.
    if (by_object && is_of_nexthop(attribute.type)) continue;
    if (!take_attribute(attribute, route)) return std::nullopt;
  }
  if (!attributes.well_formed() || has(attributes, RTA_DST) == (route.prefix_length == 0))
    return std::nullopt;
  return route;
}

}  // namespace

std::optional<Event> decode_route(Bytes bytes) {
  auto message = parse_route(bytes);
  if (!message || message->info.rtm_type != RTN_UNICAST) return std::nullopt;
  // That is nearly all of them.
  if (message->info.rtm_dst_len > 0 && !has(message->attributes, RTA_METRICS)) return std::nullopt;
  auto route = take_route(*message);
  if (!route || route->table == RT_TABLE_LOCAL) return std::nullopt;
  if (!route->is_default() && route->mtu == 0) return std::nullopt;
  if (message->type == RTM_DELROUTE) return RemovedRoute{std::move(*route)};
  return std::move(*route);
}

std::optional<std::uint32_t> concerned_defaults(Bytes bytes) {
  auto message = parse_route(bytes);
  if (!message || message->info.rtm_family != AF_INET || message->info.rtm_dst_len > 0)
    return std::nullopt;
  auto route = take_route(*message);
  if (!route || route->table == RT_TABLE_LOCAL) return std::nullopt;
  return route->table;
}

bool is_beyond_defaults(Bytes bytes) {
  auto message = parse_route(bytes);
  if (!message) return false;
  std::uint32_t destination = 0;
  for (auto [type, payload] : message->attributes)
    if (type == RTA_DST && !take(payload, destination)) return false;
  return destination != 0;
}

}  // namespace tna
