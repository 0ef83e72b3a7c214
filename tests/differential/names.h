// SPDX-License-Identifier: Apache-2.0
// Names and addresses of a world, the same in both: bridge br0 with ports p1, p2 ... in the
// device's namespace, the other ends of the cables h1, h2 ... in the hosts' namespace, stations
// behind them.
#pragma once

#include <string>

#include "base/net_types.h"

namespace tna::differential {

constexpr int kStations = 8;
constexpr std::uint32_t kBridgeIp = 0xc00002fe;  // 192.0.2.254
constexpr int kHostMtu =
    3000;  // hosts may send more than a port takes; XDP on veth wants < 3.5 KiB

constexpr Mac bridge_mac() {
  return {{0x02, 0xb0, 0, 0, 0, 0x01}};
}
constexpr Mac second_bridge_mac() {
  return {{0x02, 0xb0, 0, 0, 0, 0x02}};
}
// One of the device's own MACs, whichever device has it at the moment.
constexpr bool of_the_device(const std::uint8_t* mac) {
  return mac[0] == 0x02 && mac[1] == 0xb0;
}
constexpr Mac port_mac(int port) {
  return {{0x02, 0xb0, 0, 0, 0x01, static_cast<std::uint8_t>(port)}};
}
constexpr Mac station_mac(int station) {
  return {{0x02, 0x57, 0, 0, 0, static_cast<std::uint8_t>(station)}};
}
constexpr std::uint32_t station_ip(int station) {
  return 0xc0000200u + station;
}
inline std::string port_name(int port) {
  return "p" + std::to_string(port);
}
inline std::string host_name(int port) {
  return "h" + std::to_string(port);
}
inline std::string station_ip_text(int station) {
  return "192.0.2." + std::to_string(station);
}

}  // namespace tna::differential
