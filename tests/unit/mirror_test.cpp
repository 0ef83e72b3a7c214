// SPDX-License-Identifier: Apache-2.0
#include "introspect/mirror.h"

#include <gtest/gtest.h>
#include <linux/pkt_sched.h>
#include <sys/socket.h>

namespace tna {
namespace {

using Events = std::vector<Event>;

Link link(IfIndex ifindex, std::uint32_t mtu = 1500) {
  return {.ifindex = ifindex, .name = "eth" + std::to_string(ifindex), .mtu = mtu};
}

Address address(IfIndex ifindex, unsigned last) {
  return {.ifindex = ifindex,
          .family = AF_INET,
          .prefix_length = 24,
          .bytes = {std::byte{192}, std::byte{0}, std::byte{2}, static_cast<std::byte>(last)}};
}

Filter filter(IfIndex ifindex, std::uint32_t handle) {
  return {
      .ifindex = ifindex, .parent = TC_H_CLSACT | 2, .info = 5, .handle = handle, .kind = "bpf"};
}

Route route(const std::vector<IfIndex>& interfaces, std::uint32_t table = 254,
            std::uint8_t prefix_length = 8) {
  Route route{
      .table = table, .prefix_length = prefix_length, .mtu = 1400, .interfaces = interfaces};
  for (IfIndex ifindex : interfaces) route.rest.push_back(static_cast<std::byte>(ifindex));
  return route;
}

Mirror mirror_of(const Events& events) {
  Mirror mirror;
  for (const Event& event : events) mirror.apply(event);
  mirror.take();
  return mirror;
}

bool is_link(const Event& event) {
  return std::holds_alternative<Link>(event);
}

TEST(Mirror, SaysTheSameOnce) {
  Mirror mirror;
  mirror.apply(link(1));
  mirror.apply(link(1));
  EXPECT_EQ(mirror.take(), Events{link(1)});
  mirror.apply(link(1));
  EXPECT_EQ(mirror.take(), Events{});
  mirror.apply(link(1, 9000));
  EXPECT_EQ(mirror.take(), Events{link(1, 9000)});
  EXPECT_EQ(mirror.link(1)->mtu, 9000u);
}

TEST(Mirror, WhatWasNotThereDoesNotGo) {
  Mirror mirror = mirror_of({link(1)});
  mirror.apply(RemovedLink{2});
  mirror.apply(RemovedAddress{address(1, 1)});
  EXPECT_EQ(mirror.take(), Events{});
}

TEST(Mirror, ListsAreSaidAsDifference) {
  Mirror mirror = mirror_of({link(1), link(2), link(3), address(3, 1)});
  mirror.replace({link(1), link(2, 9000), link(4)}, is_link);
  EXPECT_EQ(mirror.take(), (Events{RemovedLink{3}, link(2, 9000), link(4)}));
}

TEST(Mirror, AListOfSomeLeavesTheOthersAlone) {
  Mirror mirror = mirror_of({link(1), address(1, 1), filter(1, 1)});
  mirror.replace({}, is_link);
  EXPECT_EQ(mirror.take(), Events{RemovedLink{1}});
}

TEST(Mirror, WhatStandsOnADeviceGoesWithItAndBeforeIt) {
  const Qdisc qdisc{.ifindex = 1, .handle = 1, .parent = TC_H_ROOT, .kind = "tbf"};
  Mirror mirror = mirror_of({link(1), link(2), address(1, 1), address(2, 2), qdisc, filter(1, 1)});
  mirror.apply(RemovedLink{1});
  EXPECT_EQ(mirror.take(), (Events{RemovedAddress{address(1, 1)}, RemovedQdisc{1, 1, TC_H_ROOT},
                                   RemovedFilter{filter(1, 1)}, RemovedLink{1}}));
}

TEST(Mirror, ChangedValuesOfANetconfJoinTheOthers) {
  Mirror mirror = mirror_of({NetConf{AF_INET, 1, {{2, 0}, {3, 0}}}});
  mirror.apply(NetConf{AF_INET, 1, {{2, 1}}});
  EXPECT_EQ(mirror.take(), (Events{NetConf{AF_INET, 1, {{2, 1}, {3, 0}}}}));
  mirror.apply(NetConf{AF_INET, 1, {{3, 0}}});
  EXPECT_EQ(mirror.take(), Events{});
}

TEST(Mirror, AClassifierTakesItsFiltersAndNoOthers) {
  Mirror mirror = mirror_of({filter(1, 1), filter(1, 2), filter(2, 1)});
  Filter classifier = filter(1, 0);
  mirror.apply(RemovedFilter{classifier});
  EXPECT_EQ(mirror.take(), (Events{RemovedFilter{filter(1, 1)}, RemovedFilter{filter(1, 2)}}));
}

TEST(Mirror, RoutesOfTheSameKeyWithOtherGatewaysAreSeveral) {
  Route first = route({1}), second = route({1});
  second.rest = {std::byte{2}};
  Mirror mirror = mirror_of({first, second});
  mirror.apply(RemovedRoute{first});
  EXPECT_EQ(mirror.take(), Events{RemovedRoute{first}});
  mirror.apply(second);
  EXPECT_EQ(mirror.take(), Events{}) << "it was still there";
}

TEST(Mirror, RoutesGoWithTheirOnlyDeviceWhenItIsDown) {
  Link up = link(1), down = link(1);
  up.flags = 1;
  Mirror mirror = mirror_of({up, route({1}), route({1, 2}), route({2}), route({})});
  mirror.apply(up);
  EXPECT_EQ(mirror.take(), Events{});
  mirror.apply(down);
  EXPECT_EQ(mirror.take(), (Events{RemovedRoute{route({1})}, down}));
  mirror.apply(RemovedLink{1});
  EXPECT_EQ(mirror.take(), (Events{RemovedRoute{route({1, 2})}, RemovedLink{1}}));
}

TEST(Mirror, KnowsTheTablesWithDefaultRoutes) {
  Route by_service = route({}, 300, 0);
  by_service.tos = 16;
  Mirror mirror = mirror_of({route({}, 100), route({}, 200, 0), route({}, 200), by_service,
                             route({}, 300), route({}, 0xffffffff, 0), route({}, 0xfffffffe)});
  EXPECT_EQ(mirror.tables_with_defaults(), (std::set<std::uint32_t>{200, 300, 0xffffffff}));
}

TEST(Mirror, QdiscReplacedInItsPlace) {
  const Qdisc first{.ifindex = 1, .handle = 0x10000, .parent = TC_H_ROOT, .kind = "tbf"};
  const Qdisc second{.ifindex = 1, .handle = 0x20000, .parent = TC_H_ROOT, .kind = "htb"};
  const Qdisc clsact{.ifindex = 1, .handle = 0xffff0000, .parent = TC_H_CLSACT, .kind = "clsact"};
  Mirror mirror = mirror_of({first, clsact});
  mirror.replace({second, clsact},
                 [](const Event& event) { return std::holds_alternative<Qdisc>(event); });
  EXPECT_EQ(mirror.take(), Events{second});
  EXPECT_EQ(mirror.ingress_qdiscs(), std::vector<Qdisc>{clsact});
}

}  // namespace
}  // namespace tna
