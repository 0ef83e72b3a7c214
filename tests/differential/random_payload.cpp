// SPDX-License-Identifier: Apache-2.0
// random_payload.cpp: what stations say.
#include "random_payload.h"

#include <algorithm>

#include "names.h"

namespace tna::differential {
namespace {

constexpr unsigned kUdp = 17, kTcp = 6, kIcmp = 1;
constexpr unsigned kRoutedHosts[] = {1, 2, 3, 4, 5, 6, 7, 8, 70, 71, 254, 255};
constexpr unsigned kPorts[] = {4000, 4001, 4002, 53, 80};

Bytes filler(const Talk& talk, std::size_t size) {
  Bytes bytes;
  put32(bytes, talk.serial);
  while (bytes.size() < size) bytes.push_back(bytes.size() & 0xff);
  return bytes;
}

// What is for the device is for itself, or for where it has routes to.
std::uint32_t target_ip(Random& random, const Talk& talk) {
  if (!talk.to_bridge) return station_ip(talk.to);
  const unsigned draw = random.below(10);
  if (draw < 5) return kBridgeIp;
  if (draw < 6) return station_ip(talk.to);
  if (draw < 9) return 0xc6336400u + random.pick(kRoutedHosts);  // 198.51.100.0/24
  return 0xcb007100u + random.below(256);                        // 203.0.113.0/24
}

Payload udp4(Random& random, const Talk& talk, std::size_t size) {
  const std::size_t payload = size > 28 ? size - 28 : 4;
  Bytes packet = ipv4({.from = station_ip(talk.from),
                       .to = target_ip(random, talk),
                       .protocol = kUdp,
                       .tos = random.chance(10) ? random.below(256) : 0,
                       .id = talk.serial},
                      udp(random.pick(kPorts), random.pick(kPorts), filler(talk, payload)));
  if (!random.chance(5)) finish_l4_checksum(packet);
  return {0x0800, packet};
}

Payload tcp4(Random& random, const Talk& talk, std::size_t size) {
  const std::size_t payload = size > 40 ? size - 40 : 4;
  const unsigned flags[] = {0x10, 0x18, 0x02, 0x12, 0x11, 0x04, 0xc2};
  Bytes packet = ipv4(
      {.from = station_ip(talk.from),
       .to = target_ip(random, talk),
       .protocol = kTcp,
       .id = talk.serial},
      tcp(random.pick(kPorts), 80, talk.serial * 1000, random.pick(flags), filler(talk, payload)));
  finish_l4_checksum(packet);
  return {0x0800, packet};
}

Payload icmp4(Random& random, const Talk& talk, std::size_t size) {
  const std::size_t payload = size > 28 ? size - 28 : 4;
  return {0x0800, ipv4({.from = station_ip(talk.from),
                        .to = target_ip(random, talk),
                        .protocol = kIcmp,
                        .id = talk.serial},
                       icmp(random.chance(80) ? 8 : 0, 0, talk.serial, filler(talk, payload)))};
}

Payload udp6(Random& random, const Talk& talk, std::size_t size) {
  const std::size_t payload = size > 48 ? size - 48 : 4;
  Bytes packet = ipv6(talk.from, talk.to, kUdp, 64,
                      udp(random.pick(kPorts), random.pick(kPorts), filler(talk, payload)));
  finish_l4_checksum(packet);
  return {0x86dd, packet};
}

Payload neighbour_discovery(Random& random, const Talk& talk, std::size_t) {
  Bytes message = icmp(random.between(133, 137), 0, 0, {});
  put32(message, 0x20010db8);
  put32(message, 0);
  put32(message, 0);
  put32(message, talk.to);
  message.insert(message.end(), {1, 1});
  append(message, talk.source.bytes);
  set16(message, 2, 0);
  Bytes packet = ipv6(talk.from, talk.to, 58, 255, message);
  finish_l4_checksum(packet);
  return {0x86dd, packet};
}

Payload bad_ipv4(Random& random, const Talk& talk, std::size_t size) {
  Payload payload = udp4(random, talk, size);
  mangle_ipv4(random, payload.bytes);
  return payload;
}

Payload bad_ipv6(Random& random, const Talk& talk, std::size_t size) {
  Payload payload = udp6(random, talk, size);
  mangle_ipv6(random, payload.bytes);
  return payload;
}

Payload arp_message(Random& random, const Talk& talk, std::size_t) {
  const unsigned operation = random.chance(10) ? random.below(10) : random.between(1, 2);
  Bytes message = arp(operation, talk.source, station_ip(talk.from),
                      operation == 1 ? Mac{} : talk.target, target_ip(random, talk));
  if (random.chance(10)) message.resize(random.below(message.size()));
  if (random.chance(50)) message.resize(std::max<std::size_t>(message.size(), 46));
  return {random.chance(95) ? 0x0806u : 0x8035u, message};
}

Payload other(Random& random, const Talk& talk, std::size_t size) {
  // Unassigned, PPPoE, MPLS, CFM, MRP, pause, EAPOL, LLDP, and local experimental ones.
  constexpr unsigned types[] = {0x88b5, 0x88b5, 0x88b5, 0x88b6, 0x1234, 0x8864, 0x8863,
                                0x8847, 0x8902, 0x88e3, 0x8808, 0x888e, 0x88cc, 0x0600};
  return {random.pick(types), filler(talk, size)};
}

Payload pppoe_ip(Random& random, const Talk& talk, std::size_t size) {
  const Payload inner = udp4(random, talk, size);
  Bytes session{0x11, 0x00, 0x00, 0x01};
  put16(session, inner.bytes.size() + 2);
  put16(session, 0x0021);
  append(session, inner.bytes);
  return {0x8864, session};
}

Payload llc(Random& random, const Talk& talk, std::size_t size) {
  Bytes bytes = filler(talk, std::clamp<std::size_t>(size, 8, 1500));
  bytes[4] = bytes[5] = random.chance(50) ? 0x42 : 0xaa;
  bytes[6] = 3;
  const unsigned length = random.chance(80) ? bytes.size() : random.below(0x600);
  return {length, bytes};
}

struct Kind {
  unsigned weight;
  Payload (*make)(Random&, const Talk&, std::size_t);
};
const Kind kKinds[] = {{34, udp4},
                       {12, tcp4},
                       {5, icmp4},
                       {16, udp6},
                       {2, bad_ipv6},
                       {4, bad_ipv4},
                       {5, arp_message},
                       {18, other},
                       {3, llc},
                       {1, pppoe_ip},
                       {1, neighbour_discovery},
                       {1, bpdu},
                       {1, igmp}};

}  // namespace

Payload random_payload(Random& random, const Talk& talk, std::size_t size) {
  return random.weighted(kKinds).make(random, talk, size);
}

}  // namespace tna::differential
