// SPDX-License-Identifier: Apache-2.0
// TNA objects: what the kernel says of its network configuration, as plain values. An Event is one
// object that appeared or changed, or the key of one that went.
#pragma once

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/net_types.h"

namespace tna {

// Netlink attributes that knowledge/*.toml gives names to: attribute number -> payload as it came.
// So a new attribute needs a row of knowledge and no decoder.
using RawAttributes = std::map<std::uint16_t, std::vector<std::byte>>;

// Another program attached by XDP or ours: IFLA_XDP.
struct XdpAttachment {
  std::uint8_t mode = 0;         // XDP_ATTACHED_DRV, _SKB, _HW, _MULTI (linux/if_link.h)
  std::uint32_t program_id = 0;  // the program of that mode; 0 with _MULTI
  bool operator==(const XdpAttachment&) const = default;
};

// A network device: RTM_NEWLINK (net/core/rtnetlink.c:rtnl_fill_ifinfo).
struct Link {
  IfIndex ifindex = 0;
  std::string name;
  std::uint16_t hardware_type = 0;   // ARPHRD_*
  std::uint32_t flags = 0;           // IFF_*
  Mac address;                       // zero where the device has none, or one of another length
  std::uint32_t mtu = 0;             // bytes
  IfIndex master = 0;                // IFLA_MASTER: bridge, bond, VRF it belongs to
  IfIndex lower = 0;                 // IFLA_LINK: the device below, or the peer of a veth
  std::optional<int> lower_netnsid;  // IFLA_LINK_NETNSID: that device is in another namespace
  std::string kind;                  // IFLA_INFO_KIND; empty for physical devices and lo
  std::string slave_kind;            // IFLA_INFO_SLAVE_KIND: what it is to its master
  std::string root_qdisc;            // IFLA_QDISC
  std::string switch_id;  // IFLA_PHYS_SWITCH_ID in hex; set on ports of a hardware switch
  std::optional<XdpAttachment> xdp;
  RawAttributes info;  // IFLA_INFO_DATA: of its kind
  RawAttributes port;  // IFLA_INFO_SLAVE_DATA: of its being a port of its master
  bool operator==(const Link&) const = default;
};

// RTM_NEWADDR.
struct Address {
  IfIndex ifindex = 0;
  std::uint8_t family = 0;  // AF_INET, AF_INET6
  std::uint8_t prefix_length = 0;
  std::uint8_t scope = 0;  // RT_SCOPE_*
  std::vector<std::byte> bytes;
  auto operator<=>(const Address&) const = default;
};

// RTM_NEWQDISC: every qdisc, roots, children and clsact/ingress.
struct Qdisc {
  IfIndex ifindex = 0;
  std::uint32_t handle = 0, parent = 0;  // TC_H_*
  std::string kind;
  bool operator==(const Qdisc&) const = default;
};

// RTM_NEWTFILTER on an ingress or clsact qdisc.
struct Filter {
  IfIndex ifindex = 0;
  std::uint32_t parent = 0;  // TC_H_CLSACT with TC_H_MIN_INGRESS or _EGRESS
  std::uint32_t info = 0;    // priority and protocol, tcm_info
  std::uint32_t chain = 0, handle = 0;
  std::string kind;
  bool operator==(const Filter&) const = default;
};

// RTM_NEWNETCONF: forwarding and friends, per family and interface (ifindex -1: all, -2: default).
struct NetConf {
  std::uint8_t family = 0;
  std::int32_t ifindex = 0;
  std::map<std::uint16_t, std::int32_t> values;  // NETCONFA_*
  bool operator==(const NetConf&) const = default;
};

// A VLAN entry of a bridge or a port of it: RTM_NEWVLAN.
struct BridgeVlan {
  IfIndex ifindex = 0;
  std::uint16_t vid = 0, vid_end = 0;  // an inclusive range
  std::uint16_t flags = 0;             // BRIDGE_VLAN_INFO_*
  std::uint8_t state = 3;              // BR_STATE_*
  bool operator==(const BridgeVlan&) const = default;
};

// A route of the few that the fast path must know of: RTM_NEWROUTE of a unicast route outside table
// "local" that has an mtu metric, or is an IPv4 route to everywhere (a default route).
struct Route {
  std::uint8_t family = AF_INET;  // or AF_INET6
  std::uint32_t table = 0;
  std::uint32_t destination = 0;  // host byte order; IPv6: in `rest`
  std::uint8_t prefix_length = 0;
  std::uint8_t tos = 0;
  std::uint32_t priority = 0;       // "metric" in ip-route(8): the smallest is used
  std::uint32_t mtu = 0;            // RTAX_MTU; 0: none
  std::vector<IfIndex> interfaces;  // it can't outlive them; none where a nexthop object says them
  // What else tells it from other routes to the destination: gateways, source, protocol.
  std::vector<std::byte> rest;
  bool is_default() const { return family == AF_INET && prefix_length == 0; }
  bool uses(IfIndex ifindex) const {
    return std::ranges::find(interfaces, ifindex) != interfaces.end();
  }
  auto operator<=>(const Route&) const = default;
};

// nf_tables committed a transaction: NFT_MSG_NEWGEN. What is in it is read by whoever needs it.
struct RulesetGeneration {
  std::uint32_t id = 0;
  bool operator==(const RulesetGeneration&) const = default;
};

// What identifies an object that went.
struct RemovedLink {
  IfIndex ifindex;
  bool operator==(const RemovedLink&) const = default;
};
struct RemovedAddress {
  Address address;
  bool operator==(const RemovedAddress&) const = default;
};
struct RemovedQdisc {
  IfIndex ifindex;
  std::uint32_t handle, parent;
  bool operator==(const RemovedQdisc&) const = default;
};
struct RemovedFilter {
  Filter filter;
  bool operator==(const RemovedFilter&) const = default;
};  // handle 0: every filter of that parent, priority and chain
struct RemovedNetConf {
  std::uint8_t family;
  std::int32_t ifindex;
  bool operator==(const RemovedNetConf&) const = default;
};
struct RemovedBridgeVlan {
  IfIndex ifindex;
  std::uint16_t vid, vid_end;
  bool operator==(const RemovedBridgeVlan&) const = default;
};
struct RemovedRoute {
  Route route;
  bool operator==(const RemovedRoute&) const = default;
};

using Event = std::variant<Link, Address, Qdisc, Filter, NetConf, BridgeVlan, Route,
                           RulesetGeneration, RemovedLink, RemovedAddress, RemovedQdisc,
                           RemovedFilter, RemovedNetConf, RemovedBridgeVlan, RemovedRoute>;

}  // namespace tna
