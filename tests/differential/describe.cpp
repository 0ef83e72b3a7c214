// SPDX-License-Identifier: Apache-2.0
// describe.cpp: frames as text, in hex and as one line for people.
#include <spdlog/fmt/fmt.h>

#include "frame.h"

namespace tna::differential {
namespace {

std::string mac_text(std::span<const std::uint8_t> at) {
  return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", at[0], at[1], at[2], at[3], at[4],
                     at[5]);
}

std::string ip_text(std::uint32_t ip) {
  return fmt::format("{}.{}.{}.{}", ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255);
}

std::string describe_l4(unsigned protocol, std::span<const std::uint8_t> l4) {
  if (protocol == 17 && l4.size() >= 8)
    return fmt::format(" udp {}>{}", get16(l4, 0), get16(l4, 2));
  if (protocol == 6 && l4.size() >= 20)
    return fmt::format(" tcp {}>{} seq {} flags {:#x}", get16(l4, 0), get16(l4, 2), get32(l4, 4),
                       l4[13]);
  return fmt::format(" proto {}", protocol);
}

std::string describe_ipv4(std::span<const std::uint8_t> ip) {
  if (ip.size() < 20) return fmt::format(" ipv4 cut at {}", ip.size());
  std::string text =
      fmt::format(" ipv4 {}>{} ttl {}", ip_text(get32(ip, 12)), ip_text(get32(ip, 16)), ip[8]);
  const unsigned header = (ip[0] & 15) * 4;
  if (ip[0] >> 4 != 4) text += fmt::format(" VERSION {}", ip[0] >> 4);
  if (header != 20) text += fmt::format(" IHL {}", ip[0] & 15);
  if (get16(ip, 2) != ip.size()) text += fmt::format(" TOTAL {} of {}", get16(ip, 2), ip.size());
  if (get16(ip, 6) & 0x3fff) text += fmt::format(" FRAGMENT {:#x}", get16(ip, 6));
  if (header >= 20 && header <= ip.size() && fold(ones_sum(ip.first(header))) != 0xffff)
    text += " BAD-CHECKSUM";
  if (header < 20 || header > ip.size()) return text;
  return text + describe_l4(ip[9], ip.subspan(header));
}

std::string describe_ipv6(std::span<const std::uint8_t> ip) {
  if (ip.size() < 40) return fmt::format(" ipv6 cut at {}", ip.size());
  std::string text =
      fmt::format(" ipv6 ::{:x}>::{:x} hops {}", get16(ip, 22), get16(ip, 38), ip[7]);
  if (ip[0] >> 4 != 6) text += fmt::format(" VERSION {}", ip[0] >> 4);
  if (get16(ip, 4) + 40u != ip.size())
    text += fmt::format(" PAYLOAD {} of {}", get16(ip, 4), ip.size() - 40);
  return text + describe_l4(ip[6], ip.subspan(40));
}

}  // namespace

std::string to_hex(std::span<const std::uint8_t> bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

Bytes from_hex(const std::string& text) {
  Bytes bytes;
  if (text.size() % 2 || text.find_first_not_of("0123456789abcdef") != std::string::npos) return {};
  for (std::size_t i = 0; i < text.size(); i += 2)
    bytes.push_back(std::stoi(text.substr(i, 2), nullptr, 16));
  return bytes;
}

std::string describe(const Frame& frame) {
  const std::span<const std::uint8_t> bytes = frame.bytes;
  if (bytes.size() < 14) return fmt::format("{} bytes", bytes.size());
  std::string text =
      fmt::format("{} > {}, {} bytes,", mac_text(bytes.subspan(6)), mac_text(bytes), bytes.size());
  const NetworkHeader header = network_header(bytes);
  for (std::size_t at = 12; at + 2 < header.at; at += 4)
    text += fmt::format(" tag {:04x}:vid {} pcp {}", get16(bytes, at), get16(bytes, at + 2) & 0xfff,
                        get16(bytes, at + 2) >> 13);
  const auto rest = bytes.subspan(header.at);
  if (header.type == 0x0800)
    text += describe_ipv4(rest);
  else if (header.type == 0x86dd)
    text += describe_ipv6(rest);
  else if (header.type == 0x0806 && rest.size() >= 28)
    text += fmt::format(" arp op {} {} asks/tells {}", get16(rest, 6), ip_text(get32(rest, 14)),
                        ip_text(get32(rest, 24)));
  else if (header.type < 0x0600)
    text += fmt::format(" length {}", header.type);
  else
    text += fmt::format(" type {:04x}", header.type);
  if (frame.offload.flags & kNeedsChecksum) text += " CHECKSUM-PARTIAL";
  if (frame.offload.gso_type) text += fmt::format(" GSO {}", frame.offload.gso_size);
  return text;
}

}  // namespace tna::differential
