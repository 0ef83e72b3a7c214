// SPDX-License-Identifier: Apache-2.0
// Given: what a plan is made from, as all parts of the planner see it.
#pragma once

#include <string>

#include "assemble/plan.h"
#include "assemble/routing.h"

namespace tna {

struct Given {
  Given(const Graph& with, const Capabilities& on, const PlanInputs& by)
      : graph(with), capabilities(on), inputs(by), routing(with, on, by.firewall) {}

  const DeviceCapabilities& device_of(const Node&) const;
  // Why programs can do no rules, empty: they can.
  std::string why_no_rules() const;
  // Plan::why_linux_counts.
  std::string why_linux_counts() const;

  const Graph& graph;
  const Capabilities& capabilities;
  const PlanInputs& inputs;
  Routing routing;
};

// The interface stays with Linux.
void leave(InterfacePlan&, std::string why);

}  // namespace tna
