// SPDX-License-Identifier: Apache-2.0
// A is behind p1 and C behind p3, ports of br0, which is the router's interface to them: 192.0.2.1
// and .3, 2001:db8::1 and ::3. B is behind p2, which is an interface of its own.
#pragma once

#include <string>

#include "fpm/routing.h"

namespace tna::test {

class RoutedBridge : public Routing {
 protected:
  RoutedBridge() {
    configure(R"(
      for port in p1 p3; do
        ip addr flush dev $port
        ip link set $port master br0
      done
      echo 0 >/proc/sys/net/ipv6/conf/br0/disable_ipv6
      ip addr add 10.0.1.1/24 dev br0
      for family in 192.0.2. 2001:db8::; do
        ip route replace ${family}1 dev br0
        ip route replace ${family}3 dev br0
        ip neigh replace ${family}1 lladdr 02:00:00:00:00:0a dev br0
        ip neigh replace ${family}3 lladdr 02:00:00:00:00:0c dev br0
      done
      for try in $(seq 200); do
        printf 'link set dev p%d state 3\n' 1 3 | bridge -batch - 2>/dev/null && exit 0
        sleep 0.01
      done
      exit 1)");
    load(kPort);
    world.keep_fresh(std::chrono::milliseconds(0));
  }

  static constexpr tna_const kPort{
      .bridge = 1, .route4 = 1, .route6 = 1, .bridge_up = 1, .bridge_xmit = 1};
  static constexpr tna_const kPlain{.route4 = 1, .route6 = 1, .bridge_xmit = 1};

  // From A to B, who is beyond the router; and from B to A.
  Ethernet to_bridge() { return {.dst = world.address("br0"), .src = a}; }
  Packet up(IPv4 header = {}) { return to_bridge() / header / Udp{} / Payload{40}; }
  Packet up6() { return to_bridge() / IPv6{} / Udp{} / Payload{40}; }
  Bytes down(Layer udp = Udp{}, std::size_t size = 40) {
    return with(
        (Ethernet{.dst = world.address("p2"), .src = b} / IPv4{} / udp / Payload{size}).bytes(),
        {{15, 2}, {19, 1}});
  }
  Bytes down6(Layer l4 = Udp{}) {
    Bytes frame =
        (Ethernet{.dst = world.address("p2"), .src = b} / IPv6{} / l4 / Payload{40}).bytes();
    frame[14 + 23] = 2;
    frame[14 + 39] = 1;
    return frame;
  }
};

}  // namespace tna::test
