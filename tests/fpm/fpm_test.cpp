// SPDX-License-Identifier: Apache-2.0
#include "fpm/fpm_test.h"

#include <thread>

namespace tna::test {

using std::chrono::milliseconds;

FpmTest::FpmTest() {
  load({.bridge = 1});
}

void FpmTest::load(tna_const constants) {
  const KernelMemory& memory = Shared::get().memory();
  constants.veth = at_xdp() && memory.offset("veth_xdp_buff", "skb", "veth");
  constants.veth_out = !at_xdp() || !memory.offset("net_device", "xdp_features");
  if (at_xdp() && !constants.veth)
    for (tna_reason reason : {TNA_R_TAG_ASIDE, TNA_R_CHECKSUM})
      kernel_lacks(reason, "veth_xdp_buff: TNA leaves XDP on a veth alone there");
  path_.reset();
  path_ = std::make_unique<FastPath>(GetParam(), constants);
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

Outcome FpmTest::run(const Bytes& frame, const std::string& port, std::uint32_t segment_size) {
  IfIndex ifindex = ready(port);
  for (int tries = 0; tries < 20; tries++) {
    world.keep_fresh();
    Outcome outcome = path_->run(frame, ifindex, segment_size);
    if (world.age() < milliseconds(900)) return note(outcome);
  }
  return {.what = "the machine is too busy: FDB entries aged meanwhile"};
}

Outcome FpmTest::run_now(const Bytes& frame, const std::string& port) {
  return note(path_->run(frame, ready(port)));
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
