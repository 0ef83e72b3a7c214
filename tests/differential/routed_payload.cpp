// SPDX-License-Identifier: Apache-2.0
// routed_payload.cpp: transport protocols, errors about other packets, ARP and neighbour discovery.
#include "routed_payload.h"

#include <algorithm>

#include "router_world.h"

namespace tna::differential {
namespace {

constexpr unsigned kTcp = 6, kUdp = 17, kIcmp = 1, kIcmp6 = 58, kGre = 47, kSctp = 132;
constexpr unsigned kPorts[] = {4000, 4001, 4002, 53, 80};
constexpr unsigned kSolicit = 135, kAdvertise = 136;

struct Wanted {
  bool v6;
  std::uint32_t serial;
  std::size_t size;
};

Bytes filler(const Wanted& wanted, std::size_t headers) {
  Bytes bytes;
  put32(bytes, wanted.serial);
  while (bytes.size() + headers < wanted.size) bytes.push_back(bytes.size() & 0xff);
  return bytes;
}

L4 udp_packet(Random& random, const Wanted& wanted) {
  return {kUdp, udp(random.pick(kPorts), random.pick(kPorts), filler(wanted, 8)),
          !random.chance(5)};
}

L4 tcp_packet(Random& random, const Wanted& wanted) {
  constexpr unsigned flags[] = {0x10, 0x18, 0x02, 0x12, 0x11, 0x04, 0xc2};
  return {
      kTcp,
      tcp(random.pick(kPorts), 80, wanted.serial * 1000, random.pick(flags), filler(wanted, 20)),
      true};
}

// Of ICMPv6 the checksum has to be finished, as it covers the addresses.
L4 icmp_packet(const Wanted& wanted, unsigned type, unsigned code, std::uint32_t rest,
               const Bytes& payload) {
  Bytes message = icmp(type, code, rest, payload);
  if (wanted.v6) set16(message, 2, 0);
  return {wanted.v6 ? kIcmp6 : kIcmp, message, wanted.v6};
}

L4 echo(Random& random, const Wanted& wanted) {
  const bool request = random.chance(85);
  const unsigned type = wanted.v6 ? (request ? 128 : 129) : request ? 8 : 0;
  return icmp_packet(wanted, type, 0, wanted.serial, filler(wanted, 8));
}

// Unreachable, too big, time exceeded, parameter problem, redirect; about a packet that somebody
// may have sent.
L4 icmp_error(Random& random, const Wanted& wanted) {
  constexpr unsigned types[] = {3, 3, 11, 12, 5}, types6[] = {1, 2, 3, 4, 137};
  const int port = random.between(1, kStationPorts), other = random.between(1, kStationPorts);
  const Bytes inner = udp(random.pick(kPorts), random.pick(kPorts), filler(wanted, 60));
  const Bytes packet = wanted.v6
                           ? ipv6({.from = routed_ip6(port, 2), .to = routed_ip6(other, 3)}, inner)
                           : ipv4({.from = routed_ip(port, 2), .to = routed_ip(other, 3)}, inner);
  const unsigned code = random.below(6);
  return icmp_packet(wanted, wanted.v6 ? random.pick(types6) : random.pick(types), code, 1300,
                     packet);
}

L4 sctp(Random& random, const Wanted& wanted) {
  Bytes bytes;
  put16(bytes, random.pick(kPorts));
  put16(bytes, random.pick(kPorts));
  put32(bytes, 0);
  put32(bytes, 0);
  append(bytes, filler(wanted, 12));
  return {kSctp, bytes};
}

L4 gre(Random&, const Wanted& wanted) {
  Bytes bytes{0, 0, 0x88, 0xb5};
  append(bytes, filler(wanted, 4));
  return {kGre, bytes};
}

// IP in IP, ESP, AH, "no next header", PIM, experimental; more or less what it says.
L4 others(Random& random, const Wanted& wanted) {
  constexpr unsigned protocols[] = {4, 41, 50, 51, 59, 103, 253};
  return {random.pick(protocols), filler(wanted, 0)};
}

L4 nothing(Random& random, const Wanted&) {
  constexpr unsigned protocols[] = {kUdp, kTcp, 59};
  return {random.pick(protocols), {}};
}

struct Kind {
  unsigned weight;
  L4 (*make)(Random&, const Wanted&);
};
constexpr Kind kKinds[] = {{50, udp_packet}, {20, tcp_packet}, {10, echo},  {6, icmp_error},
                           {3, sctp},        {3, gre},         {3, others}, {1, nothing}};

struct Neighbour {
  int port, host;
  Mac mac;
};

Bytes arp_message(Random& random, const Neighbour& host) {
  const unsigned operation = random.chance(95) ? random.between(1, 2) : random.below(10);
  const std::uint32_t own = routed_ip(host.port, host.host);
  const std::uint32_t asked[] = {routed_ip(host.port, kRouterHost),
                                 routed_ip(host.port, kRouterHost), own,
                                 routed_ip(host.port, kNobody)};
  const Mac router = port_mac(host.port);
  const Mac everybody{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
  Bytes message =
      arp(operation, host.mac, own, operation == 2 ? router : Mac{}, random.pick(asked));
  message.resize(46);
  return ethernet(random.chance(operation == 2 ? 90 : 30) ? router : everybody, host.mac, 0x0806,
                  message);
}

// A solicitation of the router's MAC, or an advertisement of the host's own one.
Bytes discovery(Random& random, const Neighbour& host) {
  const bool solicits = random.chance(50), global = random.chance(70);
  const Ip6 own = global ? routed_ip6(host.port, host.host) : link_local_ip6(host.host);
  const Ip6 router = global ? routed_ip6(host.port, kRouterHost) : link_local_ip6(kRouterHost);
  Bytes payload;
  append(payload, solicits ? router : own);
  if (random.chance(90)) {
    payload.push_back(solicits ? 1 : 2);
    payload.push_back(1);
    append(payload, host.mac.bytes);
  }
  const std::uint32_t flags = solicits ? 0 : std::uint32_t{random.below(8)} << 29;
  Bytes message = icmp(solicits ? kSolicit : kAdvertise, 0, flags, payload);
  set16(message, 2, 0);
  Bytes packet = ipv6({.from = own, .to = router, .next = kIcmp6, .hops = 255}, message);
  finish_l4_checksum(packet);
  return ethernet(port_mac(host.port), host.mac, 0x86dd, packet);
}

}  // namespace

L4 routed_l4(Random& random, bool v6, std::uint32_t serial, std::size_t size) {
  return random.weighted(kKinds).make(random, {v6, serial, size});
}

Bytes neighbour_message(Random& random, int port, int ports) {
  if (random.chance(5)) port = random.between(1, ports);
  Neighbour host{port, random.between(kNobody, kNobody + 3), {}};
  host.mac = station_mac(host.host);
  const int station = random.between(1, kStations);
  if (station_home(station) == port) host = {port, station_host(station), station_mac(station)};
  if (random.chance(8)) host.mac = station_mac(random.between(100, 105));
  return random.chance(50) ? arp_message(random, host) : discovery(random, host);
}

}  // namespace tna::differential
