// SPDX-License-Identifier: Apache-2.0
// Store: the objects that the kernel has told of, as of now.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "introspect/objects.h"
#include "topology/knowledge.h"

namespace tna {

// What an event changed. Only a changed configuration can change the plan.
enum class Change {
  nothing,  // the store knew it already
  state,    // carrier, timers, counters: what changes by itself
  configuration,
};

struct Store {
  std::map<IfIndex, Link> links;
  std::set<Address> addresses;
  std::map<std::pair<IfIndex, std::uint32_t>, Qdisc> qdiscs;  // by parent: one stands in each place
  // By interface, parent, priority with protocol, chain, handle.
  std::map<std::tuple<IfIndex, std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t>, Filter>
      filters;
  std::map<std::pair<std::uint8_t, std::int32_t>, NetConf> netconfs;  // by family and interface
  std::map<std::pair<IfIndex, std::uint16_t>, BridgeVlan> vlans;      // by first VLAN; no overlaps
  std::set<Route> routes;                                             // the few of objects.h
  RulesetGeneration ruleset;
  bool operator==(const Store&) const = default;

  // The knowledge says which attributes change by themselves.
  Change apply(const Event&, const Knowledge&);

  const Link* link(IfIndex) const;
  const Link* link(const std::string& name) const;
};

}  // namespace tna
