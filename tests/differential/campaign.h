// SPDX-License-Identifier: Apache-2.0
// Campaign: many cases one after the other, the totals, and what is done about a difference.
#pragma once

#include "case.h"
#include "shapes.h"
#include "twins.h"

namespace tna::differential {

struct Totals {
  int cases = 0, differences = 0;
  long frames = 0, received = 0;
  Counters counters;
  void add(const Totals& other);
  double fast_share() const { return frames ? double(counters.fast) / double(frames) : 0; }
};

class Campaign {
 public:
  Campaign(Options options, std::string save, int shrink_seconds)
      : options_(std::move(options)), save_(std::move(save)), shrink_seconds_(shrink_seconds) {}

  Result<> run(const Case& case_);  // a difference is shrunk, printed, saved and counted
  Result<> run_corpus(const std::string& directory);
  Totals totals;

 private:
  Result<> examine(const Case& case_, Outcome outcome);
  Options options_;
  std::string save_;
  int shrink_seconds_;
};

// Plain Linux against plain Linux must not differ; plain Linux against Linux with something wrong
// must. An error says which of the two did not hold.
Result<> self_test(Options options, const Shapes& shapes, std::uint64_t seed, int frames);

}  // namespace tna::differential
