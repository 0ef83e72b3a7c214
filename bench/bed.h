// SPDX-License-Identifier: Apache-2.0
// The test bed: a bridge in a namespace between a generator's and a sink's.
//
//     generator         dut (device under test)          sink
//     g0 ------------- p0 [          ] p1 ------------- s1       lane 0
//     g2 ------------- p2 [   br0    ] p3 ------------- s3       lane 1 ...
#pragma once

#include <array>
#include <optional>
#include <string>

#include "base/net_types.h"
#include "base/result.h"
#include "frame.h"
#include "netns.h"

namespace tna::bench {

inline constexpr int kStations = 200;  // on each side of a lane

enum class Side { generator, sink };
enum class Family { ipv4, ipv6 };

class Bed {
 public:
  static Result<Bed> create(int lanes = 1);

  const Netns& generator() const { return generator_; }
  const Netns& dut() const { return dut_; }
  const Netns& sink() const { return sink_; }
  int lanes() const { return lanes_; }
  void keep();

  // Names of a lane's devices.
  static std::string port_in(int lane) { return "p" + std::to_string(2 * lane); }
  static std::string port_out(int lane) { return "p" + std::to_string(2 * lane + 1); }
  static std::string generator_end(int lane) { return "g" + std::to_string(2 * lane); }
  static std::string sink_end(int lane) { return "s" + std::to_string(2 * lane + 1); }

  // The MAC of a lane's ingress port in a router.
  static Mac router_mac(int lane) { return Mac{{0x02, 0xfe, 0, 0, 0, std::uint8_t(lane)}}; }
  // The bridge's ports become a router's interfaces, between 198.18/16 and 198.19/16, or between
  // 2001:2:0::/48 and 2001:2:1::/48. Those of the side that is `bridged` stay with the bridge,
  // which then is the interface (of one lane).
  Result<> make_router(Family family = Family::ipv4, std::optional<Side> bridged = {}) const;
  // A router whose neighbours are hosts with addresses: NET.2 behind each of lane 0's ports, which
  // have NET.1; the first network is given without its last byte, as the other is.
  Result<> make_home_router(const std::string& home, const std::string& world) const;
  // IPv4 routes to elsewhere, /24 each, by way of the stations behind lane 0's egress port in turn.
  Result<> add_routes(int count) const;
  // Of the route of that number: its prefix and way as `ip` has them, an address that it leads to.
  static std::string route(int number);
  static std::string way(int number);
  static std::uint32_t behind_route(int number) { return 0x01000001 + std::uint32_t(number) * 256; }
  // Every station on both sides sends one frame, as living stations do: learned or refreshed.
  Result<> speak() const;
  // Adds bridge ports with peers that say nothing: p100, p101 ...
  Result<> add_quiet_ports(int count) const;
  // Fills the bridge's FDB with stations behind lane 0's egress port that never speak.
  Result<> add_quiet_stations(int count) const;
  // Runs a command inside the device under test.
  Result<std::string> in_dut(const std::string& command_line) const;
  // The number of the bridge's FDB entries.
  Result<int> fdb_entries() const;

 private:
  Bed(Netns generator, Netns dut, Netns sink, int lanes)
      : generator_(std::move(generator)),
        dut_(std::move(dut)),
        sink_(std::move(sink)),
        lanes_(lanes) {}
  Netns generator_, dut_, sink_;
  int lanes_;
};

// A device's index in the namespace.
Result<IfIndex> index_of(const Netns& netns, const std::string& device);
Mac station(int lane, Side side, int number);
// The frame that station `number` sends to its partner, with right checksums and lengths.
bench_frame frame_between(int lane, int number, Family family = Family::ipv4);
// The same to somebody else.
bench_frame frame_to(int lane, int number, const Mac& mac, std::uint32_t address);

}  // namespace tna::bench
