// SPDX-License-Identifier: Apache-2.0
// frame.cpp: writes headers.
#include "frame.h"

#include <algorithm>

namespace tna::differential {

void put16(Bytes& to, unsigned value) {
  to.push_back(value >> 8 & 0xff);
  to.push_back(value & 0xff);
}

void put32(Bytes& to, std::uint32_t value) {
  put16(to, value >> 16);
  put16(to, value & 0xffff);
}

void append(Bytes& to, std::span<const std::uint8_t> more) {
  to.insert(to.end(), more.begin(), more.end());
}

void set16(Bytes& in, std::size_t at, unsigned value) {
  if (at + 2 > in.size()) return;
  in[at] = value >> 8 & 0xff;
  in[at + 1] = value & 0xff;
}

void set32(Bytes& in, std::size_t at, std::uint32_t value) {
  set16(in, at, value >> 16);
  set16(in, at + 2, value & 0xffff);
}

unsigned get16(std::span<const std::uint8_t> in, std::size_t at) {
  return at + 2 > in.size() ? 0 : in[at] << 8 | in[at + 1];
}

std::uint32_t get32(std::span<const std::uint8_t> in, std::size_t at) {
  return std::uint32_t{get16(in, at)} << 16 | get16(in, at + 2);
}

std::uint32_t ones_sum(std::span<const std::uint8_t> bytes, std::uint32_t sum) {
  std::uint64_t wide = sum;
  for (std::size_t i = 0; i < bytes.size(); ++i) wide += i % 2 ? bytes[i] : bytes[i] << 8;
  while (wide >> 32) wide = (wide & 0xffffffff) + (wide >> 32);
  return static_cast<std::uint32_t>(wide);
}

unsigned fold(std::uint32_t sum) {
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return sum;
}

std::uint32_t pseudo_sum(std::span<const std::uint8_t> ip, unsigned protocol, std::size_t length) {
  const bool v6 = ip[0] >> 4 == 6;
  const auto addresses = v6 ? ip.subspan(8, 32) : ip.subspan(12, 8);
  return fold(ones_sum(addresses, protocol + static_cast<std::uint32_t>(length)));
}

Bytes ethernet(const Mac& to, const Mac& from, unsigned type,
               std::span<const std::uint8_t> payload) {
  Bytes frame(to.bytes.begin(), to.bytes.end());
  append(frame, from.bytes);
  put16(frame, type);
  append(frame, payload);
  return frame;
}

void insert_tag(Bytes& frame, unsigned tpid, unsigned tci) {
  Bytes tag;
  put16(tag, tpid);
  put16(tag, tci);
  frame.insert(frame.begin() + 12, tag.begin(), tag.end());
}

Bytes ipv4(const Ipv4& header, std::span<const std::uint8_t> payload) {
  const std::size_t length = 20 + header.options.size();
  Bytes packet;
  packet.push_back(0x40 | length / 4);
  packet.push_back(header.tos);
  put16(packet, length + payload.size());
  put16(packet, header.id);
  put16(packet, header.fragment);
  packet.push_back(header.ttl);
  packet.push_back(header.protocol);
  put16(packet, 0);
  put32(packet, header.from);
  put32(packet, header.to);
  append(packet, header.options);
  set16(packet, 10, ~fold(ones_sum(packet)));
  append(packet, payload);
  return packet;
}

Bytes ipv6(const Ipv6& header, std::span<const std::uint8_t> payload) {
  Bytes packet;
  put32(packet, 0x60000000 | header.traffic_class << 20 | header.label);
  put16(packet, payload.size());
  packet.push_back(header.next);
  packet.push_back(header.hops);
  append(packet, header.from);
  append(packet, header.to);
  append(packet, payload);
  return packet;
}

Bytes ipv6(unsigned from, unsigned to, unsigned next, unsigned hops,
           std::span<const std::uint8_t> payload) {
  const auto address = [](unsigned host) {
    return Ip6{0x20,
               0x01,
               0x0d,
               0xb8,
               0,
               0,
               0,
               0,
               0,
               0,
               0,
               0,
               0,
               0,
               static_cast<std::uint8_t>(host >> 8),
               static_cast<std::uint8_t>(host)};
  };
  return ipv6({.from = address(from), .to = address(to), .next = next, .hops = hops}, payload);
}

Bytes udp(unsigned from, unsigned to, std::span<const std::uint8_t> payload) {
  Bytes packet;
  put16(packet, from);
  put16(packet, to);
  put16(packet, 8 + payload.size());
  put16(packet, 0);
  append(packet, payload);
  return packet;
}

Bytes tcp(unsigned from, unsigned to, std::uint32_t seq, unsigned flags,
          std::span<const std::uint8_t> payload) {
  Bytes packet;
  put16(packet, from);
  put16(packet, to);
  put32(packet, seq);
  put32(packet, 0);
  put16(packet, 0x5000 | flags);
  put16(packet, 8192);
  put32(packet, 0);
  append(packet, payload);
  return packet;
}

Bytes icmp(unsigned type, unsigned code, std::uint32_t rest,
           std::span<const std::uint8_t> payload) {
  Bytes packet{static_cast<std::uint8_t>(type), static_cast<std::uint8_t>(code), 0, 0};
  put32(packet, rest);
  append(packet, payload);
  set16(packet, 2, ~fold(ones_sum(packet)));
  return packet;
}

Bytes arp(unsigned operation, const Mac& from, std::uint32_t from_ip, const Mac& to,
          std::uint32_t to_ip) {
  Bytes packet;
  put16(packet, 1);
  put16(packet, 0x0800);
  put16(packet, 0x0604);
  put16(packet, operation);
  append(packet, from.bytes);
  put32(packet, from_ip);
  append(packet, to.bytes);
  put32(packet, to_ip);
  return packet;
}

void finish_l4_checksum(Bytes& ip_packet) {
  const bool v6 = ip_packet[0] >> 4 == 6;
  const unsigned protocol = v6 ? ip_packet[6] : ip_packet[9];
  const std::size_t header = v6 ? 40 : (ip_packet[0] & 15) * 4;
  const std::size_t field = header + (protocol == 17 ? 6 : protocol == 6 ? 16 : 2);
  const std::span l4 = std::span<const std::uint8_t>(ip_packet).subspan(header);
  const unsigned sum = ~fold(ones_sum(l4, pseudo_sum(ip_packet, protocol, l4.size()))) & 0xffff;
  set16(ip_packet, field, protocol == 17 && sum == 0 ? 0xffff : sum);
}

NetworkHeader network_header(std::span<const std::uint8_t> frame) {
  NetworkHeader found{14, get16(frame, 12)};
  while ((found.type == 0x8100 || found.type == 0x88a8) && found.at + 4 <= frame.size()) {
    found.type = get16(frame, found.at + 2);
    found.at += 4;
  }
  return found;
}

}  // namespace tna::differential
