// SPDX-License-Identifier: Apache-2.0
// random_routed.cpp: who talks to whom through a router: stations, those behind its routes, the
// router itself, and addresses that nobody may have.
#include <algorithm>

#include "dialogues.h"
#include "random_frames.h"
#include "random_payload.h"
#include "routed_payload.h"
#include "router_world.h"

namespace tna::differential {
namespace {

constexpr unsigned kNothingWrong = 20, kIpv6 = 40, kOfDialogues = 85;  // percent

// An address in both families.
struct Host {
  std::uint32_t ip = 0;
  Ip6 ip6{};
};

// A TTL or hop limit.
unsigned hops(Random& random) {
  constexpr unsigned odd[] = {0, 1, 1, 2, 3, 63, 128, 255};
  return random.chance(85) ? 64 : random.pick(odd);
}

Host on_port(int port, int host) {
  return {routed_ip(port, host), routed_ip6(port, host)};
}

// 198.51.100.0/24 and 2001:db8:100::/48 are routed, 203.0.113.0/24 and 2001:db8:203::/48 end in
// different ways, the third pair nowhere, or by a default route.
Host behind_routes(Random& random) {
  constexpr unsigned hosts[] = {1, 2, 3, 4, 5, 6, 7, 8, 65, 66, 70, 71, 129, 130, 254, 255};
  constexpr unsigned ends[] = {1, 2, 66, 67, 130, 131, 200};
  const unsigned draw = random.below(10);
  Host host{.ip6 = {0x20, 0x01, 0x0d, 0xb8}};
  if (draw < 7) {
    const unsigned number = random.pick(hosts);
    host.ip = 0xc6336400u + number;
    host.ip6[4] = 1;  // 2001:db8:100:N/64::number
    host.ip6[7] = number / 64;
    host.ip6[15] = number;
  } else if (draw < 8) {
    const unsigned number = random.pick(ends);
    host.ip = 0xcb007100u + number;
    host.ip6[4] = 2;  // 2001:db8:203:N::number
    host.ip6[5] = 3;
    host.ip6[7] = number / 64;
    host.ip6[15] = number;
  } else {
    host.ip = 0xc6120000u + random.below(8);  // 198.18.0.0
    host.ip6[4] = 9;                          // 2001:db8:900::
    host.ip6[15] = random.below(8);
  }
  return host;
}

// Zero, this host, groups, reserved ones, everybody, nets' first and last, IPv4 in IPv6,
// link-local.
Host odd(Random& random) {
  static const std::uint32_t odd4[] = {0,          1,          0x7f000001, 0x7f000102, 0xe0000001,
                                       0xe0000005, 0xef010203, 0xf0000001, 0xffffffff, 0xc0000200,
                                       0xc000021f, 0xc000023f, 0xa9fe0101, 0xc0000220, 0xc6336400};
  static const Ip6 odd6[] = {{},
                             {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1},
                             {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 2},
                             {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 192, 0, 2, 2},
                             {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1},
                             {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2},
                             {0xff, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1},
                             {0xff, 0x00, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1},
                             {0xff, 0x0e, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1},
                             {0xfe, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1},
                             {0xfc, 0x00, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1},
                             link_local_ip6(kRouterHost),
                             link_local_ip6(station_host(1)),
                             link_local_ip6(kNobody),
                             routed_ip6(1, 0),
                             routed_ip6(2, 0)};
  return {random.pick(odd4), random.pick(odd6)};
}

class RoutedTraffic : public Traffic {
 public:
  RoutedTraffic(Random& random, const Shape& shape, int ports)
      : random_(random), shape_(shape), ports_(ports) {
    if (shape.dialogues) dialogues_.emplace(random, shape);
  }
  Step next() override;
  Step talk() override;
  Step greet(int station) override;
  std::vector<Step> settle() override {
    return dialogues_ ? dialogues_->settle() : std::vector<Step>();
  }

 private:
  Host station(int number) const { return on_port(station_home(number), station_host(number)); }
  int elsewhere(int from);
  Host source(int from, int port);
  Host destination(int from, int port);
  Mac target(int port);
  Ipv4 header(const Host& from, const Host& to);
  Ipv6 header6(const Host& from, const Host& to);
  Bytes packet(bool v6, const Host& from, const Host& to);
  Frame unfinished_frame(int from, int port);
  Frame proper(int from, bool v6);
  void put_into_vlan(Bytes& frame, int port);

  Random& random_;
  const Shape& shape_;
  int ports_;
  std::uint32_t serial_ = 0;  // in each payload, so that no two packets are equal
  std::optional<Dialogues> dialogues_;
};

int RoutedTraffic::elsewhere(int from) {
  int to = from;
  while (station_home(to) == station_home(from)) to = random_.between(1, kStations);
  return to;
}

Host RoutedTraffic::source(int from, int port) {
  const unsigned draw = random_.below(100);
  if (draw < 84) return station(from);
  if (draw < 87) return station(random_.between(1, kStations));
  if (draw < 90) return behind_routes(random_);
  if (draw < 93) return on_port(random_.between(1, ports_), kRouterHost);
  if (draw < 96) return on_port(port, random_.between(kNobody, kNobody + 3));
  return odd(random_);
}

Host RoutedTraffic::destination(int from, int port) {
  const unsigned draw = random_.below(100);
  if (draw < 48) return station(elsewhere(from));
  if (draw < 76) return behind_routes(random_);
  if (draw < 84) return on_port(random_.between(1, ports_), kRouterHost);
  if (draw < 88) return on_port(random_.between(1, ports_), random_.between(kNobody, kNobody + 3));
  if (draw < 92) return on_port(port, station_host(random_.between(1, kStations)));
  if (draw < 96) return odd(random_);
  return on_port(random_.between(1, ports_), random_.below(32));
}

Mac RoutedTraffic::target(int port) {
  const Mac others[] = {port_mac(random_.between(1, ports_)),
                        station_mac(random_.between(1, kStations)),
                        {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
                        {{0x01, 0x00, 0x5e, 0, 0, 1}},
                        {{0x33, 0x33, 0, 0, 0, 1}},
                        {{0x01, 0x80, 0xc2, 0, 0, 0x0e}},
                        bridge_mac()};
  if (shape_.bridge_of(shape_.cable_of(port)) && random_.chance(12))  // past the router
    return station_mac(random_.between(1, kStations));
  return random_.chance(92) ? shape_.router_mac(port) : random_.pick(others);
}

Ipv4 RoutedTraffic::header(const Host& from, const Host& to) {
  return {.from = from.ip,
          .to = to.ip,
          .ttl = hops(random_),
          .tos = random_.chance(20) ? random_.below(256) : 0,
          .id = serial_ & 0xffff,
          .fragment = random_.chance(40) ? 0x4000u : 0};
}

Ipv6 RoutedTraffic::header6(const Host& from, const Host& to) {
  return {.from = from.ip6,
          .to = to.ip6,
          .hops = hops(random_),
          .traffic_class = random_.chance(20) ? random_.below(256) : 0,
          .label = random_.chance(25) ? random_.below(0x100000) : 0};
}

Bytes RoutedTraffic::packet(bool v6, const Host& from, const Host& to) {
  const std::size_t size = random_size(random_), headers = v6 ? 40 : 20;
  L4 l4 = routed_l4(random_, v6, serial_, size > headers ? size - headers : 0);
  Bytes bytes;
  if (v6) {
    Ipv6 with = header6(from, to);
    with.next = l4.protocol;
    bytes = ipv6(with, l4.bytes);
  } else {
    Ipv4 with = header(from, to);
    with.protocol = l4.protocol;
    bytes = ipv4(with, l4.bytes);
  }
  if (l4.checksum) finish_l4_checksum(bytes);
  if (random_.chance(9)) v6 ? mangle_ipv6(random_, bytes) : mangle_ipv4(random_, bytes);
  return bytes;
}

// With the tag of the port's network, where that is a VLAN.
void RoutedTraffic::put_into_vlan(Bytes& frame, int port) {
  const RoutedVlan* vlan = shape_.vlan_of(port);
  if (vlan && vlan->tagged)
    insert_tag(frame, vlan->provider ? 0x88a8 : 0x8100,
               vlan->vid | (random_.chance(30) ? random_.below(16) << 12 : 0));
}

Frame RoutedTraffic::unfinished_frame(int from, int port) {
  const Host source = station(from), to = station(elsewhere(from));
  const auto envelope = [&](bool v6, unsigned protocol, const Bytes& l4) {
    return v6 ? ipv6({.from = source.ip6, .to = to.ip6, .next = protocol}, l4)
              : ipv4({.from = source.ip, .to = to.ip, .protocol = protocol, .id = serial_ & 0xffff},
                     l4);
  };
  return unfinished(random_, shape_.router_mac(port), station_mac(from), serial_, envelope);
}

Step RoutedTraffic::next() {
  if (dialogues_ && random_.chance(kOfDialogues)) return dialogues_->next();
  if (random_.chance(kNothingWrong)) return talk();
  ++serial_;
  const int from = random_.between(1, kStations);
  const int port = random_.chance(96) ? station_home(from) : random_.between(1, ports_);
  Step step{.kind = Step::Kind::send, .port = shape_.cable_of(port)};
  if (random_.chance(3)) {
    step.frame = unfinished_frame(from, port);
    return step;
  }
  if (random_.chance(4)) {
    step.frame = {neighbour_message(random_, port, ports_)};
    put_into_vlan(step.frame.bytes, port);
    return step;
  }
  const bool v6 = random_.chance(kIpv6);
  Bytes& frame = step.frame.bytes;
  frame = ethernet(target(port), station_mac(from), v6 ? 0x86dd : 0x0800,
                   packet(v6, source(from, port), destination(from, port)));
  if (random_.chance(70)) frame.resize(std::max<std::size_t>(frame.size(), 60));
  if (random_.chance(shape_.tagged)) add_tags(random_, frame, false);
  if (!shape_.vlan_of(port) || random_.chance(96)) put_into_vlan(frame, port);
  if (random_.chance(2)) flip_a_bit(random_, frame);
  if (random_.chance(2)) frame.resize(random_.between(14, 60));
  frame.resize(std::min<std::size_t>(frame.size(), kHostMtu));
  return step;
}

Frame RoutedTraffic::proper(int from, bool v6) {
  const Host source = station(from), to = station(elsewhere(from));
  Bytes data(18);
  set32(data, 0, serial_);
  Bytes l4 = udp(4000, 4002, data);
  Bytes packet = v6 ? ipv6({.from = source.ip6, .to = to.ip6}, l4)
                    : ipv4({.from = source.ip, .to = to.ip, .id = serial_ & 0xffff}, l4);
  finish_l4_checksum(packet);
  const int port = station_home(from);
  Bytes frame = ethernet(shape_.router_mac(port), station_mac(from), v6 ? 0x86dd : 0x0800, packet);
  put_into_vlan(frame, port);
  return {frame};
}

Step RoutedTraffic::talk() {
  ++serial_;
  const int from = random_.between(1, kStations);
  return {.kind = Step::Kind::send,
          .port = shape_.cable_of(station_home(from)),
          .frame = proper(from, random_.chance(kIpv6))};
}

Step RoutedTraffic::greet(int station) {
  ++serial_;
  const int port = station_home(station);
  const Mac everybody{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
  const Bytes request = arp(1, station_mac(station), routed_ip(port, station_host(station)), {},
                            routed_ip(port, kRouterHost));
  Bytes frame = ethernet(everybody, station_mac(station), 0x0806, request);
  put_into_vlan(frame, port);
  return {.kind = Step::Kind::send, .port = shape_.cable_of(port), .frame = {frame}};
}

}  // namespace

std::unique_ptr<Traffic> routed_traffic(Random& random, const Shape& shape, int ports) {
  return std::make_unique<RoutedTraffic>(random, shape, ports);
}

}  // namespace tna::differential
