// SPDX-License-Identifier: Apache-2.0
// mangle.cpp: one thing wrong, or just unusual, in an IP packet.
#include "random_payload.h"

namespace tna::differential {
namespace {

void renew_checksum(Bytes& packet) {
  set16(packet, 10, 0);
  set16(packet, 10, ~fold(ones_sum(std::span(packet).first(20))));
}

void set_ihl(Bytes& packet, unsigned words) {
  packet[0] = (packet[0] & 0xf0) | words;
  renew_checksum(packet);
}

void add_options(Random& random, Bytes& packet) {
  static const Bytes options[] = {
      {1, 1, 1, 0},                               // no operation, end
      {7, 7, 4, 0, 0, 0, 0, 0},                   // record route
      {0x83, 7, 4, 192, 0, 2, 7, 0},              // loose source route
      {0x94, 4, 0, 0},                            // router alert
      {0x44, 12, 13, 0, 0, 0, 0, 0, 0, 0, 0, 0},  // time stamps, already full
      {0x88, 60, 1, 1}};                          // longer than the header
  const Bytes& chosen = random.pick(options);
  packet.insert(packet.begin() + 20, chosen.begin(), chosen.end());
  packet[0] = 0x40 | (20 + chosen.size()) / 4;
  set16(packet, 2, packet.size());
  set16(packet, 10, 0);
  set16(packet, 10, ~fold(ones_sum(std::span(packet).first(20 + chosen.size()))));
}

void bad_checksum(Random& random, Bytes& packet) {
  set16(packet, 10, get16(packet, 10) + 1 + random.below(100));
}
void bad_version(Random& random, Bytes& packet) {
  packet[0] = random.below(16) << 4 | 5;
  renew_checksum(packet);
}
void bad_ihl(Random& random, Bytes& packet) {
  set_ihl(packet, random.below(16));
}
void too_long(Random& random, Bytes& packet) {
  set16(packet, 2, packet.size() + random.between(1, 40));
  renew_checksum(packet);
}
void too_short(Random& random, Bytes& packet) {
  set16(packet, 2, random.below(packet.size()));
  renew_checksum(packet);
}
void padded(Random& random, Bytes& packet) {
  packet.resize(packet.size() + random.between(1, 30));
}
void fragment(Random& random, Bytes& packet) {
  const unsigned offset = random.chance(50) ? 0 : random.below(100);
  set16(packet, 6, (random.chance(50) ? 0x2000 : 0) | offset);
  renew_checksum(packet);
}
void dont_fragment(Random& random, Bytes& packet) {
  set16(packet, 6, random.chance(50) ? 0x4000 : 0x8000);
  renew_checksum(packet);
}
void low_ttl(Random& random, Bytes& packet) {
  packet[8] = random.below(3);
  renew_checksum(packet);
}
void odd_address(Random& random, Bytes& packet) {
  constexpr std::uint32_t odd[] = {0, 0x7f000001, 0xe0000001, 0xffffffff, 0xc00002ff, 0xf0000001};
  set32(packet, random.chance(50) ? 12 : 16, random.pick(odd));
  renew_checksum(packet);
}
void cut(Random& random, Bytes& packet) {
  packet.resize(random.below(packet.size()));
}

constexpr void (*kIpv4[])(Random&, Bytes&) = {
    bad_checksum, bad_version, bad_ihl,  too_long,      too_short, padded,      add_options,
    add_options,  fragment,    fragment, dont_fragment, low_ttl,   odd_address, cut};

void bad_version6(Random& random, Bytes& packet) {
  packet[0] = random.below(256);
}
void wrong_length6(Random& random, Bytes& packet) {
  set16(packet, 4, get16(packet, 4) + random.between(-20, 20));
}
void no_length6(Random&, Bytes& packet) {
  set16(packet, 4, 0);
}
void low_hops6(Random& random, Bytes& packet) {
  packet[7] = random.below(3);
}
void multicast_source6(Random&, Bytes& packet) {
  packet[8] = 0xff;
}
void loopback6(Random& random, Bytes& packet) {
  const std::size_t at = random.chance(50) ? 8 : 24;
  for (std::size_t i = 0; i < 16; ++i) packet[at + i] = i == 15;
}
// Hop-by-hop, destination options, fragment; sometimes with a length that leads outside.
void extension6(Random& random, Bytes& packet) {
  constexpr std::uint8_t kinds[] = {0, 0, 60, 44, 43};
  Bytes extension{packet[6], 0, 1, 4, 0, 0, 0, 0};
  packet[6] = random.pick(kinds);
  if (random.chance(30)) extension[1] = random.below(40);
  if (random.chance(30)) extension[2] = random.below(256);
  packet.insert(packet.begin() + 40, extension.begin(), extension.end());
  set16(packet, 4, packet.size() - 40);
}

constexpr void (*kIpv6[])(Random&, Bytes&) = {
    bad_version6, wrong_length6, no_length6, low_hops6,  multicast_source6,
    loopback6,    extension6,    extension6, extension6, cut};

}  // namespace

void mangle_ipv4(Random& random, Bytes& packet) {
  random.pick(kIpv4)(random, packet);
}
void mangle_ipv6(Random& random, Bytes& packet) {
  random.pick(kIpv6)(random, packet);
}

}  // namespace tna::differential
