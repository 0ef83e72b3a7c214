// SPDX-License-Identifier: Apache-2.0
// random_frames.cpp: who talks to whom through a bridge.
#include "random_frames.h"

#include <algorithm>
#include <array>

#include "names.h"
#include "random_payload.h"

namespace tna::differential {
namespace {

constexpr unsigned kLocalExperimental = 0x88b5, kArp = 0x0806;
constexpr unsigned kTaggedArp = 40;  // percent

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

class BridgedTraffic : public Traffic {
 public:
  BridgedTraffic(Random& random, const Shape& shape, int ports);
  Step next() override;
  Step talk() override;
  Step greet(int station) override;

 private:
  int partner(int from);
  Mac destination(int to);
  Frame frame(int from, int to, const Mac& source, const Mac& target);

  Random& random_;
  const Shape& shape_;
  int ports_;
  std::array<int, kStations + 1> home_{};  // port of each station; [0] is not used
  std::uint32_t serial_ = 0;               // in each payload, so that no two frames are equal
};

BridgedTraffic::BridgedTraffic(Random& random, const Shape& shape, int ports)
    : random_(random), shape_(shape), ports_(ports) {
  for (int& port : home_) port = random.between(1, ports);
}

// Mostly one behind another port: what is on the same port is dropped, which soon is dull.
int BridgedTraffic::partner(int from) {
  int to = from;
  for (int attempt = 0; attempt < 3; ++attempt) {
    to = (from - 1 + random_.between(1, kStations - 1)) % kStations + 1;
    if (home_[to] != home_[from]) break;
  }
  return to;
}

Mac BridgedTraffic::destination(int to) {
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

Frame BridgedTraffic::frame(int from, int to, const Mac& source, const Mac& target) {
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

Step BridgedTraffic::next() {
  if (random_.chance(20)) return talk();
  ++serial_;
  const int from = random_.between(1, kStations);
  const int to = partner(from);
  Step step{.kind = Step::Kind::send, .port = home_[from]};
  if (random_.chance(2)) {
    const auto envelope = [&](bool v6, unsigned protocol, const Bytes& l4) {
      return v6 ? ipv6(from, to, protocol, 64, l4)
                : ipv4({.from = station_ip(from),
                        .to = station_ip(to),
                        .protocol = protocol,
                        .id = serial_},
                       l4);
    };
    step.frame = unfinished(random_, station_mac(to), station_mac(from), serial_, envelope);
    return step;
  }
  if (random_.chance(3)) step.port = random_.between(1, ports_);  // appears elsewhere, once
  if (random_.below(200) == 0) step.port = home_[from] = random_.between(1, ports_);  // moves
  const Mac source = random_.chance(4) ? odd_source(random_, step.port) : station_mac(from);
  step.frame = frame(from, to, source, destination(to));
  return step;
}

Step BridgedTraffic::talk() {
  ++serial_;
  const int from = random_.between(1, kStations);
  Bytes payload(46);
  set32(payload, 0, serial_);
  return {.kind = Step::Kind::send,
          .port = home_[from],
          .frame = {ethernet(station_mac(partner(from)), station_mac(from), kLocalExperimental,
                             payload)}};
}

Step BridgedTraffic::greet(int station) {
  ++serial_;
  const Mac everybody{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
  const Bytes request = arp(1, station_mac(station), station_ip(station), {}, station_ip(station));
  return {.kind = Step::Kind::send,
          .port = home_[station],
          .frame = {ethernet(everybody, station_mac(station), 0x0806, request)}};
}

}  // namespace

std::unique_ptr<Traffic> bridged_traffic(Random& random, const Shape& shape, int ports) {
  return std::make_unique<BridgedTraffic>(random, shape, ports);
}

}  // namespace tna::differential
