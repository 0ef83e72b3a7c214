// SPDX-License-Identifier: Apache-2.0
// random_frames.cpp: who talks to whom, how long the frames are, with which tags.
#include "random_frames.h"

#include <algorithm>

#include "random_payload.h"

namespace tna::differential {
namespace {

constexpr unsigned kLocalExperimental = 0x88b5, kArp = 0x0806;
constexpr unsigned kTaggedArp = 40;  // percent
constexpr unsigned kVids[] = {0, 1, 1, 1, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 6, 100, 4095};
constexpr int kMtus[] = {1400, 1500, 1500, 1500, 2000};

Mac group_address(Random& random) {
  static const Mac groups[] = {
      {{0x01, 0x00, 0x5e, 0, 0, 1}},    {{0x01, 0x00, 0x5e, 1, 2, 3}},
      {{0x33, 0x33, 0, 0, 0, 1}},       {{0x33, 0x33, 0, 0, 0, 0x16}},
      {{0x01, 0x80, 0xc2, 0, 0, 0x10}}, {{0x01, 0x00, 0x0c, 0xcc, 0xcc, 0xcc}}};
  return random.pick(groups);
}

Mac odd_source(Random& random, int port) {
  const Mac odd[] = {{},
                     {},
                     {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
                     {{0x01, 0x00, 0x5e, 0, 0, 1}},
                     {{0x01, 0x00, 0x5e, 0, 0, 1}},
                     bridge_mac(),
                     port_mac(port),
                     port_mac(1),
                     port_mac(2),
                     station_mac(random.between(20, 200))};
  return random.pick(odd);
}

void add_tags(Random& random, Bytes& frame, bool provider) {
  for (int tags = random.chance(20) ? 2 : 1; tags > 0; --tags) {
    const bool other = random.chance(12);
    insert_tag(frame, provider != other ? 0x88a8 : 0x8100,
               random.pick(kVids) | random.below(16) << 12);
  }
}

// Anywhere in the headers but the MACs.
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

// A packet whose checksum, or also segmentation, is left to the device.
Frame unfinished(Random& random, int from, int to, std::uint32_t serial) {
  const bool is_udp = random.chance(35), segments = random.chance(50);
  const bool v6 = random.chance(30);
  const std::size_t size = segments ? random.between(1300, 5000) : random.between(4, 1000);
  const Bytes data(size, serial & 0xff);
  const Bytes l4 = is_udp ? udp(4000, 4002, data) : tcp(4000, 80, serial * 10000, 0x18, data);
  const unsigned protocol = is_udp ? 17 : 6, field = is_udp ? 6 : 16;
  Bytes packet =
      v6 ? ipv6(from, to, protocol, 64, l4)
         : ipv4(
               {.from = station_ip(from), .to = station_ip(to), .protocol = protocol, .id = serial},
               l4);
  const std::size_t header = v6 ? 40 : 20;
  set16(packet, header + field, pseudo_sum(packet, protocol, l4.size()));
  Frame frame{ethernet(station_mac(to), station_mac(from), v6 ? 0x86dd : 0x0800, packet)};
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

}  // namespace

Traffic::Traffic(Random& random, const Shape& shape, int ports)
    : random_(random), shape_(shape), ports_(ports) {
  for (int& port : home_) port = random.between(1, ports);
}

// Mostly one behind another port: what is on the same port is dropped, which soon is dull.
int Traffic::partner(int from) {
  int to = from;
  for (int attempt = 0; attempt < 3; ++attempt) {
    to = (from - 1 + random_.between(1, kStations - 1)) % kStations + 1;
    if (home_[to] != home_[from]) break;
  }
  return to;
}

Mac Traffic::destination(int to) {
  if (random_.chance(shape_.routed))
    return random_.chance(80) ? bridge_mac() : port_mac(random_.between(1, ports_));
  const unsigned draw = random_.below(1000);
  if (draw < 860) return station_mac(to);
  if (draw < 900) return station_mac(random_.between(100, 120));  // nobody
  if (draw < 930) return {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
  if (draw < 950) return group_address(random_);
  if (draw < 970) return {{0x01, 0x80, 0xc2, 0, 0, static_cast<std::uint8_t>(random_.below(16))}};
  if (draw < 988) return bridge_mac();
  return port_mac(random_.between(1, ports_));
}

Frame Traffic::frame(int from, int to, const Mac& source, const Mac& target) {
  const Talk talk{.from = from,
                  .to = to,
                  .source = source,
                  .target = target,
                  .to_bridge = target == bridge_mac() || random_.chance(2),
                  .serial = serial_};
  const Payload payload = random_payload(random_, talk, random_size(random_));
  Frame made{ethernet(payload.target.value_or(target), source, payload.type, payload.bytes)};
  // Of ARP more: a bridge that answers for its stations looks for it behind tags.
  if (random_.chance(payload.type == kArp ? kTaggedArp : shape_.tagged))
    add_tags(random_, made.bytes, shape_.provider_tags);
  if (random_.chance(3)) flip_a_bit(random_, made.bytes);
  if (random_.chance(2)) made.bytes.resize(random_.between(14, 60));
  made.bytes.resize(std::min<std::size_t>(made.bytes.size(), kHostMtu));
  return made;
}

Step Traffic::next() {
  if (random_.chance(20)) return talk();
  ++serial_;
  const int from = random_.between(1, kStations);
  const int to = partner(from);
  Step step{.kind = Step::Kind::send, .port = home_[from]};
  if (random_.chance(2)) {
    step.frame = unfinished(random_, from, to, serial_);
    return step;
  }
  if (random_.chance(3)) step.port = random_.between(1, ports_);  // appears elsewhere, once
  if (random_.below(200) == 0) step.port = home_[from] = random_.between(1, ports_);  // moves
  const Mac source = random_.chance(4) ? odd_source(random_, step.port) : station_mac(from);
  step.frame = frame(from, to, source, destination(to));
  return step;
}

Step Traffic::talk() {
  ++serial_;
  const int from = random_.between(1, kStations);
  Bytes payload(46);
  set32(payload, 0, serial_);
  return {.kind = Step::Kind::send,
          .port = home_[from],
          .frame = {ethernet(station_mac(partner(from)), station_mac(from), kLocalExperimental,
                             payload)}};
}

Step Traffic::greet(int station) {
  ++serial_;
  const Mac everybody{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
  const Bytes request = arp(1, station_mac(station), station_ip(station), {}, station_ip(station));
  return {.kind = Step::Kind::send,
          .port = home_[station],
          .frame = {ethernet(everybody, station_mac(station), 0x0806, request)}};
}

}  // namespace tna::differential
