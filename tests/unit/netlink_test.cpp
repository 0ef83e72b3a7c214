// SPDX-License-Identifier: Apache-2.0
#include "introspect/netlink.h"

#include <linux/filter.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <cerrno>

#include "introspect/decode.h"
#include "introspect/generic_netlink.h"
#include "unit/own_namespace.h"

namespace tna {
namespace {

using NetlinkTest = OwnNamespace;

// Listing and asking need no root.
TEST(Netlink, ListsLinks) {
  auto socket = Netlink::open(NETLINK_ROUTE);
  ASSERT_TRUE(socket) << socket.error().message;
  Request request(RTM_GETLINK);
  request.fixed<ifinfomsg>();
  bool loopback = false;
  auto done = socket->dump("links", request, [&](Bytes message) {
    auto event = decode_link(message);
    ASSERT_TRUE(event);
    loopback |= std::get<Link>(*event).name == "lo";
  });
  EXPECT_TRUE(done) << done.error().message;
  EXPECT_TRUE(loopback);
}

TEST(Netlink, ErrorsSayWhatWasAskedAndWhatTheKernelSays) {
  auto socket = Netlink::open(NETLINK_ROUTE);
  ASSERT_TRUE(socket);
  Request request(RTM_GETLINK);
  request.fixed<ifinfomsg>().ifi_index = 0x7ffffff0;
  auto none = socket->get("link 2147483632", request, [](Bytes) { FAIL(); });
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ENODEV);
  EXPECT_EQ(none.error().message, "get link 2147483632: No such device");

  Request bad(RTM_GETLINK);
  bad.fixed<ifinfomsg>().ifi_change = 1;
  auto refused = socket->dump("links", bad, [](Bytes) { FAIL(); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, EINVAL);
  EXPECT_TRUE(refused.error().message.starts_with("dump links: Invalid argument ("))
      << refused.error().message;
}

TEST(Netlink, AnswersAfterAnError) {
  auto socket = Netlink::open(NETLINK_ROUTE);
  ASSERT_TRUE(socket);
  Request bad(RTM_GETLINK);
  bad.fixed<ifinfomsg>().ifi_index = 0x7ffffff0;
  ASSERT_FALSE(socket->get("link", bad, [](Bytes) {}));
  Request good(RTM_GETLINK);
  good.fixed<ifinfomsg>().ifi_index = 1;
  std::optional<Event> answer;
  ASSERT_TRUE(socket->get("link", good, [&](Bytes message) { answer = decode_link(message); }));
  ASSERT_TRUE(answer);
  EXPECT_EQ(std::get<Link>(*answer).ifindex, 1u);
}

TEST(Netlink, UnknownProtocolIsAnError) {
  auto socket = Netlink::open(31);
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().code, EPROTONOSUPPORT);
}

TEST(GenericNetlink, FindsFamiliesByName) {
  auto socket = Netlink::open(NETLINK_GENERIC);
  ASSERT_TRUE(socket);
  auto control = generic_family(*socket, "nlctrl");
  ASSERT_TRUE(control) << control.error().message;
  EXPECT_EQ(control->id, 16);
  EXPECT_TRUE(control->groups.contains("notify"));
  auto none = generic_family(*socket, "no such one");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ENOENT);
}

// Errors have no ==.
Receive received(
    Netlink& socket, const Netlink::Handler& handler = [](Bytes) {}) {
  auto result = socket.receive(handler);
  EXPECT_TRUE(result) << result.error().message;
  return result.value_or(Receive::nothing);
}

TEST_F(NetlinkTest, HearsGroupsItJoined) {
  auto socket = Netlink::open(NETLINK_ROUTE);
  ASSERT_TRUE(socket);
  EXPECT_EQ(received(*socket), Receive::nothing);
  run("ip link set lo up");
  EXPECT_EQ(received(*socket), Receive::nothing);
  ASSERT_TRUE(socket->join(RTNLGRP_LINK));
  run("ip link set lo down");
  std::optional<Event> heard;
  EXPECT_EQ(received(*socket, [&](Bytes message) { heard = decode_link(message); }),
            Receive::messages);
  ASSERT_TRUE(heard);
  EXPECT_EQ(std::get<Link>(*heard).name, "lo");
}

TEST_F(NetlinkTest, TellsOfAnOverrunOnceThenGoesOn) {
  auto socket = Netlink::open(NETLINK_ROUTE);
  ASSERT_TRUE(socket);
  ASSERT_TRUE(socket->join(RTNLGRP_LINK));
  ASSERT_TRUE(socket->set_receive_buffer(1));
  for (int i = 0; i < 4; ++i) run("ip link set lo up && ip link set lo down");
  EXPECT_EQ(received(*socket), Receive::overrun);
  while (received(*socket) == Receive::messages) {
  }
  run("ip link set lo up");
  EXPECT_EQ(received(*socket), Receive::messages);
}

TEST_F(NetlinkTest, FilterKeepsMessagesOut) {
  auto socket = Netlink::open(NETLINK_ROUTE);
  ASSERT_TRUE(socket);
  ASSERT_TRUE(socket->join(RTNLGRP_LINK));
  const sock_filter nothing_passes = BPF_STMT(BPF_RET | BPF_K, 0);
  ASSERT_TRUE(socket->filter(std::span(&nothing_passes, 1)));
  run("ip link set lo up");
  EXPECT_EQ(received(*socket), Receive::nothing);
}

}  // namespace
}  // namespace tna
