// SPDX-License-Identifier: Apache-2.0
// bpf/fpm/fib.h: several paths of which the ports choose (fib_multipath_hash_policy 1).
#include <set>

#include "fpm/packet_socket.h"
#include "fpm/routing.h"

namespace tna::test {
namespace {

class RoutingByPorts : public Routing {
 protected:
  RoutingByPorts() {
    configure(R"(
      ip addr add 2001:db8:2::1/64 dev p2 nodad
      ip route replace 192.0.2.2 nexthop via 10.0.2.8 nexthop via 10.0.2.9
      ip route replace 2001:db8::2 nexthop via 2001:db8:2::8 nexthop via 2001:db8:2::9
      for i in 8 9; do
        ip neigh add 10.0.2.$i lladdr 02:00:00:00:00:0$i dev p2
        ip neigh add 2001:db8:2::$i lladdr 02:00:00:00:00:0$i dev p2
      done)");
    policy(1);
  }
  void policy(int number) {
    sysctl("ipv4/fib_multipath_hash_policy", number);
    sysctl("ipv6/fib_multipath_hash_policy", number);
  }
  Packet packet(int version, std::uint16_t port) {
    const Udp udp{.source_port = port};
    return version == 4 ? to_router() / IPv4{} / udp / Payload{40}
                        : to_router() / IPv6{} / udp / Payload{40};
  }
  // The next hops' last bytes that packets from 20 ports are sent to.
  std::set<int> next_hops(int version) {
    std::set<int> found;
    for (std::uint16_t port = 4000; port < 4020; port++) {
      EXPECT_EQ(run(packet(version, port)), goes_on()) << port;
      found.insert(path().left()[5]);
    }
    return found;
  }
  // RPS of p1's queue; /sys is that of the namespace which mounted it.
  void spread(const std::string& cpus) {
    configure("unshare -m sh -c 'mount -t sysfs none /sys && echo " + cpus +
              " >/sys/class/net/p1/queues/rx-0/rps_cpus'");
  }
};
INSTANTIATE_TEST_SUITE_P(, RoutingByPorts, testing::ValuesIn(tested_hooks()), hook_name);

TEST_P(RoutingByPorts, EachFlowHasItsPath) {
  for (int version : {4, 6}) {
    EXPECT_EQ(next_hops(version), (std::set{8, 9})) << version;
    EXPECT_EQ(next_hops(version), (std::set{8, 9})) << version << ", nothing is kept";
  }
  policy(0);
  for (int version : {4, 6}) EXPECT_EQ(next_hops(version).size(), 1u) << version;
  policy(1);  // and what has just been kept is not used
  for (int version : {4, 6}) EXPECT_EQ(next_hops(version), (std::set{8, 9})) << version;
}

TEST_P(RoutingByPorts, ProtocolsThatCarryOthers) {
  for (std::uint8_t protocol : {4, 41, 47, 115, 137, 253})
    EXPECT_EQ(run(ipv4({.protocol = protocol})), punt(TNA_R_MULTIPATH)) << int(protocol);
  for (std::uint8_t protocol : {6, 50, 132, 136})
    EXPECT_EQ(run(ipv4({.protocol = protocol})), goes_on()) << int(protocol);
  EXPECT_EQ(run(to_router() / IPv6{} / Icmpv6{} / Payload{40}), goes_on());
}

TEST_P(RoutingByPorts, HashThatIsMadeOnTheWay) {
  if (!at_xdp()) GTEST_SKIP() << "tc finds it with the packet";
  load({.veth = 1, .route4 = 1});
  EXPECT_EQ(run(ipv4()), goes_on());
  spread("1");
  EXPECT_EQ(run(ipv4()), punt(TNA_R_MULTIPATH));
  spread("0");
  EXPECT_EQ(run(ipv4()), goes_on());
}

// A connected socket gives its packets one.
TEST_P(RoutingByPorts, HashOfTheSender) {
  if (at_xdp() && !sender_seen()) GTEST_SKIP() << "veth_xdp_buff";
  const std::string router = to_string(world.address("p1"));
  world.at_stations([&] {
    configure(R"(
      ethtool -K s1 tx off >/dev/null
      ip addr add 192.0.2.1/24 dev s1
      ip neigh add 192.0.2.2 lladdr )" +
              router + " dev s1");
  });
  auto packet_of = [&](const std::string& socket) {
    const std::string send =
        "socket(my $s, PF_INET, SOCK_DGRAM, 0) or die $!; "
        "my $to = pack_sockaddr_in(9, inet_aton(\"192.0.2.2\")); ";
    return on_the_wire("p1", [&] {
      world.at_stations([&] { configure("perl -MSocket -e '" + send + socket + "'"); });
    });
  };
  EXPECT_EQ(packet_of("send($s, \"hello\", 0, $to) or die $!"), goes_on());
  EXPECT_EQ(packet_of("connect($s, $to) or die $!; send($s, \"hello\", 0) or die $!"),
            punt(TNA_R_MULTIPATH));
}

}  // namespace
}  // namespace tna::test
