// SPDX-License-Identifier: Apache-2.0
#include "fpm/packet.h"

#include <array>
#include <cstdio>
#include <stdexcept>

namespace tna::test {
namespace {

// RFC 5737 and RFC 3849.
constexpr std::uint8_t kAddresses4[] = {192, 0, 2, 1, 192, 0, 2, 2};
constexpr std::uint8_t kAddresses6[] = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
                                        0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2};
constexpr std::uint8_t kUdp = 17, kIcmpv6 = 58, kNoNextHeader = 59;

void put16(Bytes& into, std::uint16_t value) {
  into.push_back(value >> 8);
  into.push_back(value & 0xff);
}
void put(Bytes& into, std::span<const std::uint8_t> bytes) {
  into.insert(into.end(), bytes.begin(), bytes.end());
}
void set16(Bytes& in, std::size_t at, std::uint16_t value) {
  in[at] = value >> 8;
  in[at + 1] = value & 0xff;
}

std::uint16_t ethertype_of(const Layer* next) {
  if (!next) return 0x88b5;  // local experimental
  if (auto* tag = std::get_if<Vlan>(next)) return tag->tpid;
  if (std::holds_alternative<IPv4>(*next)) return 0x0800;
  if (std::holds_alternative<IPv6>(*next)) return 0x86dd;
  return 0x88b5;
}

std::uint8_t protocol_of(const Layer* next) {
  if (next && std::holds_alternative<Udp>(*next)) return kUdp;
  if (next && std::holds_alternative<Icmpv6>(*next)) return kIcmpv6;
  return kNoNextHeader;
}

// The sum of the pseudo header that the transport checksum covers, 0 without an IP header before.
std::uint32_t pseudo_header(const Layer* ip, std::uint8_t protocol, std::size_t length) {
  std::span<const std::uint8_t> addresses;
  if (ip && std::holds_alternative<IPv4>(*ip)) addresses = kAddresses4;
  if (ip && std::holds_alternative<IPv6>(*ip)) addresses = kAddresses6;
  std::uint32_t sum = protocol + static_cast<std::uint32_t>(length);
  for (std::size_t i = 0; i < addresses.size(); i += 2) sum += addresses[i] << 8 | addresses[i + 1];
  return sum;
}

// Each writes its header in front of `rest`, what the layers above it made.
struct Writer {
  const Layer *before, *next;
  const Bytes& rest;

  Bytes operator()(const Ethernet& l) const {
    Bytes out;
    put(out, l.dst.bytes);
    put(out, l.src.bytes);
    put16(out, l.type.value_or(ethertype_of(next)));
    put(out, rest);
    return out;
  }
  Bytes operator()(const Vlan& l) const {
    Bytes out;
    put16(out, l.id);
    put16(out, l.type.value_or(ethertype_of(next)));
    put(out, rest);
    return out;
  }
  Bytes operator()(const IPv4& l) const {
    std::size_t header = l.ihl * 4;
    Bytes out = {static_cast<std::uint8_t>(l.version << 4 | l.ihl), 0};
    put16(out, l.total_length.value_or(header + rest.size()));
    put(out, std::to_array<std::uint8_t>(
                 {0, 1, 0, 0, 64, l.protocol.value_or(protocol_of(next)), 0, 0}));
    put(out, kAddresses4);
    while (out.size() < header) out.push_back(1);  // option "no operation"
    set16(out, 10, l.checksum.value_or(internet_checksum(out)));
    put(out, rest);
    return out;
  }
  Bytes operator()(const IPv6& l) const {
    Bytes out = {static_cast<std::uint8_t>(l.version << 4), 0, 0, 0};
    put16(out, l.payload_length.value_or(rest.size()));
    out.push_back(l.next_header.value_or(protocol_of(next)));
    out.push_back(64);
    put(out, kAddresses6);
    put(out, rest);
    return out;
  }
  Bytes operator()(const Udp& l) const {
    Bytes out;
    put16(out, l.source_port);
    put16(out, l.destination_port);
    put16(out, 8 + rest.size());
    put16(out, 0);
    put(out, rest);
    std::uint16_t sum = internet_checksum(out, pseudo_header(before, kUdp, out.size()));
    set16(out, 6, l.checksum.value_or(sum ? sum : 0xffff));
    return out;
  }
  Bytes operator()(const Icmpv6& l) const {
    Bytes out = {l.type, 0, 0, 0, 0, 0, 0, 0};
    put(out, rest);
    set16(out, 2, internet_checksum(out, pseudo_header(before, kIcmpv6, out.size())));
    return out;
  }
  Bytes operator()(const Payload& l) const {
    Bytes out = l.bytes;
    for (std::size_t i = 0; i < l.size; i++) out.push_back(i & 0xff);
    put(out, rest);
    return out;
  }
};

}  // namespace

Mac mac(const std::string& text) {
  unsigned b[6];
  if (std::sscanf(text.c_str(), "%x:%x:%x:%x:%x:%x", b, b + 1, b + 2, b + 3, b + 4, b + 5) != 6)
    throw std::invalid_argument("no MAC: " + text);
  Mac result;
  for (int i = 0; i < 6; i++) result.bytes[i] = b[i];
  return result;
}

Bytes Packet::bytes() const {
  Bytes rest;
  for (std::size_t i = layers_.size(); i-- > 0;) {
    const Layer* before = i > 0 ? &layers_[i - 1] : nullptr;
    const Layer* next = i + 1 < layers_.size() ? &layers_[i + 1] : nullptr;
    rest = std::visit(Writer{before, next, rest}, layers_[i]);
  }
  return rest;
}

Bytes Packet::padded() const {
  Bytes frame = bytes();
  if (frame.size() < 60) frame.resize(60);
  return frame;
}

std::uint16_t internet_checksum(std::span<const std::uint8_t> bytes, std::uint32_t sum) {
  for (std::size_t i = 0; i < bytes.size(); i++) sum += i % 2 ? bytes[i] : bytes[i] << 8;
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum;
}

}  // namespace tna::test
