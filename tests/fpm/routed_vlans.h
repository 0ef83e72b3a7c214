// SPDX-License-Identifier: Apache-2.0
// A router whose networks are VLANs: A is 192.0.2.1 and 2001:db8::1 behind v10, a VLAN device on
// p1; B is 192.0.2.2 and 2001:db8::2 behind v20, one on p2. C is 192.0.2.3 and 2001:db8::3 behind
// p3 itself.
#pragma once

#include <string>

#include "fpm/routing.h"

namespace tna::test {

class RoutedVlans : public Routing {
 protected:
  void SetUp() override {
    Routing::SetUp();
    if (IsSkipped()) return;
    if (!world.can_configure(R"(
          ip link add link p1 name v10 type vlan id 10
          ip link add link p2 name v20 type vlan id 20)")) {
      hook_lacks(Hook::xdp, TNA_R_EGRESS_VLAN_DEVICE, "this kernel has no VLAN devices");
      GTEST_SKIP() << "this kernel has no VLAN devices";
    }
    configure(R"(
      echo 0 | tee /proc/sys/net/ipv6/conf/*/disable_ipv6 /proc/sys/net/ipv6/conf/*/accept_dad >/dev/null
      ip addr add 10.0.3.1/24 dev p3
      at() {
        for family in 192.0.2. 2001:db8::; do
          ip route replace $family$2 dev $1
          ip neigh replace $family$2 lladdr 02:00:00:00:00:0$3 dev $1
        done
      }
      ip link set v10 up; ip addr add 10.0.10.1/24 dev v10; at v10 1 a
      ip link set v20 up; ip addr add 10.0.20.1/24 dev v20; at v20 2 b
      at p3 3 c)");
    load(kVlans);
  }
  // More routes and neighbours, as there: at("v30", 2, "b").
  void at(const std::string& device, int host, const std::string& mac) {
    for (const char* family : {"192.0.2.", "2001:db8::"}) {
      const std::string address = family + std::to_string(host);
      configure("ip route replace " + address + " dev " + device + "; ip neigh replace " + address +
                " lladdr 02:00:00:00:00:0" + mac + " dev " + device);
    }
  }

  static constexpr tna_const kVlans{.route4 = 1, .route6 = 1, .vlan_up = 1, .vlan_xmit = 1};

  // From A, who speaks to its router by v10.
  Ethernet to_v10() { return {.dst = world.address("v10"), .src = a}; }
  Packet tagged(Vlan tag = {.id = 10}) { return to_v10() / tag / IPv4{} / Udp{} / Payload{40}; }
  Packet tagged6(Vlan tag = {.id = 10}) { return to_v10() / tag / IPv6{} / Udp{} / Payload{40}; }
  // What B gets of an IPv4 packet that was sent by `device`, in its VLAN.
  Bytes routed(const std::string& device, std::optional<Vlan> tag) {
    const Ethernet ethernet{.dst = b, .src = world.address(device)};
    Bytes packet = with((ethernet / IPv4{} / Udp{} / Payload{40}).bytes(), {{8, 63}});
    if (!tag) return packet;
    const Bytes head = (ethernet / *tag / IPv4{}).bytes();
    packet.insert(packet.begin() + 12, head.begin() + 12, head.begin() + 16);
    return packet;
  }
  // The priority bits of the tag that the last frame left with.
  int priority() { return path().left()[14] >> 5; }
  Bytes with_service(Packet packet, std::uint8_t tos, std::size_t at) {
    Bytes frame = packet.bytes();
    Bytes ip(frame.begin() + at - 14, frame.end());
    ip = with(ip, {{1, tos}});
    std::copy(ip.begin() + 14, ip.end(), frame.begin() + at);
    return frame;
  }
};

}  // namespace tna::test
