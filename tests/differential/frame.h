// SPDX-License-Identifier: Apache-2.0
// Frames as bytes: writing them (Ethernet, tags, IPv4, IPv6, UDP, TCP, ARP), and reading them back
// as one line for people.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/net_types.h"

namespace tna::differential {

using Bytes = std::vector<std::uint8_t>;

// What a sender left to the device: struct virtio_net_hdr, whose header is not C++.
struct Offload {
  std::uint8_t flags = 0, gso_type = 0;
  std::uint16_t hdr_len = 0, gso_size = 0, csum_start = 0, csum_offset = 0;
};
static_assert(sizeof(Offload) == 10, "as the kernel has it");
constexpr std::uint8_t kNeedsChecksum = 1;  // in flags
constexpr std::uint8_t kGsoTcp4 = 1, kGsoTcp6 = 4, kGsoUdp = 5, kGsoEcn = 0x80;

// What crosses a packet socket.
struct Frame {
  Bytes bytes;
  Offload offload{};
};

void put16(Bytes& to, unsigned value);
void put32(Bytes& to, std::uint32_t value);
void append(Bytes& to, std::span<const std::uint8_t> more);
void set16(Bytes& in, std::size_t at, unsigned value);
void set32(Bytes& in, std::size_t at, std::uint32_t value);
unsigned get16(std::span<const std::uint8_t> in, std::size_t at);  // 0 beyond the end
std::uint32_t get32(std::span<const std::uint8_t> in, std::size_t at);

// The one's complement sum, not yet inverted; `sum` continues an earlier one of even length.
std::uint32_t ones_sum(std::span<const std::uint8_t> bytes, std::uint32_t sum = 0);
unsigned fold(std::uint32_t sum);
// Sum of the TCP/UDP pseudo header of the IP packet at `ip`; `length` is that of the L4 part.
std::uint32_t pseudo_sum(std::span<const std::uint8_t> ip, unsigned protocol, std::size_t length);

Bytes ethernet(const Mac& to, const Mac& from, unsigned type,
               std::span<const std::uint8_t> payload);
void insert_tag(Bytes& frame, unsigned tpid, unsigned tci);  // as the outermost tag

struct Ipv4 {
  std::uint32_t from = 0, to = 0;
  unsigned protocol = 17, ttl = 64, tos = 0, id = 0, fragment = 0;
  Bytes options;  // padded to 4 bytes
};
Bytes ipv4(const Ipv4& header, std::span<const std::uint8_t> payload);
using Ip6 = std::array<std::uint8_t, 16>;
struct Ipv6 {
  Ip6 from{}, to{};
  unsigned next = 17, hops = 64, traffic_class = 0, label = 0;
};
Bytes ipv6(const Ipv6& header, std::span<const std::uint8_t> payload);
Bytes ipv6(unsigned from, unsigned to, unsigned next, unsigned hops,
           std::span<const std::uint8_t> payload);  // 2001:db8::from
Bytes udp(unsigned from, unsigned to, std::span<const std::uint8_t> payload);
Bytes tcp(unsigned from, unsigned to, std::uint32_t seq, unsigned flags,
          std::span<const std::uint8_t> payload);
Bytes icmp(unsigned type, unsigned code, std::uint32_t rest, std::span<const std::uint8_t> payload);
Bytes arp(unsigned operation, const Mac& from, std::uint32_t from_ip, const Mac& to,
          std::uint32_t to_ip);
void finish_l4_checksum(Bytes& ip_packet);  // of a packet made by ipv4() or ipv6() without options

// Where the network header starts, and of which EtherType it is, behind any tags.
struct NetworkHeader {
  std::size_t at = 14;
  unsigned type = 0;
};
NetworkHeader network_header(std::span<const std::uint8_t> frame);

// What is on the wire for a frame whose sender left checksum and segmentation to the device.
std::vector<Bytes> on_the_wire(const Frame& frame);

std::string to_hex(std::span<const std::uint8_t> bytes);
Bytes from_hex(const std::string& text);  // empty when malformed
std::string describe(const Frame& frame);

}  // namespace tna::differential
