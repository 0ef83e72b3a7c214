// SPDX-License-Identifier: Apache-2.0
// The bridge's ports as a router's interfaces: A is 192.0.2.1 and 2001:db8::1 behind p1, B
// 192.0.2.2 and 2001:db8::2 behind p2.
#pragma once

#include <utility>
#include <vector>

#include "fpm/fpm_test.h"

namespace tna::test {

inline constexpr tna_reason kRouting[] = {
    TNA_R_NOT_ROUTED,
    TNA_R_OTHER_HOST,
    TNA_R_TAGGED,
    TNA_R_NOT_IP,
    TNA_R_MARK,
    TNA_R_FRAGMENT,
    TNA_R_TTL,
    TNA_R_IP_ADDRESS,
    TNA_R_ICMP_ERROR,
    TNA_R_GSO,
    TNA_R_IPSEC,
    TNA_R_MULTIPATH,
    TNA_R_FORWARDING,
    TNA_R_NO_ROUTE,
    TNA_R_ENCAP,
    TNA_R_ROUTE_MTU,
    TNA_R_SOURCE_ADDRESS,
    TNA_R_SAME_DEVICE,
    TNA_R_NEIGHBOUR,
    TNA_R_VRF,
    TNA_R_EGRESS_VLAN_DEVICE,
    TNA_R_RULE,
    TNA_R_RULES_NEW,
    TNA_R_CT_PROTO,
    TNA_R_CT_NEW,
    TNA_R_CT_TCP,
    TNA_R_CT_SPECIAL,
    TNA_R_CT_COUNTED,
    TNA_R_CT_FULL,
    TNA_R_CT_WINDOW,
    TNA_R_CT_NAT,
    TNA_R_APP_RULES,
    TNA_R_APP_GONE,
    TNA_R_APP_FULL,
    TNA_R_HOOK,
    TNA_R_STEER,
};

class Routing : public FpmTest {
 protected:
  Routing() {
    configure(R"(
      echo 0 | tee /proc/sys/net/ipv6/conf/*/disable_ipv6 /proc/sys/net/ipv6/conf/*/accept_dad >/dev/null
      for port in p1 p2 p3; do ip link set $port nomaster; ip link set $port up; done
      echo 1 >/proc/sys/net/ipv4/ip_forward
      echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
      ip addr add 10.0.1.1/24 dev p1
      ip addr add 10.0.2.1/24 dev p2
      ip route add 192.0.2.1 dev p1
      ip route add 192.0.2.2 dev p2
      ip route add 2001:db8::1 dev p1
      ip route add 2001:db8::2 dev p2
      for family in 192.0.2. 2001:db8::; do
        ip neigh add ${family}1 lladdr 02:00:00:00:00:0a dev p1
        ip neigh add ${family}2 lladdr 02:00:00:00:00:0b dev p2
      done)");
    load({.route4 = 1, .route6 = 1});
  }
  void SetUp() override {
    if (!at_xdp() || Shared::get().typed_reads()) return;
    for (tna_reason reason : kRouting)
      hook_lacks(Hook::xdp, reason, "TNA leaves routing to such a kernel");
    GTEST_SKIP() << "typed kernel reads";
  }

  Ethernet to_router() { return {.dst = world.address("p1"), .src = a}; }
  Packet ipv4(IPv4 header = {}, std::size_t size = 40) {
    return to_router() / header / Udp{} / Payload{size};
  }
  Packet ipv6(IPv6 header = {}, std::size_t size = 40) {
    return to_router() / header / Udp{} / Payload{size};
  }
  // The IPv4 packet with that byte of its header another one, and the checksum right for it.
  Bytes with(std::size_t at, std::uint8_t value) { return with(ipv4().bytes(), {{at, value}}); }
  Bytes with(Bytes frame, const std::vector<std::pair<std::size_t, std::uint8_t>>& changes) {
    for (auto [at, value] : changes) frame[14 + at] = value;
    frame[24] = frame[25] = 0;
    std::uint16_t sum = internet_checksum(std::span(frame).subspan(14, 20));
    frame[24] = sum >> 8;
    frame[25] = sum;
    return frame;
  }
  Bytes with6(std::size_t at, std::uint8_t value) {
    Bytes frame = ipv6().bytes();
    frame[14 + at] = value;
    return frame;
  }
  void sysctl(const std::string& name, int value) {
    configure("echo " + std::to_string(value) + " >/proc/sys/net/" + name);
  }
};
}  // namespace tna::test
