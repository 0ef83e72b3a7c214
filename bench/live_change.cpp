// SPDX-License-Identifier: Apache-2.0
#include "live_change.h"

#include "clock.h"

namespace tna::bench {
namespace {

constexpr std::uint32_t kPortion = 1 << 13;  // so that it ends soon when it is to end
constexpr double kUnderway = 0.02;           // for a frame to get through the bridge to the sink

}  // namespace

Stream::Stream(Flow& flow)
    : thread_([this, &flow] {
        pin_to(0);
        while (!ending_ && !failed_) failed_ = !flow.send(kPortion);
      }) {}

Stream::~Stream() {
  ending_ = true;
  thread_.join();
}

Result<> Stream::healthy() const {
  if (failed_) return error("the generator failed");
  return {};
}

Result<Epoch> watch_epoch(Flow& flow, std::uint32_t number, double seconds) {
  flow.set_epoch(number);
  pause_for(seconds);
  Epoch epoch{.generated = flow.generated(number)};
  flow.set_epoch(0);
  pause_for(kUnderway);
  epoch.arrived = TRY(flow.received(number));
  return epoch;
}

}  // namespace tna::bench
