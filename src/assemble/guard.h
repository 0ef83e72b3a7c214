// SPDX-License-Identifier: Apache-2.0
// What the netfilter hooks of a namespace mean for bridged packets, and the guards that follow.
#pragma once

#include <string>
#include <vector>

#include "assemble/plan.h"

namespace tna {

// Why bridged packets can't be accelerated at all: somebody's hook stands among those of the bridge
// that is not in the firewall. Empty: nobody but br_netfilter does.
std::string foreign_rules(const NetfilterState&, const Firewall&);

// Rules of nftables' family bridge act on bridged packets.
bool has_frame_rules(const NetfilterState&);

// br_netfilter hands bridged packets of that family to what acts on IP.
bool acts_on_bridged_ip(const NetfilterState&, const Node& bridge, int version);

// Why nearly all that crosses the bridge is left to Linux frame by frame: br_netfilter hands it, of
// IPv4 or of IPv6, to something that is not in the firewall. Empty: it does not.
std::string rules_on_bridged_ip(const NetfilterState&, const Firewall&, const Node& bridge);

// Why frames for a bridge itself, or from it, must be left to Linux though bridged ones need not.
// Empty: they need not either.
std::string rules_on_bridge_itself(const NetfilterState&);

// Why programs can't do what netfilter does with packets of that family (4 or 6): something acts on
// them that is not in the firewall. Empty: they can.
std::string rules_on_ip(const NetfilterState&, const Firewall&, int version);

// Why packets of that family can't be routed fast: that, or others may get them. Empty: they can.
std::string rules_on_routed_ip(const NetfilterState&, const Firewall&, int version);

// What acts on packets of that family for this host, which applications then can't be given before
// Linux has them. Empty: nothing does.
std::string rules_on_local_ip(const NetfilterState&, int version);

// Rules act on packets of that family.
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
