// SPDX-License-Identifier: Apache-2.0
// Requests of which a bounded number is under way: each answer is turned into the next request by
// an XDP program at the generator's end, so that nobody is sent more than he answers.
#pragma once

#include <cstdint>

#include "flow.h"

namespace tna::bench {

class Window {
 public:
  // On the flow's lane 0; what the flow sends are the requests, the stations are the askers.
  static Result<Window> open(const Bed& bed, Flow& flow);

  struct Answers {
    double pps = 0;
    std::uint64_t count = 0;  // all that came, before and after the time that was measured, too
    std::uint64_t lost = 0;   // requests without an answer, which were made anew
  };
  // For so many seconds with so many requests under way.
  Result<Answers> run(std::uint32_t requests, double seconds);

 private:
  Window(Flow& flow, Link link) : flow_(&flow), link_(std::move(link)) {}
  std::uint64_t answered(std::uint32_t slot) const;
  std::uint64_t answered() const;
  // Slots without an answer since they were looked at last ask again; how many.
  Result<std::uint64_t> renew();
  Result<> ask(std::uint32_t slot, std::uint32_t requests);

  Flow* flow_;
  Link link_;
  std::vector<std::uint64_t> seen_ = std::vector<std::uint64_t>(BENCH_SLOTS);
};

}  // namespace tna::bench
