// SPDX-License-Identifier: Apache-2.0
// A device that is a router: p1, p2 ... have addresses and are ports of no bridge. Its stations, of
// which four ports have two each, are known neighbours.
//
//   p1  192.0.2.1/27   2001:db8:1::1/64  fe80::1   stations 1 and 5
//   p2  192.0.2.33/27  2001:db8:2::1/64  fe80::1   stations 2 and 6
//   ... station 2 is 192.0.2.35, 2001:db8:2::3 and fe80::3
#pragma once

#include <string>
#include <vector>

#include "frame.h"
#include "names.h"

namespace tna::differential {

// Host 1 of a network is the router, 1 + n is station n; nobody has those from kNobody on.
constexpr int kRouterHost = 1, kNobody = 20, kLastHost = 30, kStationPorts = 4;

constexpr int station_home(int station) {
  return (station - 1) % kStationPorts + 1;
}
constexpr int station_host(int station) {
  return kRouterHost + station;
}
constexpr std::uint32_t routed_ip(int port, int host) {
  return 0xc0000200u + 32 * (port - 1) + host;
}
constexpr Ip6 routed_ip6(int port, int host) {
  Ip6 ip{0x20, 0x01, 0x0d, 0xb8};
  ip[5] = port;
  ip[15] = host;
  return ip;
}
constexpr Ip6 link_local_ip6(int host) {
  Ip6 ip{0xfe, 0x80};
  ip[15] = host;
  return ip;
}
std::string routed_ip_text(int port, int host);
std::string routed_ip6_text(int port, int host);
std::string link_local_text(int host);

// What the device must not do by itself, or by a clock.
const std::vector<std::string>& router_sysctl();
std::vector<std::string> patient_neighbours(const std::vector<std::string>& devices);
std::vector<std::string> port_names(int ports);
// For `ip -batch`: the interfaces, that they are up, and then what they have.
std::string router_links(int ports, const std::string& hosts);
std::string router_up(int ports);
std::string router_addresses(int ports);
// Neighbours as commands' ends: "192.0.2.2 lladdr ... dev p1 nud permanent", of the stations of a
// port.
std::vector<std::string> router_neighbours(int port, const std::string& device);

}  // namespace tna::differential
