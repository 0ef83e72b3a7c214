// SPDX-License-Identifier: Apache-2.0
// bpf/fpm/route_ingress.h, parse_l3.h, and what is sent on
#include "fpm/routing.h"

namespace tna::test {
namespace {

class RoutingIngress : public Routing {};
INSTANTIATE_TEST_SUITE_P(, RoutingIngress, testing::ValuesIn(tested_hooks()), hook_name);

TEST_P(RoutingIngress, SendsOnWithOtherMacsAndOneHopLess) {
  EXPECT_EQ(run(ipv4()), goes_on());
  Bytes expected = (Ethernet{b, world.address("p2")} / IPv4{} / Udp{} / Payload{40}).bytes();
  expected = with(expected, {{8, 63}});
  EXPECT_EQ(path().left(), expected);
  EXPECT_EQ(run(ipv6()), goes_on());
  expected = (Ethernet{b, world.address("p2")} / IPv6{} / Udp{} / Payload{40}).bytes();
  expected[14 + 7] = 63;
  EXPECT_EQ(path().left(), expected);
}

TEST_P(RoutingIngress, ChecksumOfAnyHeader) {
  for (int id = 0; id < 0x10000; id += 0x0137) {
    Bytes frame = with(ipv4().bytes(), {{4, id >> 8}, {5, id & 0xff}});
    EXPECT_EQ(run(frame), goes_on()) << id;
    std::uint16_t sum = internet_checksum(std::span(path().left()).subspan(14, 20));
    EXPECT_EQ(sum, 0) << id;
  }
}

TEST_P(RoutingIngress, OnlyFramesForTheRouter) {
  EXPECT_EQ(run(Ethernet{b, a} / IPv4{} / Udp{}), punt(TNA_R_OTHER_HOST));
  EXPECT_EQ(run(Ethernet{world.address("p2"), a} / IPv4{} / Udp{}), punt(TNA_R_OTHER_HOST));
  EXPECT_EQ(run(Ethernet{mac("ff:ff:ff:ff:ff:ff"), a} / IPv4{} / Udp{}), punt(TNA_R_GROUP));
  configure("ip link set p1 address 02:00:00:00:11:11");
  EXPECT_EQ(run(ipv4()), goes_on()) << "to its new MAC";
}

TEST_P(RoutingIngress, OnlyIp) {
  EXPECT_EQ(run(Ethernet{world.address("p1"), a, 0x88b5} / Payload{46}), punt(TNA_R_NOT_IP));
  load({.route4 = 1});
  EXPECT_EQ(run(ipv6()), punt(TNA_R_NOT_IP));
  EXPECT_EQ(run(ipv4()), goes_on());
  load({.route6 = 1});
  EXPECT_EQ(run(ipv4()), punt(TNA_R_NOT_IP));
  EXPECT_EQ(run(ipv6()), goes_on());
}

TEST_P(RoutingIngress, TaggedFramesAreForVlanDevices) {
  for (std::uint16_t tpid : {0x8100, 0x88a8})
    EXPECT_EQ(run(to_router() / Vlan{.id = 5, .tpid = tpid} / IPv4{} / Udp{}), punt(TNA_R_TAGGED));
}

// A mark does not cross namespaces, so the other end of the veth is brought over here.
TEST_P(RoutingIngress, MarkedPackets) {
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

TEST_P(RoutingIngress, InterfaceThatBelongsToSomethingElse) {
  EXPECT_EQ(run(ipv4()), goes_on());
  configure("ip link set p1 master br0");
  EXPECT_EQ(run(ipv4()), punt(TNA_R_NOT_ROUTED));
}

TEST_P(RoutingIngress, PacketSocketForIp) {
  for (IfIndex where : {world.ifindex("p1"), IfIndex{0}}) {
    PacketSocket dhcp(where, 0x0800);
    EXPECT_EQ(run(ipv4()), punt(TNA_R_TAP)) << where;
  }
  EXPECT_EQ(run(ipv4()), goes_on()) << "they ended";
  for (IfIndex where : {world.ifindex("p1"), IfIndex{0}}) {
    PacketSocket vrrp(where, 0x0806);
    EXPECT_EQ(run(ipv4()), goes_on()) << "for ARP alone: " << where;
  }
  PacketSocket v6(0, 0x86dd);
  EXPECT_EQ(run(ipv6()), punt(TNA_R_TAP));
}

TEST_P(RoutingIngress, HeaderThatLinuxDropsOrReadsOn) {
  EXPECT_EQ(run(ipv4({.checksum = 0})), punt(TNA_R_IP_INVALID));
  EXPECT_EQ(run(ipv4({.ihl = 6})), punt(TNA_R_IP_INVALID)) << "options";
  EXPECT_EQ(run(ipv4({.version = 6})), punt(TNA_R_IP_INVALID));
  EXPECT_EQ(run(ipv4({.total_length = 19})), punt(TNA_R_IP_INVALID));
  EXPECT_EQ(run(ipv4({.total_length = 69}, 40)), punt(TNA_R_IP_INVALID)) << "a byte is missing";
  EXPECT_EQ(run(ipv6({.version = 4})), punt(TNA_R_IP_INVALID));
  EXPECT_EQ(run(ipv6({.payload_length = 49}, 40)), punt(TNA_R_IP_INVALID)) << "a byte is missing";
  EXPECT_EQ(run(ipv6({.next_header = 0})), punt(TNA_R_IP_INVALID)) << "hop-by-hop options";
}

TEST_P(RoutingIngress, PaddingIsCutOff) {
  Packet small = to_router() / IPv4{} / Udp{} / Payload{4};
  EXPECT_EQ(run(small.padded()), goes_on());
  EXPECT_EQ(path().left().size(), 14u + 20 + 8 + 4);
  EXPECT_EQ(run((to_router() / IPv6{.payload_length = 12} / Udp{} / Payload{100}).bytes()),
            goes_on());
  EXPECT_EQ(path().left().size(), 14u + 40 + 12);
}

TEST_P(RoutingIngress, LastHop) {
  for (int hops : {0, 1}) {
    EXPECT_EQ(run(with(8, hops)), punt(TNA_R_TTL)) << hops;
    EXPECT_EQ(run(with6(7, hops)), punt(TNA_R_TTL)) << hops;
  }
  EXPECT_EQ(run(with(8, 2)), goes_on());
  EXPECT_EQ(run(with6(7, 2)), goes_on());
}

TEST_P(RoutingIngress, Fragments) {
  EXPECT_EQ(run(with(6, 0x20)), punt(TNA_R_FRAGMENT)) << "the first";
  EXPECT_EQ(run(with(7, 1)), punt(TNA_R_FRAGMENT)) << "another";
  EXPECT_EQ(run(with(6, 0x40)), goes_on()) << "don't fragment";
  EXPECT_EQ(run(ipv4({.protocol = 51})), punt(TNA_R_FRAGMENT)) << "AH";
  for (int header : {43, 44, 60, 135, 51})
    EXPECT_EQ(run(ipv6({.next_header = header})), punt(TNA_R_FRAGMENT)) << header;
}

TEST_P(RoutingIngress, OtherProtocols) {
  for (int protocol : {6, 17, 47, 50, 132, 253}) {
    EXPECT_EQ(run(ipv4({.protocol = protocol})), goes_on()) << protocol;
    EXPECT_EQ(run(ipv6({.next_header = protocol})), goes_on()) << protocol;
  }
  EXPECT_EQ(run(to_router() / IPv4{.total_length = 23, .protocol = 17} / Payload{26}),
            punt(TNA_R_SHORT))
      << "no ports";
}

TEST_P(RoutingIngress, Icmp) {
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

TEST_P(RoutingIngress, SpecialAddresses) {
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

}  // namespace
}  // namespace tna::test
