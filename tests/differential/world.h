// SPDX-License-Identifier: Apache-2.0
// World: a device namespace with a bridge, and a hosts namespace at the other ends of its cables.
//
//   hosts:   h1   h2   h3   h4        m0 --- m1   (a cable of its own, to know when all is quiet)
//             |    |    |    |
//   device:  p1   p2   p3   p4
//             +----+- br0 -+         or a router (router_world.h)
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "case.h"
#include "netns.h"
#include "port_socket.h"
#include "process.h"
#include "tnad.h"

namespace tna::differential {

using Seen = std::map<std::string, std::vector<Bytes>>;  // by the place where it was seen

class World {
 public:
  // `redirect_targets`: the cables' ends take frames that XDP redirects.
  static Result<World> create(const std::string& name, const Device& device, bool redirect_targets);
  World(World&&) noexcept = default;

  Result<> start_tnad(const Options& options);
  std::optional<Tnad>& tnad() { return tnad_; }
  Result<> open_tap(const std::string& interface);
  void close_taps() { taps_.clear(); }
  // That program (hooks/NAME_tc.o) sees all packets that come in, before Linux does.
  Result<> add_tc_program(const std::string& object);

  Result<> send(int port, const Frame& frame) const;
  // Returns when all softirq work of the frames sent before is done.
  Result<> flush();
  // What was seen since the last call. One packet that is cut on its way passes an interface as one
  // in one world and as several in the other, so a tap on all of them is a place for each of them.
  Result<Seen> receive();

  int netns() const { return device_.fd(); }

 private:
  World(Netns device, Netns hosts) : device_(std::move(device)), hosts_(std::move(hosts)) {}
  Result<> build(const Device& device, bool redirect_targets);
  Result<> build_bridge(int ports);
  Result<> build_router(int ports);
  Result<> open_sockets(int ports);

  Netns device_, hosts_;
  std::vector<PortSocket> ports_, markers_;
  std::vector<PortSocket> taps_;
  std::optional<Tnad> tnad_;
};

// The commands that make a world as create() does, one a line, for a report.
std::string world_commands(const Device& device, bool redirect_targets);

}  // namespace tna::differential
