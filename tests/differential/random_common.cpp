// SPDX-License-Identifier: Apache-2.0
// random_common.cpp: tags, lengths, flipped bits, and packets whose sender leaves work to the
// device.
#include <algorithm>

#include "random_frames.h"

namespace tna::differential {
namespace {

constexpr unsigned kVids[] = {0, 1, 1, 1, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 6, 100, 4095};
constexpr int kMtus[] = {1400, 1500, 1500, 1500, 2000};

}  // namespace

void add_tags(Random& random, Bytes& frame, bool provider) {
  for (int tags = random.chance(20) ? 2 : 1; tags > 0; --tags) {
    const bool other = random.chance(12);
    insert_tag(frame, provider != other ? 0x88a8 : 0x8100,
               random.pick(kVids) | random.below(16) << 12);
  }
}

void flip_a_bit(Random& random, Bytes& frame) {
  const int last = static_cast<int>(std::min<std::size_t>(frame.size(), 70)) - 1;
  frame[random.between(12, last)] ^= 1 << random.below(8);
}

std::size_t random_size(Random& random) {
  const unsigned draw = random.below(100);
  if (draw < 7) return random.pick(kMtus) + random.between(-1, 5);
  if (draw < 20) return random.between(200, 1400);
  return random.between(46, 120);
}

Frame unfinished(Random& random, const Mac& to, const Mac& from, std::uint32_t serial,
                 const Envelope& envelope) {
  const bool is_udp = random.chance(35), segments = random.chance(50);
  const bool v6 = random.chance(30);
  const std::size_t size = segments ? random.between(1300, 5000) : random.between(4, 1000);
  const Bytes data(size, serial & 0xff);
  const Bytes l4 = is_udp ? udp(4000, 4002, data) : tcp(4000, 80, serial * 10000, 0x18, data);
  const unsigned protocol = is_udp ? 17 : 6, field = is_udp ? 6 : 16;
  Bytes packet = envelope(v6, protocol, l4);
  const std::size_t header = v6 ? 40 : 20;
  set16(packet, header + field, pseudo_sum(packet, protocol, l4.size()));
  Frame frame{ethernet(to, from, v6 ? 0x86dd : 0x0800, packet)};
  frame.offload.flags = kNeedsChecksum;
  frame.offload.csum_start = 14 + header;
  frame.offload.csum_offset = field;
  if (segments) {
    frame.offload.gso_type = is_udp ? kGsoUdp : v6 ? kGsoTcp6 : kGsoTcp4;
    frame.offload.gso_size = random.between(500, 1200);
    frame.offload.hdr_len = 14 + header + (is_udp ? 8 : 20);
  }
  if (random.chance(15)) {
    insert_tag(frame.bytes, 0x8100, random.pick(kVids));
    frame.offload.csum_start += 4;
    frame.offload.hdr_len += segments ? 4 : 0;
  }
  return frame;
}

}  // namespace tna::differential
