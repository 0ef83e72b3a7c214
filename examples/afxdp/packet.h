// SPDX-License-Identifier: Apache-2.0
// UDP in a frame, as both examples answer it: found with every length checked, and turned round.
#pragma once

#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "afxdp/app.h"

namespace example {

struct Udp {
  std::byte* ethernet = nullptr;
  std::byte* ip = nullptr;
  udphdr* udp = nullptr;
  std::byte* data = nullptr;
  std::size_t length = 0;  // of the data
  bool v6 = false;
};

// The payload of an untagged frame; false: it is no UDP, or is not whole.
inline bool find_udp(const tna::AppPacket& packet, Udp& found) {
  constexpr std::size_t kEthernet = 14;
  if (packet.length < kEthernet + sizeof(iphdr)) return false;
  found.ethernet = packet.data;
  found.ip = packet.data + kEthernet;
  std::size_t left = packet.length - kEthernet, header;
  const auto type = static_cast<std::uint16_t>(std::to_integer<unsigned>(packet.data[12]) << 8 |
                                               std::to_integer<unsigned>(packet.data[13]));
  if (type == 0x0800) {
    const auto* ip = reinterpret_cast<const iphdr*>(found.ip);
    header = ip->ihl * 4u;
    if (ip->protocol != IPPROTO_UDP || ntohs(ip->tot_len) > left || header < sizeof *ip)
      return false;
    left = ntohs(ip->tot_len);
  } else if (type == 0x86dd && left >= sizeof(ip6_hdr)) {
    const auto* ip = reinterpret_cast<const ip6_hdr*>(found.ip);
    header = sizeof *ip;
    if (ip->ip6_nxt != IPPROTO_UDP || ntohs(ip->ip6_plen) + header > left) return false;
    left = ntohs(ip->ip6_plen) + header;
    found.v6 = true;
  } else {
    return false;
  }
  if (left < header + sizeof(udphdr)) return false;
  found.udp = reinterpret_cast<udphdr*>(found.ip + header);
  const std::size_t length = ntohs(found.udp->len);
  if (length < sizeof(udphdr) || length > left - header) return false;
  found.data = found.ip + header + sizeof(udphdr);
  found.length = length - sizeof(udphdr);
  return true;
}

// The ones' complement sum of RFC 1071.
inline std::uint32_t sum(const std::byte* at, std::size_t size, std::uint32_t so_far) {
  for (; size > 1; at += 2, size -= 2)
    so_far += std::to_integer<std::uint32_t>(at[0]) << 8 | std::to_integer<std::uint32_t>(at[1]);
  if (size) so_far += std::to_integer<std::uint32_t>(at[0]) << 8;
  return so_far;
}

inline std::uint16_t folded(std::uint32_t sum) {
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return htons(static_cast<std::uint16_t>(~sum));
}

inline std::uint16_t udp_checksum(const Udp& found, std::size_t length) {
  const std::size_t addresses = found.v6 ? 8 : 12, size = found.v6 ? 32 : 8;
  std::uint32_t total = sum(found.ip + addresses, size, IPPROTO_UDP + std::uint32_t(length));
  total = sum(reinterpret_cast<const std::byte*>(found.udp), length, total);
  const std::uint16_t check = folded(total);
  return check ? check : 0xffff;
}

// Linux throws away what has a wrong checksum; nobody did that here.
inline bool is_whole(const Udp& found) {
  if (!found.udp->check) return !found.v6;
  const std::size_t length = found.length + sizeof(udphdr);
  const std::size_t addresses = found.v6 ? 8 : 12, size = found.v6 ? 32 : 8;
  std::uint32_t total = sum(found.ip + addresses, size, IPPROTO_UDP + std::uint32_t(length));
  return folded(sum(reinterpret_cast<const std::byte*>(found.udp), length, total)) == 0;
}

// Back to the sender: all addresses and ports change places. Checksums stay right by that.
inline void turn_round(Udp& found) {
  std::swap_ranges(found.ethernet, found.ethernet + 6, found.ethernet + 6);
  if (found.v6)
    std::swap_ranges(found.ip + 8, found.ip + 24, found.ip + 24);
  else
    std::swap_ranges(found.ip + 12, found.ip + 16, found.ip + 16);
  std::swap(found.udp->source, found.udp->dest);
}

// The data has that length now: headers, checksums, and the frame's length for that.
inline void finish(Udp& found, std::size_t length, tna::AppPacket& packet) {
  const std::size_t udp = length + sizeof(udphdr);
  found.udp->len = htons(static_cast<std::uint16_t>(udp));
  const auto header = static_cast<std::size_t>(reinterpret_cast<std::byte*>(found.udp) - found.ip);
  if (found.v6) {
    reinterpret_cast<ip6_hdr*>(found.ip)->ip6_plen = htons(static_cast<std::uint16_t>(udp));
  } else {
    auto* ip = reinterpret_cast<iphdr*>(found.ip);
    ip->tot_len = htons(static_cast<std::uint16_t>(header + udp));
    ip->ttl = 64;
    ip->check = 0;
    ip->check = folded(sum(found.ip, header, 0));
  }
  found.udp->check = 0;
  found.udp->check = udp_checksum(found, udp);
  packet.length = static_cast<std::uint32_t>(found.data - found.ethernet + length);
}

}  // namespace example
