// SPDX-License-Identifier: Apache-2.0
// Changes in the middle of traffic: every frame carries the number of the epoch in which it was
// made, so a frame made after a command returned is known at the sink.
#pragma once

#include <atomic>
#include <thread>

#include "bed.h"
#include "flow.h"

namespace tna::bench {

// Sends on the flow from a thread of its own until the object dies.
class Stream {
 public:
  explicit Stream(Flow& flow);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  // An error when sending has failed.
  Result<> healthy() const;

 private:
  std::atomic<bool> ending_ = false;
  std::atomic<bool> failed_ = false;
  std::thread thread_;
};

struct Epoch {
  std::uint64_t generated = 0, arrived = 0;
};

// What happens to the frames made in `seconds` from now on. number: 1 to 3, each used once per
// flow.
Result<Epoch> watch_epoch(Flow& flow, std::uint32_t number, double seconds);

}  // namespace tna::bench
