// SPDX-License-Identifier: Apache-2.0
// decode.h: one netlink message in, the TNA object it tells of out. Pure. What is malformed, or not
// about such an object, is no object; that is an answer, never a crash.
#pragma once

#include <optional>
#include <vector>

#include "introspect/message.h"
#include "introspect/objects.h"

namespace tna {

// RTM_NEWLINK, RTM_DELLINK of a device. What the bridge says of a port (AF_BRIDGE) is not one: its
// RTM_DELLINK tells that the port left the bridge, not that the device went.
std::optional<Event> decode_link(Bytes message);

// The device that an RTM_NEWLINK or RTM_DELLINK of any family is about, also where decode_link
// finds nothing in it: something of that device changed, and the message doesn't tell the whole of
// it.
std::optional<IfIndex> concerned_link(Bytes message);

// RTM_NEWADDR, RTM_DELADDR.
std::optional<Event> decode_address(Bytes message);

// RTM_NEWNETCONF, RTM_DELNETCONF. A notification holds only the values that changed.
std::optional<Event> decode_netconf(Bytes message);

// RTM_NEWQDISC. The kernel doesn't tell of all qdiscs that come and go (children of one that went,
// those it puts in place by default), so RTM_DELQDISC is no object: it is a reason to dump again.
std::optional<Qdisc> decode_qdisc(Bytes message);

// RTM_NEWTFILTER, RTM_DELTFILTER on an ingress or clsact qdisc of a device. Its parent is told as
// clsact's also for the older ingress qdisc, where the kernel echoes whatever the user wrote.
// A filter of a block that several qdiscs share names no device. In the answer to a question it
// stands where was asked for: on that device and parent.
struct FilterPlace {
  IfIndex ifindex = 0;
  std::uint32_t parent = 0;
};
std::optional<Event> decode_filter(Bytes message, FilterPlace asked_for = {});

// The place that an RTM_NEWQDISC or RTM_DELQDISC is about.
struct ConcernedQdisc {
  IfIndex ifindex = 0;
  std::uint32_t parent = 0;
};
std::optional<ConcernedQdisc> concerned_qdisc(Bytes message);

// An RTM_NEWTFILTER or RTM_DELTFILTER of a block that several qdiscs share.
bool concerns_shared_block(Bytes message);

// RTM_NEWVLAN: the VLANs of one bridge or port.
std::vector<BridgeVlan> decode_bridge_vlans(Bytes message);

// The bridge or port that an RTM_NEWVLAN or RTM_DELVLAN is about.
std::optional<IfIndex> concerned_vlans(Bytes message);

// RTM_NEWROUTE, RTM_DELROUTE of a route that objects.h calls notable; no other one is an
// object.
std::optional<Event> decode_route(Bytes message);

// The table that an RTM_NEWROUTE or RTM_DELROUTE of an IPv4 default route is about, whatever its
// type: it may have taken the place of another.
std::optional<std::uint32_t> concerned_defaults(Bytes message);

// A route to another address than 0.0.0.0. In the list of a table, no default route follows it.
bool is_beyond_defaults(Bytes message);

// NFT_MSG_NEWGEN.
std::optional<RulesetGeneration> decode_generation(Bytes message);

}  // namespace tna
