// SPDX-License-Identifier: Apache-2.0
// RouteFacts: what the fast path must know of routes that bpf_fib_lookup does not tell.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "introspect/objects.h"

namespace tna {

struct RouteFacts {
  // Linux forwards by a route's mtu metric, the helper doesn't. The smallest that any route of the
  // family has, 0 for none, and a clause for people: "10.0.0.0/8 in table 254 has mtu 1400".
  struct SmallestMtu {
    std::uint32_t mtu = 0;
    std::string because;
    bool operator==(const SmallestMtu&) const = default;
  } ipv4, ipv6;
  // Among default routes of equal rank Linux chooses by the state of their gateways, the helper
  // takes the first. "table 254 has several default routes of metric 0"; empty where none has.
  std::string several_defaults;
  bool operator==(const RouteFacts&) const = default;
};

RouteFacts route_facts(const std::set<Route>& routes);

}  // namespace tna
