// SPDX-License-Identifier: Apache-2.0
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>

#include "introspect/decode.h"
#include "unit/recorded.h"

namespace tna {
namespace {

Link link(const std::string& name) {
  return recorded_object<Link>(decode_link, name);
}

std::vector<std::byte> one_byte(unsigned value) {
  return {static_cast<std::byte>(value)};
}

TEST(DecodeLink, Bridge) {
  const Link bridge = link("link_bridge");
  EXPECT_EQ(bridge.name, "br0");
  EXPECT_EQ(bridge.kind, "bridge");
  EXPECT_EQ(bridge.slave_kind, "");
  EXPECT_EQ(bridge.hardware_type, ARPHRD_ETHER);
  EXPECT_EQ(to_string(bridge.address), "02:00:00:00:00:01");
  EXPECT_EQ(bridge.mtu, 1500u);
  EXPECT_EQ(bridge.master, 0u);
  EXPECT_FALSE(bridge.xdp);
  EXPECT_TRUE(bridge.port.empty());
  EXPECT_EQ(bridge.info.at(IFLA_BR_VLAN_FILTERING), one_byte(0));
  EXPECT_EQ(bridge.info.at(IFLA_BR_MCAST_SNOOPING), one_byte(1));
}

TEST(DecodeLink, PortOfABridgeAndEndOfAVeth) {
  const Link port = link("link_port");
  EXPECT_EQ(port.name, "v0");
  EXPECT_EQ(port.kind, "veth");
  EXPECT_EQ(port.slave_kind, "bridge");
  EXPECT_EQ(port.master, link("link_bridge").ifindex);
  EXPECT_NE(port.lower, 0u) << "the peer";
  EXPECT_NE(port.lower, port.ifindex);
  EXPECT_FALSE(port.lower_netnsid) << "the peer is in the same namespace";
  EXPECT_EQ(port.flags & IFF_UP, 0u);
  EXPECT_EQ(port.root_qdisc, "noop");
  EXPECT_EQ(port.port.at(IFLA_BRPORT_STATE), one_byte(0));
  EXPECT_EQ(port.port.at(IFLA_BRPORT_LEARNING), one_byte(1));
  EXPECT_EQ(port.port.at(IFLA_BRPORT_ISOLATED), one_byte(0));
}

TEST(DecodeLink, PeerInAnotherNamespace) {
  const Link veth = link("link_peer_elsewhere");
  EXPECT_EQ(veth.name, "v1");
  EXPECT_TRUE(veth.lower_netnsid.has_value());
}

TEST(DecodeLink, XdpProgram) {
  const Link veth = link("link_xdp");
  ASSERT_TRUE(veth.xdp);
  EXPECT_EQ(veth.xdp->mode, XDP_ATTACHED_SKB);
  EXPECT_NE(veth.xdp->program_id, 0u);
}

TEST(DecodeLink, RemovedDevice) {
  // A veth takes its peer with it; this is what was said of the peer.
  EXPECT_EQ(recorded_object<RemovedLink>(decode_link, "link_gone").ifindex,
            link("link_port").lower);
}

TEST(DecodeLink, WhatTheBridgeSaysOfAPortIsNoLinkButConcernsOne) {
  const IfIndex port = link("link_port").ifindex;
  EXPECT_FALSE(decode_link(recorded("port_isolated")));
  EXPECT_EQ(concerned_link(recorded("port_isolated")), port);
  EXPECT_FALSE(decode_link(recorded("port_gone")))
      << "the port left the bridge, the device is there";
  EXPECT_EQ(concerned_link(recorded("port_gone")), port);
}

TEST(DecodeLink, AMessageWithoutMtuDoesNotTellTheWhole) {
  // Cut after IFLA_TXQLEN, which follows IFLA_IFNAME: so are the events of wireless drivers.
  auto message = recorded("link_port");
  const std::size_t attributes = NLMSG_HDRLEN + sizeof(ifinfomsg);
  Bytes rest = Bytes(message).subspan(attributes);
  std::size_t length = attributes;
  for (auto [type, payload] : Attributes(rest)) {
    length += NLA_ALIGN(NLA_HDRLEN + payload.size());
    if (type == IFLA_TXQLEN) break;
  }
  message.resize(length);
  const auto total = static_cast<std::uint32_t>(length);
  std::memcpy(message.data(), &total, sizeof total);
  EXPECT_FALSE(decode_link(message));
  EXPECT_EQ(concerned_link(message), link("link_port").ifindex);
}

TEST(DecodeLink, OtherMessagesAreNoLinks) {
  EXPECT_FALSE(decode_link(recorded("address4")));
  EXPECT_FALSE(concerned_link(recorded("qdisc_tbf")));
}

}  // namespace
}  // namespace tna
