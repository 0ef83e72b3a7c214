// SPDX-License-Identifier: Apache-2.0
// bpf/fpm/route_ingress.h, parse_l3.h, fib.h, route_forward.h: the bridge's ports as a router's
// interfaces. A is 192.0.2.1 and 2001:db8::1 behind p1, B 192.0.2.2 and 2001:db8::2 behind p2.
#include "fpm/fpm_test.h"
#include "fpm/helper_program.h"

namespace tna::test {
namespace {

constexpr tna_reason kRouting[] = {
    TNA_R_NOT_ROUTED,     TNA_R_OTHER_HOST,  TNA_R_TAGGED,    TNA_R_NOT_IP,
    TNA_R_MARK,           TNA_R_FRAGMENT,    TNA_R_TTL,       TNA_R_IP_ADDRESS,
    TNA_R_ICMP_ERROR,     TNA_R_GSO,         TNA_R_IPSEC,     TNA_R_MULTIPATH,
    TNA_R_FORWARDING,     TNA_R_NO_ROUTE,    TNA_R_ENCAP,     TNA_R_ROUTE_MTU,
    TNA_R_SOURCE_ADDRESS, TNA_R_SAME_DEVICE, TNA_R_NEIGHBOUR,
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
INSTANTIATE_TEST_SUITE_P(, Routing, testing::ValuesIn(tested_hooks()), hook_name);

TEST_P(Routing, SendsOnWithOtherMacsAndOneHopLess) {
  EXPECT_EQ(run(ipv4()), goes_on());
  Bytes expected = (Ethernet{b, world.address("p2")} / IPv4{} / Udp{} / Payload{40}).bytes();
  expected = with(expected, {{8, 63}});
  EXPECT_EQ(path().left(), expected);
  EXPECT_EQ(run(ipv6()), goes_on());
  expected = (Ethernet{b, world.address("p2")} / IPv6{} / Udp{} / Payload{40}).bytes();
  expected[14 + 7] = 63;
  EXPECT_EQ(path().left(), expected);
}

TEST_P(Routing, ChecksumOfAnyHeader) {
  for (int id = 0; id < 0x10000; id += 0x0137) {
    Bytes frame = with(ipv4().bytes(), {{4, id >> 8}, {5, id & 0xff}});
    EXPECT_EQ(run(frame), goes_on()) << id;
    std::uint16_t sum = internet_checksum(std::span(path().left()).subspan(14, 20));
    EXPECT_EQ(sum, 0) << id;
  }
}

TEST_P(Routing, OnlyFramesForTheRouter) {
  EXPECT_EQ(run(Ethernet{b, a} / IPv4{} / Udp{}), punt(TNA_R_OTHER_HOST));
  EXPECT_EQ(run(Ethernet{world.address("p2"), a} / IPv4{} / Udp{}), punt(TNA_R_OTHER_HOST));
  EXPECT_EQ(run(Ethernet{mac("ff:ff:ff:ff:ff:ff"), a} / IPv4{} / Udp{}), punt(TNA_R_GROUP));
  configure("ip link set p1 address 02:00:00:00:11:11");
  EXPECT_EQ(run(ipv4()), goes_on()) << "to its new MAC";
}

TEST_P(Routing, OnlyIp) {
  EXPECT_EQ(run(Ethernet{world.address("p1"), a, 0x88b5} / Payload{46}), punt(TNA_R_NOT_IP));
  load({.route4 = 1});
  EXPECT_EQ(run(ipv6()), punt(TNA_R_NOT_IP));
  EXPECT_EQ(run(ipv4()), goes_on());
  load({.route6 = 1});
  EXPECT_EQ(run(ipv4()), punt(TNA_R_NOT_IP));
  EXPECT_EQ(run(ipv6()), goes_on());
}

TEST_P(Routing, TaggedFramesAreForVlanDevices) {
  for (std::uint16_t tpid : {0x8100, 0x88a8})
    EXPECT_EQ(run(to_router() / Vlan{.id = 5, .tpid = tpid} / IPv4{} / Udp{}), punt(TNA_R_TAGGED));
}

// A mark does not cross namespaces, so the other end of the veth is brought over here.
TEST_P(Routing, MarkedPackets) {
  if (at_xdp()) GTEST_SKIP() << "tc only";
  configure("ip link add m0 type veth peer name m1; ip link set m1 up; ip link set m0 up");
  configure("ip addr add 10.0.9.1/24 dev m0");
  const Ethernet frame{.dst = world.address("m0"), .src = a};
  PacketSocket sender(world.ifindex("m1"));
  auto sent = [&] {
    return on_the_wire("m0", [&] { sender.send((frame / IPv4{} / Udp{} / Payload{40}).bytes()); });
  };
  EXPECT_EQ(sent(), goes_on());
  sender.set_mark(7);
  EXPECT_EQ(sent(), punt(TNA_R_MARK));
}

TEST_P(Routing, InterfaceThatBelongsToSomethingElse) {
  EXPECT_EQ(run(ipv4()), goes_on());
  configure("ip link set p1 master br0");
  EXPECT_EQ(run(ipv4()), punt(TNA_R_NOT_ROUTED));
}

TEST_P(Routing, PacketSocketForIp) {
  for (IfIndex where : {world.ifindex("p1"), IfIndex{0}}) {
    PacketSocket dhcp(where, 0x0800);
    EXPECT_EQ(run(ipv4()), punt(TNA_R_TAP)) << where;
  }
  EXPECT_EQ(run(ipv4()), goes_on()) << "they ended";
  PacketSocket v6(0, 0x86dd);
  EXPECT_EQ(run(ipv6()), punt(TNA_R_TAP));
}

TEST_P(Routing, HeaderThatLinuxDropsOrReadsOn) {
  EXPECT_EQ(run(ipv4({.checksum = 0})), punt(TNA_R_IP_INVALID));
  EXPECT_EQ(run(ipv4({.ihl = 6})), punt(TNA_R_IP_INVALID)) << "options";
  EXPECT_EQ(run(ipv4({.version = 6})), punt(TNA_R_IP_INVALID));
  EXPECT_EQ(run(ipv4({.total_length = 19})), punt(TNA_R_IP_INVALID));
  EXPECT_EQ(run(ipv4({.total_length = 69}, 40)), punt(TNA_R_IP_INVALID)) << "a byte is missing";
  EXPECT_EQ(run(ipv6({.version = 4})), punt(TNA_R_IP_INVALID));
  EXPECT_EQ(run(ipv6({.payload_length = 49}, 40)), punt(TNA_R_IP_INVALID)) << "a byte is missing";
  EXPECT_EQ(run(ipv6({.next_header = 0})), punt(TNA_R_IP_INVALID)) << "hop-by-hop options";
}

TEST_P(Routing, PaddingIsCutOff) {
  Packet small = to_router() / IPv4{} / Udp{} / Payload{4};
  EXPECT_EQ(run(small.padded()), goes_on());
  EXPECT_EQ(path().left().size(), 14u + 20 + 8 + 4);
  EXPECT_EQ(run((to_router() / IPv6{.payload_length = 12} / Udp{} / Payload{100}).bytes()),
            goes_on());
  EXPECT_EQ(path().left().size(), 14u + 40 + 12);
}

TEST_P(Routing, LastHop) {
  for (int hops : {0, 1}) {
    EXPECT_EQ(run(with(8, hops)), punt(TNA_R_TTL)) << hops;
    EXPECT_EQ(run(with6(7, hops)), punt(TNA_R_TTL)) << hops;
  }
  EXPECT_EQ(run(with(8, 2)), goes_on());
  EXPECT_EQ(run(with6(7, 2)), goes_on());
}

TEST_P(Routing, Fragments) {
  EXPECT_EQ(run(with(6, 0x20)), punt(TNA_R_FRAGMENT)) << "the first";
  EXPECT_EQ(run(with(7, 1)), punt(TNA_R_FRAGMENT)) << "another";
  EXPECT_EQ(run(with(6, 0x40)), goes_on()) << "don't fragment";
  EXPECT_EQ(run(ipv4({.protocol = 51})), punt(TNA_R_FRAGMENT)) << "AH";
  for (int header : {43, 44, 60, 135, 51})
    EXPECT_EQ(run(ipv6({.next_header = header})), punt(TNA_R_FRAGMENT)) << header;
}

TEST_P(Routing, OtherProtocols) {
  for (int protocol : {6, 17, 47, 50, 132, 253}) {
    EXPECT_EQ(run(ipv4({.protocol = protocol})), goes_on()) << protocol;
    EXPECT_EQ(run(ipv6({.next_header = protocol})), goes_on()) << protocol;
  }
  EXPECT_EQ(run(to_router() / IPv4{.total_length = 23, .protocol = 17} / Payload{26}),
            punt(TNA_R_SHORT))
      << "no ports";
}

TEST_P(Routing, Icmp) {
  for (int type : {0, 8})
    EXPECT_EQ(run(to_router() / IPv4{.protocol = 1} / Payload{.bytes = Bytes(32, type)}),
              goes_on());
  for (int type : {3, 4, 5, 11, 12, 13})
    EXPECT_EQ(run(to_router() / IPv4{.protocol = 1} / Payload{.bytes = Bytes(32, type)}),
              punt(TNA_R_ICMP_ERROR));
  EXPECT_EQ(run(to_router() / IPv6{} / Icmpv6{} / Payload{40}), goes_on());
  for (std::uint8_t type : {1, 2, 3, 4, 127})
    EXPECT_EQ(run(to_router() / IPv6{} / Icmpv6{.type = type} / Payload{40}),
              punt(TNA_R_ICMP_ERROR));
}

TEST_P(Routing, SpecialAddresses) {
  configure("ip route add default dev p2");
  for (std::size_t address : {12, 16})
    for (int first : {0, 127, 224, 240, 255})
      EXPECT_EQ(run(with(address, first)), punt(TNA_R_IP_ADDRESS)) << address << ' ' << first;
  for (std::size_t address : {8, 24}) {
    Bytes frame = ipv6().bytes();
    for (auto [first, second] : {std::pair{0xff, 0x0e}, {0xfe, 0x80}, {0xfe, 0xc0}}) {
      frame[14 + address] = first;
      frame[14 + address + 1] = second;
      EXPECT_EQ(run(frame), punt(TNA_R_IP_ADDRESS)) << address << ' ' << first;
    }
    frame = ipv6().bytes();
    std::fill_n(frame.begin() + 14 + address, 15, 0);
    EXPECT_EQ(run(frame), punt(TNA_R_IP_ADDRESS)) << "loopback";
  }
}

TEST_P(Routing, WithoutARoute) {
  configure("ip route del 192.0.2.2; ip route del 2001:db8::2");
  EXPECT_EQ(run(ipv4()), punt(TNA_R_NO_ROUTE));
  EXPECT_EQ(run(ipv6()), punt(TNA_R_NO_ROUTE));
  for (const char* type : {"blackhole", "unreachable", "prohibit"}) {
    configure(std::string("ip route replace ") + type + " 192.0.2.2");
    EXPECT_EQ(run(ipv4()), punt(TNA_R_NO_ROUTE)) << type;
  }
  configure("ip route flush 192.0.2.2; ip addr add 192.0.2.2/32 dev p3");
  EXPECT_EQ(run(ipv4()), punt(TNA_R_NO_ROUTE)) << "for the router itself";
}

TEST_P(Routing, RulesOfPolicyRouting) {
  configure("ip route add 192.0.2.2 dev p3 table 7; ip neigh add 192.0.2.2 lladdr " +
            std::string(kC) + " dev p3; ip rule add ipproto udp dport 4243 lookup 7");
  EXPECT_EQ(run(ipv4()), goes_on());
  EXPECT_EQ(Bytes(path().left().begin(), path().left().begin() + 6),
            Bytes(c.bytes.begin(), c.bytes.end()));
  configure("ip rule add iif p1 prohibit");
  EXPECT_EQ(run(ipv4()), punt(TNA_R_NO_ROUTE));
}

TEST_P(Routing, ForwardingOff) {
  sysctl("ipv4/conf/p1/forwarding", 0);
  EXPECT_EQ(run(ipv4()), punt(TNA_R_FORWARDING));
  sysctl("ipv6/conf/p1/forwarding", 0);
  EXPECT_EQ(run(ipv6()), punt(TNA_R_FORWARDING));
  sysctl("ipv6/conf/p1/forwarding", 1);
  EXPECT_EQ(run(ipv6()), goes_on());
  sysctl("ipv6/conf/all/forwarding", 0);
  sysctl("ipv6/conf/p1/forwarding", 1);
  EXPECT_EQ(run(ipv6()), punt(TNA_R_FORWARDING)) << "which counts, but not to the helper";
  sysctl("ipv6/conf/all/forwarding", 1);
  sysctl("ipv6/conf/all/proxy_ndp", 1);
  EXPECT_EQ(run(ipv6()), punt(TNA_R_FORWARDING));
}

TEST_P(Routing, Ipv6DisabledOnEitherInterface) {
  sysctl("ipv6/conf/p1/disable_ipv6", 1);
  EXPECT_EQ(run(ipv6()), punt(TNA_R_FORWARDING)) << "where it comes in";
  sysctl("ipv6/conf/p1/disable_ipv6", 0);
  EXPECT_EQ(run(ipv6()), goes_on());
  sysctl("ipv6/conf/p2/disable_ipv6", 1);  // which takes its routes away
  EXPECT_EQ(run(ipv6()), punt(TNA_R_NO_ROUTE));
}

TEST_P(Routing, BackTheWayItCame) {
  configure("ip route replace 192.0.2.2 dev p1; ip neigh add 192.0.2.2 lladdr " + std::string(kB) +
            " dev p1");
  EXPECT_EQ(run(ipv4()), punt(TNA_R_SAME_DEVICE));
}

TEST_P(Routing, SourceOfThisHost) {
  configure("ip addr add 192.0.2.1/32 dev p3");
  EXPECT_EQ(run(ipv4()), punt(TNA_R_SOURCE_ADDRESS));
}

TEST_P(Routing, SourceThatARouteSaysIsLocal) {
  configure(
      "ip rule add pref 5 to 192.0.2.1 lookup 7; ip route add local 192.0.2.1 dev lo table 7");
  EXPECT_EQ(run(ipv4()), punt(TNA_R_SOURCE_ADDRESS));
}

TEST_P(Routing, LooseFilterOfAnInterfaceWithoutAddress) {
  configure("ip addr flush dev p1; ip route replace 192.0.2.1 dev p3");
  sysctl("ipv4/conf/p1/rp_filter", 2);
  EXPECT_EQ(run(ipv4()), punt(TNA_R_SOURCE_ADDRESS));
  sysctl("ipv4/conf/p1/rp_filter", 0);
  EXPECT_EQ(run(ipv4()), goes_on());
}

TEST_P(Routing, ReversePathFilter) {
  configure("ip route replace 192.0.2.1 dev p3; ip neigh add 192.0.2.1 lladdr " + std::string(kC) +
            " dev p3");
  EXPECT_EQ(run(ipv4()), goes_on());
  sysctl("ipv4/conf/p1/rp_filter", 1);
  EXPECT_EQ(run(ipv4()), punt(TNA_R_SOURCE_ADDRESS)) << "strict";
  sysctl("ipv4/conf/p1/rp_filter", 2);
  EXPECT_EQ(run(ipv4()), goes_on()) << "loose";
  sysctl("ipv4/conf/p1/rp_filter", 0);
  sysctl("ipv4/conf/all/rp_filter", 1);
  EXPECT_EQ(run(ipv4()), punt(TNA_R_SOURCE_ADDRESS)) << "of all";
  configure("ip route replace 192.0.2.1 dev p1");
  EXPECT_EQ(run(ipv4()), goes_on());
}

TEST_P(Routing, EveryStateOfANeighbour) {
  for (const char* address : {"192.0.2.2", "2001:db8::2"}) {
    const bool v4 = address[0] == '1';
    auto outcome = [&] { return run(v4 ? ipv4() : ipv6()); };
    auto state = [&](const std::string& nud) {
      configure("ip neigh replace " + std::string(address) + " lladdr " + kB + " dev p2 nud " +
                nud);
    };
    for (const char* nud : {"permanent", "reachable", "noarp"}) {
      state(nud);
      EXPECT_EQ(outcome(), goes_on()) << nud;
    }
    state("stale");
    EXPECT_EQ(outcome(), punt(TNA_R_NEIGHBOUR)) << "Linux must ask it";
    state("failed");
    EXPECT_EQ(outcome(), punt(TNA_R_NEIGHBOUR)) << "failed";
    configure("ip neigh del " + std::string(address) + " dev p2");
    EXPECT_EQ(outcome(), punt(TNA_R_NEIGHBOUR)) << "none";
  }
}

TEST_P(Routing, ManyNeighbours) {
  configure(R"(
    for i in $(seq 250); do
      echo "neigh add 10.0.2.$i lladdr 02:00:00:00:01:00 dev p2 nud reachable"
      echo "neigh add 2001:db8:0:2::$i lladdr 02:00:00:00:01:00 dev p2 nud reachable"
    done | ip -batch -)");
  EXPECT_EQ(run(ipv4()), goes_on());
  EXPECT_EQ(run(ipv6()), goes_on());
}

TEST_P(Routing, ThroughAGateway) {
  configure("ip route replace 192.0.2.2 via 10.0.2.9; ip neigh add 10.0.2.9 lladdr " +
            std::string(kC) + " dev p2 nud reachable");
  EXPECT_EQ(run(ipv4()), goes_on());
  EXPECT_EQ(path().left()[5], 0x0c);
  configure("ip neigh replace 10.0.2.9 lladdr " + std::string(kC) + " dev p2 nud stale");
  EXPECT_EQ(run(ipv4()), punt(TNA_R_NEIGHBOUR));
  configure("ip route replace 192.0.2.2 via inet6 2001:db8::2 dev p2");
  EXPECT_EQ(run(ipv4()), goes_on()) << "of the other family";
  EXPECT_EQ(path().left()[5], 0x0b);
}

TEST_P(Routing, LongerThanTheWay) {
  configure("ip link set p2 mtu 1300");
  EXPECT_EQ(run(ipv4({}, 1300 - 28)), goes_on());
  EXPECT_EQ(run(ipv4({}, 1301 - 28)), punt(TNA_R_ROUTE_MTU));
  EXPECT_EQ(run(ipv6({}, 1300 - 48)), goes_on());
  EXPECT_EQ(run(ipv6({}, 1301 - 48)), punt(TNA_R_ROUTE_MTU));
  // Some route's metric, which the helper does not heed.
  path().program().guard->route_mtu4 = 1000;
  path().program().guard->route_mtu6 = 1100;
  EXPECT_EQ(run(ipv6({}, 1100 - 48)), goes_on());
  EXPECT_EQ(run(ipv6({}, 1101 - 48)), punt(TNA_R_ROUTE_MTU));
  EXPECT_EQ(run(ipv4({}, 1000 - 28)), goes_on());
  EXPECT_EQ(run(ipv4({}, 1001 - 28)), punt(TNA_R_ROUTE_MTU));
}

TEST_P(Routing, PacketsThatWillBeCut) {
  if (at_xdp()) GTEST_SKIP() << "tc only";
  Packet tcp = to_router() / IPv4{.protocol = 6} / Payload{.bytes = Bytes(3020, 0x55)};  // 20 words
  EXPECT_EQ(run(tcp.bytes(), "p1", 1420), goes_on());
  EXPECT_EQ(run(tcp.bytes(), "p1", 1480), punt(TNA_R_ROUTE_MTU)) << "each part is too long";
  EXPECT_EQ(run(ipv4({}, 3000).bytes(), "p1", 1400), punt(TNA_R_GSO)) << "UDP";
}

TEST_P(Routing, RoutesThatEncapsulate) {
  if (!world.can_configure("ip route replace 192.0.2.2 encap ip id 7 dst 10.0.2.9 dev p2")) {
    kernel_lacks(TNA_R_ENCAP, "lightweight tunnels");
    GTEST_SKIP() << "lightweight tunnels";
  }
  EXPECT_EQ(run(ipv4()), punt(TNA_R_ENCAP));
}

TEST_P(Routing, SeveralPaths) {
  configure("ip route replace 192.0.2.2 nexthop via 10.0.2.8 nexthop via 10.0.2.9");
  configure("for i in 8 9; do ip neigh add 10.0.2.$i lladdr 02:00:00:00:00:0$i dev p2; done");
  EXPECT_EQ(run(ipv4()), goes_on());
  sysctl("ipv4/fib_multipath_hash_policy", 1);
  EXPECT_EQ(run(ipv4()), punt(TNA_R_MULTIPATH));
  sysctl("ipv6/fib_multipath_hash_policy", 1);
  EXPECT_EQ(run(ipv6()), punt(TNA_R_MULTIPATH));
}

TEST_P(Routing, IpsecPolicies) {
  if (!world.can_configure("ip xfrm policy add dst 203.0.113.0/24 dir fwd action block")) {
    kernel_lacks(TNA_R_IPSEC, "IPsec");
    GTEST_SKIP() << "IPsec";
  }
  EXPECT_EQ(run(ipv4()), punt(TNA_R_IPSEC));
  EXPECT_EQ(run(ipv6()), punt(TNA_R_IPSEC));
  configure("ip xfrm policy flush");
  EXPECT_EQ(run(ipv4()), goes_on());
}

TEST_P(Routing, RulesThatCameLater) {
  for (const char* family : {"ip", "ip6"})
    for (const char* hook : {"prerouting", "forward", "postrouting"}) {
      load({.route4 = 1, .route6 = 1});
      configure(std::string("nft add table ") + family + " t && nft add chain " + family +
                " t c '{ type filter hook " + hook + " priority 0; }'");
      bool v4 = family == std::string("ip");
      EXPECT_EQ(run(v4 ? ipv4() : ipv6()), punt(TNA_R_STALE)) << family << ' ' << hook;
      EXPECT_EQ(run(v4 ? ipv6() : ipv4()), goes_on()) << family << ' ' << hook;
      configure(std::string("nft delete table ") + family + " t");
    }
}

TEST_P(Routing, WhatStandsOnTheWayOut) {
  {
    PacketSocket tcpdump(world.ifindex("p2"));
    EXPECT_EQ(run(ipv4()), by_hook(punt(TNA_R_EGRESS_TAP), goes_on()));
  }
  {
    auto other = HelperProgram::pass(world.ifindex("p2"), HelperProgram::tcx_egress);
    EXPECT_EQ(run(ipv4()), by_hook(punt(TNA_R_EGRESS_TC), goes_on()));
  }
  configure("tc qdisc replace dev p2 root tbf rate 1gbit burst 1mb latency 50ms");
  EXPECT_EQ(run(ipv4()), by_hook(punt(TNA_R_EGRESS_QDISC), goes_on()));
  configure("tc qdisc del dev p2 root; ip link set p2 down");
  EXPECT_EQ(run(ipv4()), punt(TNA_R_NO_ROUTE));
}

}  // namespace
}  // namespace tna::test
