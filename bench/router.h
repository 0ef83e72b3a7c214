// SPDX-License-Identifier: Apache-2.0
// A router between generator and sink, and the flow through it.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "measure.h"

namespace tna::bench {

struct Router {
  Bed bed;
  std::optional<Flow> flow{};
  Subject subject() { return {.bed = &bed, .flows = {&*flow}, .routes = true}; }
};

// With so many routes to elsewhere; frames are for the stations.
Result<std::unique_ptr<Router>> open_router(int routes, Family family = Family::ipv4,
                                            std::optional<Side> bridged = {});
// Frames are for that many addresses, each behind another of the routes, or evenly spread over
// them.
Result<std::unique_ptr<Router>> open_router_to(int destinations, int routes);

}  // namespace tna::bench
