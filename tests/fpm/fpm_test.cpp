// SPDX-License-Identifier: Apache-2.0
#include "fpm/fpm_test.h"

#include <thread>

namespace tna::test {

using std::chrono::milliseconds;

namespace {

bool is_tagged(const Bytes& frame) {
  if (frame.size() < 14) return false;
  const int type = frame[12] << 8 | frame[13];
  return type == 0x8100 || type == 0x88a8;
}

}  // namespace

FpmTest::FpmTest() {
  load({.bridge = 1});
}

void FpmTest::load(tna_const constants, const Firewall& firewall,
                   std::span<const PlacedHook> hooks) {
  constants.veth = at_xdp() && sender_seen();
  constants.veth_out = !at_xdp() || !has("net_device", "xdp_features");
  if (!sender_seen())
    for (tna_reason reason : {TNA_R_TAG_ASIDE, TNA_R_CHECKSUM})
      kernel_lacks(reason, "veth_xdp_buff: TNA leaves XDP on a veth alone there");
  path_.reset();
  path_ = std::make_unique<FastPath>(GetParam(), constants, firewall, hooks);
  path_->renew_lease(1'000'000);
}

IfIndex FpmTest::ready(const std::string& port) {
  IfIndex ifindex = world.ifindex(port);
  if (!path_->attached(ifindex)) {
    path_->attach(ifindex);
    path_->count(ifindex);
  }
  return ifindex;
}

Outcome FpmTest::note(const Outcome& outcome) const {
  if (outcome.kind == Outcome::punt)
    saw(GetParam(),
        outcome == punt_uncounted() ? TNA_R_UNKNOWN_IF : static_cast<tna_reason>(outcome.reason));
  return outcome;
}

Outcome FpmTest::sent_by_station(const Bytes& frame, const std::string& port) {
  PacketSocket station = world.wire("s" + port.substr(1));
  std::optional<Outcome> outcome = on_the_wire_now(port, [&] { station.send(frame); });
  return outcome.value_or(Outcome{.what = "the frame did not come in"});
}

Outcome FpmTest::run(const Bytes& frame, const std::string& port, std::uint32_t segment_size) {
  IfIndex ifindex = ready(port);
  if (!at_xdp() && is_tagged(frame)) {
    world.keep_fresh(milliseconds(0));
    return sent_by_station(frame, port);
  }
  for (int tries = 0; tries < 20; tries++) {
    world.keep_fresh();
    Outcome outcome = path_->run(frame, ifindex, segment_size);
    if (world.age() < milliseconds(900)) return note(outcome);
  }
  return {.what = "the machine is too busy: FDB entries aged meanwhile"};
}

Outcome FpmTest::run_now(const Bytes& frame, const std::string& port) {
  IfIndex ifindex = ready(port);
  if (!at_xdp() && is_tagged(frame)) return sent_by_station(frame, port);
  return note(path_->run(frame, ifindex));
}

std::optional<Outcome> FpmTest::wait_for_packet(const tna_counters& before,
                                                const std::string& port) {
  for (int i = 0; i < 500; i++) {
    Outcome outcome = path_->difference(before, world.ifindex(port));
    if (outcome != punt_uncounted()) return note(outcome);
    std::this_thread::sleep_for(milliseconds(2));
  }
  return std::nullopt;
}

}  // namespace tna::test
