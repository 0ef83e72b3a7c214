// SPDX-License-Identifier: Apache-2.0
#include <linux/rtnetlink.h>

#include <cstring>

#include "introspect/decode.h"
#include "unit/recorded.h"

namespace tna {
namespace {

using Raw = std::vector<std::byte>;

constexpr std::size_t kInfo = NLMSG_HDRLEN, kAttributes = kInfo + sizeof(rtmsg);

Route route(const std::string& name) {
  return recorded_object<Route>(decode_route, name);
}

// Where the attribute of that type begins in the recorded message.
std::size_t find(const Raw& message, std::uint16_t type) {
  std::size_t at = kAttributes;
  for (nlattr header; at + sizeof header <= message.size(); at += NLA_ALIGN(header.nla_len)) {
    std::memcpy(&header, message.data() + at, sizeof header);
    if (header.nla_type == type) return at;
  }
  ADD_FAILURE() << "no attribute " << type;
  return kAttributes;
}

// The message with another byte somewhere.
Raw changed(Raw message, std::size_t at, unsigned value) {
  message.at(at) = static_cast<std::byte>(value);
  return message;
}

TEST(DecodeRoute, WithAnMtuMetric) {
  const Route found = route("route_mtu");
  EXPECT_EQ(found.table, 254u);
  EXPECT_EQ(found.destination, 10u << 24);
  EXPECT_EQ(found.prefix_length, 8);
  EXPECT_EQ(found.tos, 8);
  EXPECT_EQ(found.priority, 5u);
  EXPECT_EQ(found.mtu, 1400u);
  EXPECT_EQ(found.interfaces, std::vector<IfIndex>{3});
  EXPECT_FALSE(found.is_default());
}

TEST(DecodeRoute, RemovedIsTheSameRoute) {
  EXPECT_EQ(recorded_object<RemovedRoute>(decode_route, "route_mtu_gone").route,
            route("route_mtu"));
}

TEST(DecodeRoute, AnotherGatewayIsAnotherRoute) {
  const Raw message = recorded("route_mtu");
  const auto other = decode_route(changed(message, find(message, RTA_GATEWAY) + 7, 9));
  ASSERT_TRUE(other);
  EXPECT_NE(std::get<Route>(*other), route("route_mtu"));
}

TEST(DecodeRoute, WithoutAnMtuIsNoObject) {
  EXPECT_FALSE(decode_route(recorded("route_plain")));
  EXPECT_FALSE(decode_route(recorded("route_advmss"))) << "it has metrics, but no mtu";
  EXPECT_FALSE(decode_route(recorded("route_local"))) << "it is not forwarded by";
}

TEST(DecodeRoute, DefaultRoute) {
  const Route found = route("route_default");
  EXPECT_TRUE(found.is_default());
  EXPECT_EQ(found.table, 1000u) << "that is more than rtm_table can say";
  EXPECT_EQ(found.mtu, 0u);
  EXPECT_EQ(concerned_defaults(recorded("route_default")), 1000u);
}

TEST(DecodeRoute, ADefaultRouteMayBeReplacedByNone) {
  EXPECT_FALSE(decode_route(recorded("route_default_replaced"))) << "it is a blackhole";
  EXPECT_EQ(concerned_defaults(recorded("route_default_replaced")), 1000u);
  EXPECT_FALSE(concerned_defaults(recorded("route_mtu")));
}

TEST(DecodeRoute, TableLocalIsIgnored) {
  const Raw message = recorded("route_mtu");
  EXPECT_FALSE(decode_route(changed(message, find(message, RTA_TABLE) + 4, RT_TABLE_LOCAL)));
}

TEST(DecodeRoute, ALearnedExceptionIsNoRoute) {
  EXPECT_FALSE(decode_route(
      changed(recorded("route_mtu"), kInfo + offsetof(rtmsg, rtm_flags) + 1, RTM_F_CLONED >> 8)));
}

TEST(DecodeRoute, SeveralHops) {
  const Route found = route("route_multipath");
  EXPECT_EQ(found.mtu, 1300u);
  EXPECT_EQ(found.interfaces, (std::vector<IfIndex>{3, 2}));
}

TEST(DecodeRoute, AHopThatIsDeadDoesNotMakeItAnotherRoute) {
  const Raw message = recorded("route_multipath");
  const std::size_t flags =
      find(message, RTA_MULTIPATH) + sizeof(nlattr) + offsetof(rtnexthop, rtnh_flags);
  const auto dead = decode_route(changed(message, flags, RTNH_F_DEAD | RTNH_F_LINKDOWN));
  ASSERT_TRUE(dead);
  EXPECT_EQ(std::get<Route>(*dead), route("route_multipath"));
}

TEST(DecodeRoute, HopsOfANexthopObjectMayChange) {
  const Raw message = recorded("route_nexthop_object");
  const auto moved = decode_route(changed(message, find(message, RTA_OIF) + 4, 9));
  ASSERT_TRUE(moved);
  EXPECT_EQ(std::get<Route>(*moved), route("route_nexthop_object"));
  EXPECT_TRUE(route("route_nexthop_object").interfaces.empty());
}

TEST(DecodeRoute, WhatIsMalformedIsNoObject) {
  const Raw message = recorded("route_mtu");
  const std::size_t metrics = find(message, RTA_METRICS), prefix = kInfo + 1;
  EXPECT_FALSE(decode_route(changed(message, prefix, 33))) << "longer than an address";
  EXPECT_FALSE(decode_route(changed(message, kInfo, 7))) << "of another family";
  EXPECT_FALSE(decode_route(changed(message, NLMSG_HDRLEN - 12, RTM_GETROUTE)));
  EXPECT_FALSE(decode_route(changed(message, metrics + 4, 7))) << "a metric of three bytes";
  EXPECT_FALSE(decode_route(changed(message, metrics + 4, 9))) << "longer than all metrics";
  EXPECT_FALSE(decode_route(changed(message, metrics + 4, 3))) << "shorter than its header";
  EXPECT_FALSE(decode_route(changed(message, metrics, 200))) << "longer than the message";
  EXPECT_FALSE(decode_route(changed(message, find(message, RTA_OIF), 7)));
  EXPECT_FALSE(decode_route(changed(message, find(message, RTA_DST) + 2, 99))) << "to nowhere";
  EXPECT_FALSE(decode_route(changed(message, prefix, 0))) << "a default route has no address";
  const Raw several = recorded("route_multipath");
  const std::size_t hop = find(several, RTA_MULTIPATH) + sizeof(nlattr);
  for (unsigned length : {0, 7, 12, 17, 200})
    EXPECT_FALSE(decode_route(changed(several, hop, length))) << length;
}

TEST(DecodeRoute, InAListDefaultRoutesComeFirst) {
  EXPECT_TRUE(is_beyond_defaults(recorded("route_plain")));
  EXPECT_FALSE(is_beyond_defaults(recorded("route_default")));
  EXPECT_FALSE(is_beyond_defaults(recorded("link_bridge")));
  const Raw message = recorded("route_mtu");
  EXPECT_FALSE(is_beyond_defaults(changed(message, find(message, RTA_DST) + 4, 0))) << "0.0.0.0/8";
}

}  // namespace
}  // namespace tna
