// SPDX-License-Identifier: Apache-2.0
#include "traffic_frame.h"

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <time.h>

#include <cstring>

namespace tna::traffic {
namespace {

constexpr char kMagic[8] = {'t', 'n', 'a', 't', 'e', 's', 't', '!'};

struct Mark {
  char magic[8];
  Stamp stamp;
};

class Writer {
 public:
  explicit Writer(std::size_t size) : bytes_(size) {}
  void put(const void* data, std::size_t length) {
    if (fits_ = fits_ && at_ + length <= bytes_.size(); !fits_) return;
    std::memcpy(bytes_.data() + at_, data, length);
    at_ += length;
  }
  void put16(std::uint16_t value) {
    value = htons(value);
    put(&value, sizeof value);
  }
  std::size_t left() const { return bytes_.size() - at_; }
  bool fits() const { return fits_; }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
  std::size_t at_ = 0;
  bool fits_ = true;
};

std::uint16_t ip_checksum(const iphdr& header) {
  std::uint16_t words[10];
  std::memcpy(words, &header, sizeof words);
  std::uint32_t sum = 0;
  for (std::uint16_t word : words) sum += word;
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

void put_udp(Writer& out) {
  const std::uint16_t length = htons(static_cast<std::uint16_t>(out.left()));
  const udphdr udp{{{.uh_sport = htons(9), .uh_dport = htons(9), .uh_ulen = length, .uh_sum = 0}}};
  out.put(&udp, sizeof udp);
}

void put_ipv4(Writer& out, const FrameSpec& spec) {
  iphdr ip{};
  ip.version = 4;
  ip.ihl = 5;
  ip.tot_len = htons(static_cast<std::uint16_t>(out.left()));
  ip.ttl = 64;
  ip.protocol = IPPROTO_UDP;
  ip.saddr = htonl(spec.ipv4_from);
  ip.daddr = htonl(spec.ipv4_to);
  ip.check = ip_checksum(ip);
  out.put(&ip, sizeof ip);
  put_udp(out);
}

void put_ipv6(Writer& out) {
  ip6_hdr ip{};
  ip.ip6_flow = htonl(6u << 28);
  ip.ip6_plen = htons(static_cast<std::uint16_t>(out.left() - sizeof ip));
  ip.ip6_nxt = IPPROTO_UDP;
  ip.ip6_hlim = 64;
  inet_pton(AF_INET6, "2001:db8::b", &ip.ip6_src);
  inet_pton(AF_INET6, "2001:db8::16", &ip.ip6_dst);
  out.put(&ip, sizeof ip);
  put_udp(out);
}

}  // namespace

std::uint64_t now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

Result<Mac> parse_mac(const std::string& text) {
  Mac mac;
  auto& b = mac.bytes;
  char rest = 0;
  if (std::sscanf(text.c_str(), "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx%c", &b[0], &b[1], &b[2], &b[3],
                  &b[4], &b[5], &rest) != 6)
    return error("not a MAC address: " + text);
  return mac;
}

Result<std::vector<std::byte>> build(const FrameSpec& spec) {
  Writer out(spec.size);
  out.put(spec.to.bytes.data(), 6);
  out.put(spec.from.bytes.data(), 6);
  if (spec.vlan) {
    out.put16(ETHERTYPE_VLAN);
    out.put16(*spec.vlan);
  }
  out.put16(spec.ethertype);
  if (spec.ethertype == ETHERTYPE_IP) put_ipv4(out, spec);
  if (spec.ethertype == ETHERTYPE_IPV6) put_ipv6(out);
  Mark mark{};
  std::memcpy(mark.magic, kMagic, sizeof kMagic);
  out.put(&mark, sizeof mark);
  if (!out.fits()) return error("frame size " + std::to_string(spec.size) + " is too small");
  return out.take();
}

void put_stamp(std::span<std::byte> frame, const Stamp& stamp) {
  void* magic = memmem(frame.data(), frame.size(), kMagic, sizeof kMagic);
  std::memcpy(static_cast<char*>(magic) + sizeof kMagic, &stamp, sizeof stamp);
}

std::optional<Stamp> find_stamp(std::span<const std::byte> bytes) {
  const void* magic = memmem(bytes.data(), bytes.size(), kMagic, sizeof kMagic);
  if (!magic) return std::nullopt;
  const std::size_t at = static_cast<const std::byte*>(magic) - bytes.data();
  if (at + sizeof(Mark) > bytes.size()) return std::nullopt;
  Mark mark;
  std::memcpy(&mark, magic, sizeof mark);
  return mark.stamp;
}

}  // namespace tna::traffic
