// SPDX-License-Identifier: Apache-2.0
// A test of a module: a bridge of the kernel, a program made for it, one packet, one question. Each
// runs at each hook that the kernel has.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>

#include "fpm/bridge_world.h"
#include "fpm/coverage.h"
#include "fpm/fast_path.h"
#include "fpm/packet.h"
#include "fpm/shared_maps.h"

namespace tna::test {

class FpmTest : public testing::TestWithParam<Hook> {
 protected:
  FpmTest();

  // Whether this kernel has tcx, and whether XDP on a veth sees what the sender left to the device.
  bool tcx() const { return has("net_device", "tcx_ingress"); }
  bool sender_seen() const { return has("veth_xdp_buff", "skb", "veth"); }
  bool has(const char* type, const char* member, const char* module = "") const {
    return Shared::get().memory().offset(type, member, module).has_value();
  }
  bool at_xdp() const { return GetParam() == Hook::xdp; }

  // A program with these constants (and those for veth), armed with what stands in the namespace
  // now, in the place of the one before. There is one with `bridge` alone from the start. It is
  // attached to ports as they are used.
  void load(tna_const constants, const Firewall& firewall = {},
            std::span<const PlacedHook> hooks = {});
  FastPath& path() { return *path_; }
  tna_guard guard() const { return FastPath::current_guard(); }

  // What becomes of the frame when the port receives it; the stations' FDB entries are young. A
  // packet is padded as a NIC would.
  Outcome run(const Packet& packet, const std::string& port = "p1") {
    return run(packet.padded(), port);
  }
  Outcome run(const Bytes& frame, const std::string& port = "p1", std::uint32_t segment_size = 0);
  // The same with FDB entries as old as they are.
  Outcome run_now(const Bytes& frame, const std::string& port = "p1");

  // What becomes of a real frame that `act` makes the port receive. nullopt: none came.
  template <typename Act>
  std::optional<Outcome> on_the_wire(const std::string& port, Act act) {
    ready(port);
    world.keep_fresh(std::chrono::milliseconds(0));  // can't be tried again when they age meanwhile
    return on_the_wire_now(port, act);
  }
  template <typename Act>
  std::optional<Outcome> on_the_wire_now(const std::string& port, Act act) {
    IfIndex ifindex = ready(port);
    tna_counters before = path_->counters(ifindex);
    act();
    return wait_for_packet(before, port);
  }

  void configure(const std::string& script) { world.configure(script); }
  // At XDP this, at tc the other.
  Outcome by_hook(Outcome xdp, Outcome tc) const { return at_xdp() ? xdp : tc; }

  BridgeWorld world;
  const Mac a = mac(kA), b = mac(kB), c = mac(kC);
  // From A to B, which are on p1 and p2.
  const Ethernet to_b{.dst = b, .src = a};
  const Packet udp = to_b / IPv4{} / Udp{} / Payload{18};

 private:
  IfIndex ready(const std::string& port);
  // BPF_PROG_TEST_RUN can't give a tag beside the frame, which is where it lies at tc.
  Outcome sent_by_station(const Bytes& frame, const std::string& port);
  std::optional<Outcome> wait_for_packet(const tna_counters& before, const std::string& port);
  Outcome note(const Outcome&) const;
  std::unique_ptr<FastPath> path_;
};

inline std::string hook_name(const testing::TestParamInfo<Hook>& info) {
  return to_string(info.param);
}

}  // namespace tna::test

// A test suite at each hook.
#define FPM_SUITE(name)                                                          \
  class name : public tna::test::FpmTest {};                                     \
  INSTANTIATE_TEST_SUITE_P(, name, testing::ValuesIn(tna::test::tested_hooks()), \
                           tna::test::hook_name)
