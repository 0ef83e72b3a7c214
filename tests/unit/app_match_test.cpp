// SPDX-License-Identifier: Apache-2.0
#include "daemon/app_match.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

namespace tna {
namespace {

std::string refusal(const std::string& text) {
  auto match = parse_app_match(text);
  return match ? "" : match.error().message;
}

TEST(AppMatch, InterfaceProtocolAndPort) {
  auto match = parse_app_match("iifname eth0 udp dport 53");
  ASSERT_TRUE(match) << match.error().message;
  EXPECT_EQ(match->interface, "eth0");
  const tna_app& packet = match->packet;
  EXPECT_FALSE(packet.any_protocol);
  EXPECT_EQ(packet.protocol, 17);
  EXPECT_EQ(packet.version, 0);
  EXPECT_EQ(packet.dport_low, 53);
  EXPECT_EQ(packet.dport_high, 53);
  EXPECT_EQ(packet.sport_low, 0);
  EXPECT_EQ(packet.sport_high, 0xffff);
  EXPECT_EQ(packet.daddr_mask[0], 0u);
}

TEST(AppMatch, AddressesArePrefixes) {
  auto match = parse_app_match("iifname \"eth0\" ip saddr 10.1.0.0/20 ip daddr 192.0.2.1");
  ASSERT_TRUE(match) << match.error().message;
  EXPECT_EQ(match->packet.version, 4);
  EXPECT_TRUE(match->packet.any_protocol);
  EXPECT_EQ(match->packet.saddr[0], htonl(0x0a010000));
  EXPECT_EQ(match->packet.saddr_mask[0], htonl(0xfffff000));
  EXPECT_EQ(match->packet.daddr_mask[0], 0xffffffffu);
  match = parse_app_match("iifname eth0 ip6 daddr 2001:db8::/33");
  ASSERT_TRUE(match) << match.error().message;
  EXPECT_EQ(match->packet.version, 6);
  EXPECT_EQ(match->packet.daddr[0], htonl(0x20010db8));
  EXPECT_EQ(match->packet.daddr_mask[1], htonl(0x80000000));
  EXPECT_EQ(match->packet.daddr_mask[2], 0u);
}

TEST(AppMatch, PortsVlanAndProtocols) {
  auto match = parse_app_match("vlan id 5 meta l4proto tcp th sport 1000-2000 iifname p1");
  ASSERT_TRUE(match) << match.error().message;
  EXPECT_EQ(match->packet.vlan, 5);
  EXPECT_EQ(match->packet.protocol, 6);
  EXPECT_EQ(match->packet.sport_low, 1000);
  EXPECT_EQ(match->packet.sport_high, 2000);
  EXPECT_EQ(parse_app_match("iifname p1 meta l4proto 47")->packet.protocol, 47);
}

TEST(AppMatch, WhatIsWrongIsNamed) {
  const std::pair<const char*, const char*> kWrong[] = {
      {"", "no interface"},
      {"udp dport 53", "no interface"},
      {"iifname", "an interface"},
      {"iifname eth*", "whole name"},
      {"iifname a iifname b", "twice"},
      {"iifname a udp", "sport or dport"},
      {"iifname a udp port 5", "\"udp port\""},
      {"iifname a udp dport", "a port"},
      {"iifname a udp dport x", "\"x\""},
      {"iifname a udp dport 65536", "\"65536\""},
      {"iifname a udp dport -1", "\"-1\""},
      {"iifname a udp dport 5-", "\"5-\""},
      {"iifname a udp dport 6-5", "\"6-5\""},
      {"iifname a udp dport 5 tcp sport 6", "two protocols"},
      {"iifname a udp dport 5 udp dport 6", "twice"},
      {"iifname a th dport 5", "no protocol"},
      {"iifname a ip saddr 10.0.0.0/33", "10.0.0.0/33"},
      {"iifname a ip saddr 2001:db8::1", "2001:db8::1"},
      {"iifname a ip6 daddr 10.0.0.1", "10.0.0.1"},
      {"iifname a ip saddr 10.0.0.1 ip6 daddr ::1", "at once"},
      {"iifname a ip ttl 5", "\"ip ttl\""},
      {"iifname a vlan id 0", "\"0\""},
      {"iifname a vlan id 4095", "\"4095\""},
      {"iifname a vlan pcp 1", "\"vlan pcp\""},
      {"iifname a meta mark 1", "\"meta mark\""},
      {"iifname a meta l4proto 256", "\"256\""},
      {"iifname a ct state new", "\"ct\""},
      {"iifname a udp dport { 1, 2 }", "\"{\""},
  };
  for (const auto& [text, words] : kWrong)
    EXPECT_NE(refusal(text).find(words), std::string::npos) << text << ": " << refusal(text);
}

}  // namespace
}  // namespace tna
