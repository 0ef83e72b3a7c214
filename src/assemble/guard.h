// SPDX-License-Identifier: Apache-2.0
// What the netfilter hooks of a namespace mean for bridged packets, and the guards that follow.
#pragma once

#include <string>
#include <vector>

#include "assemble/plan.h"

namespace tna {

// Why bridged packets can't be accelerated at all: somebody's hook stands among those of the
// bridge. Empty: nobody but br_netfilter does.
std::string foreign_rules(const NetfilterState&);

// Why nearly all that crosses the bridge is left to Linux frame by frame: br_netfilter hands it to
// rules, for IPv4 or for IPv6. Empty: it does not.
std::string rules_on_bridged_ip(const NetfilterState&, const Node& bridge);

// Why frames for a bridge itself, or from it, must be left to Linux though bridged ones need not.
// Empty: they need not either.
std::string rules_on_bridge_itself(const NetfilterState&);

// Why packets of that family (4 or 6) can't be routed fast: something acts on them that is not in
// the firewall. Empty: nothing does.
std::string rules_on_routed_ip(const NetfilterState&, const Firewall&, int version);

// Rules act on routed packets of that family.
bool has_rules(const NetfilterState&, int version);

// Connections are followed for routed packets of that family, and programs can look them up; and
// addresses are translated.
bool tracks_connections(const NetfilterState&, int version);
bool translates_connections(const NetfilterState&);

// br_netfilter's hooks are registered in the namespace.
bool bridge_netfilter_active(const NetfilterState&);

// The words that programs compare, each with its reason.
tna_guard guard_for(const NetfilterState&, const RouteFacts&, const Firewall&,
                    std::vector<PlannedGuard>& notes);

// After how many jiffies the source's FDB entry is left to Linux to be refreshed: a second, or a
// quarter of the shortest time after which a bridge here forgets (net/bridge/br_fdb.c:hold_time).
std::uint64_t refresh_after(const Graph&, std::uint32_t hz);

}  // namespace tna
