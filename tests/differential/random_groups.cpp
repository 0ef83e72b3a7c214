// SPDX-License-Identifier: Apache-2.0
// random_groups.cpp: what bridges say to each other, and members of groups to bridges.
#include "names.h"
#include "random_payload.h"

namespace tna::differential {
namespace {

void bridge_id(Bytes& to, unsigned priority, const Mac& mac) {
  put16(to, priority);
  append(to, mac.bytes);
}

}  // namespace

// A configuration message as of a neighbouring bridge, better or worse than ours; its times are
// so long that nothing runs out in a world's life. Or a notification of a change.
Payload bpdu(Random& random, const Talk& talk, std::size_t) {
  constexpr unsigned priorities[] = {0, 0x1000, 0x8000, 0xf000};
  Bytes bytes{0x42, 0x42, 3, 0, 0, 0};
  if (random.chance(15)) {
    bytes.push_back(0x80);
  } else {
    bytes.push_back(random.chance(90) ? 0 : 2);     // configuration, or RSTP's
    bytes.push_back(random.chance(80) ? 0 : 0x81);  // topology change
    bridge_id(bytes, random.pick(priorities), station_mac(random.between(1, kStations)));
    put32(bytes, random.below(200));
    bridge_id(bytes, random.pick(priorities), talk.source);
    put16(bytes, 0x8000 | random.below(4));
    put16(bytes, random.below(3) * 256);  // age
    put16(bytes, 40 * 256);
    put16(bytes, 2 * 256);
    put16(bytes, 30 * 256);
  }
  const unsigned length = bytes.size();
  bytes.resize(46);
  return {length, bytes, Mac{{0x01, 0x80, 0xc2, 0, 0, 0}}};
}

Payload igmp(Random& random, const Talk& talk, std::size_t) {
  constexpr unsigned kReport = 0x16, kLeave = 0x17, kOldReport = 0x12;
  constexpr unsigned kinds[] = {kReport, kReport, kOldReport, kLeave};
  const unsigned host = random.between(1, 5);
  const std::uint32_t group = 0xef010200u + host;  // 239.1.2.host
  const Ipv4 header{.from = station_ip(talk.from),
                    .to = group,
                    .protocol = 2,
                    .ttl = 1,
                    .id = talk.serial,
                    .options = {0x94, 4, 0, 0}};
  return {0x0800, ipv4(header, icmp(random.pick(kinds), 0, group, {})),
          Mac{{0x01, 0x00, 0x5e, 1, 2, static_cast<std::uint8_t>(host)}}};
}

}  // namespace tna::differential
