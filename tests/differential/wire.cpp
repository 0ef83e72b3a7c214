// SPDX-License-Identifier: Apache-2.0
// wire.cpp: does what a device would do for a frame that was handed to it unfinished, so that two
// worlds are compared by what is on the wire, whoever computed the checksum or cut the segments.
#include <algorithm>

#include "frame.h"

namespace tna::differential {
namespace {

constexpr unsigned kTcp = 6, kUdp = 17;
constexpr unsigned kFin = 0x01, kPush = 0x08, kCwr = 0x80;

void complete_checksum(Bytes& frame, std::size_t start, std::size_t offset) {
  if (start + offset + 2 > frame.size()) return;
  const unsigned sum = ~fold(ones_sum(std::span(frame).subspan(start))) & 0xffff;
  set16(frame, start + offset, sum == 0 ? 0xffff : sum);
}

void finish_tcp(Bytes& segment, std::size_t tcp, std::size_t from, bool last) {
  set32(segment, tcp + 4, get32(segment, tcp + 4) + from);
  if (!last) segment[tcp + 13] &= ~(kFin | kPush);
  if (from > 0) segment[tcp + 13] &= ~kCwr;
}

// One segment of a TCP or UDP super-packet, as the kernel's software segmentation writes it.
Bytes segment_of(const Frame& whole, std::size_t ip, std::size_t l4, std::size_t data,
                 std::size_t from, std::size_t length) {
  const bool udp = whole.offload.gso_type == kGsoUdp;
  const bool v6 = whole.bytes[ip] >> 4 == 6;
  Bytes segment(whole.bytes.begin(), whole.bytes.begin() + data);
  const auto payload = whole.bytes.begin() + data + from;
  segment.insert(segment.end(), payload, payload + length);
  const std::size_t l4_length = data - l4 + length;
  if (v6) {
    set16(segment, ip + 4, l4 - ip - 40 + l4_length);
  } else {
    set16(segment, ip + 2, l4 - ip + l4_length);
    set16(segment, ip + 4, get16(segment, ip + 4) + from / whole.offload.gso_size);
    set16(segment, ip + 10, 0);
    set16(segment, ip + 10, ~fold(ones_sum(std::span(segment).subspan(ip, l4 - ip))));
  }
  if (udp)
    set16(segment, l4 + 4, l4_length);
  else
    finish_tcp(segment, l4, from, data + from + length == whole.bytes.size());
  const std::size_t field = whole.offload.csum_offset;
  set16(segment, l4 + field,
        pseudo_sum(std::span(segment).subspan(ip), udp ? kUdp : kTcp, l4_length));
  complete_checksum(segment, l4, field);
  return segment;
}

}  // namespace

std::vector<Bytes> on_the_wire(const Frame& frame) {
  const Offload& offload = frame.offload;
  if (!(offload.flags & kNeedsChecksum)) return {frame.bytes};
  const std::size_t ip = network_header(frame.bytes).at, l4 = offload.csum_start;
  const unsigned kind = offload.gso_type & ~kGsoEcn;
  const bool udp = kind == kGsoUdp, cut = udp || kind == kGsoTcp4 || kind == kGsoTcp6;
  if (!cut || offload.gso_size == 0 || l4 + 20 > frame.bytes.size() || ip + 20 > l4) {
    Bytes whole = frame.bytes;
    complete_checksum(whole, offload.csum_start, offload.csum_offset);
    return {whole};
  }
  const std::size_t data = l4 + (udp ? 8 : (frame.bytes[l4 + 12] >> 4) * 4);
  std::vector<Bytes> segments;
  for (std::size_t from = 0; data + from < frame.bytes.size(); from += offload.gso_size) {
    const std::size_t rest = frame.bytes.size() - data - from;
    segments.push_back(
        segment_of(frame, ip, l4, data, from, std::min<std::size_t>(rest, offload.gso_size)));
  }
  return segments;
}

}  // namespace tna::differential
