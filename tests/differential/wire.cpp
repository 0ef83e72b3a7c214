// SPDX-License-Identifier: Apache-2.0
// wire.cpp: does what a device would do for a frame that was handed to it unfinished, so that two
// worlds are compared by what is on the wire, whoever computed the checksum or cut the segments.
#include <algorithm>

#include "frame.h"

namespace tna::differential {
namespace {

constexpr unsigned kFin = 0x01, kPush = 0x08, kCwr = 0x80;

void complete_checksum(Bytes& frame, std::size_t start, std::size_t offset) {
  if (start + offset + 2 > frame.size()) return;
  const unsigned sum = ~fold(ones_sum(std::span(frame).subspan(start))) & 0xffff;
  set16(frame, start + offset, sum == 0 ? 0xffff : sum);
}

// One segment of a TCP super-packet, as the kernel's software segmentation writes it.
Bytes tcp_segment(const Frame& whole, std::size_t ip, std::size_t tcp, std::size_t data,
                  std::size_t from, std::size_t length) {
  const bool v6 = whole.bytes[ip] >> 4 == 6;
  const bool first = from == 0, last = data + from + length == whole.bytes.size();
  Bytes segment(whole.bytes.begin(), whole.bytes.begin() + data);
  const auto payload = whole.bytes.begin() + data + from;
  segment.insert(segment.end(), payload, payload + length);
  const std::size_t l4_length = data - tcp + length;
  if (v6) {
    set16(segment, ip + 4, tcp - ip - 40 + l4_length);
  } else {
    set16(segment, ip + 2, tcp - ip + l4_length);
    set16(segment, ip + 4, get16(segment, ip + 4) + from / whole.offload.gso_size);
    set16(segment, ip + 10, 0);
    set16(segment, ip + 10, ~fold(ones_sum(std::span(segment).subspan(ip, tcp - ip))));
  }
  set32(segment, tcp + 4, get32(segment, tcp + 4) + from);
  if (!last) segment[tcp + 13] &= ~(kFin | kPush);
  if (!first) segment[tcp + 13] &= ~kCwr;
  set16(segment, tcp + 16, pseudo_sum(std::span(segment).subspan(ip), 6, l4_length));
  complete_checksum(segment, tcp, 16);
  return segment;
}

}  // namespace

std::vector<Bytes> on_the_wire(const Frame& frame) {
  const Offload& offload = frame.offload;
  if (!(offload.flags & kNeedsChecksum)) return {frame.bytes};
  const std::size_t ip = network_header(frame.bytes).at, tcp = offload.csum_start;
  const unsigned kind = offload.gso_type & ~kGsoEcn;
  const bool cut = kind == kGsoTcp4 || kind == kGsoTcp6;
  if (!cut || offload.gso_size == 0 || tcp + 20 > frame.bytes.size() || ip + 20 > tcp) {
    Bytes whole = frame.bytes;
    complete_checksum(whole, offload.csum_start, offload.csum_offset);
    return {whole};
  }
  const std::size_t data = tcp + (frame.bytes[tcp + 12] >> 4) * 4;
  std::vector<Bytes> segments;
  for (std::size_t from = 0; data + from < frame.bytes.size(); from += offload.gso_size) {
    const std::size_t rest = frame.bytes.size() - data - from;
    segments.push_back(
        tcp_segment(frame, ip, tcp, data, from, std::min<std::size_t>(rest, offload.gso_size)));
  }
  return segments;
}

}  // namespace tna::differential
