// SPDX-License-Identifier: Apache-2.0
// What this kernel and these devices can do, found by trying. Plain values; the probes fill them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/net_types.h"
#include "tna.h"

namespace tna {

// One thing the fast path may need of the kernel.
struct Feature {
  std::string name;
  bool available = false;
  std::string detail;  // how it was found, or why it is missing: the kernel's own words
  bool operator==(const Feature&) const = default;
};

struct KernelCapabilities {
  std::string release;   // uname -r
  std::uint32_t hz = 0;  // jiffies in a second
  std::vector<Feature> features;
  bool operator==(const KernelCapabilities&) const = default;

  bool has(const std::string& feature) const;
  // The detail of a feature, for people.
  std::string detail(const std::string& feature) const;
};

// Features that plans ask for.
inline constexpr char kFeatureTypedReads[] = "typed kernel reads";  // bpf_rdonly_cast
inline constexpr char kFeatureXdp[] = "xdp pipeline";               // the verifier takes it
inline constexpr char kFeatureTc[] = "tc pipeline";
inline constexpr char kFeatureTcx[] = "tcx links";
inline constexpr char kFeatureTapGuard[] = "live tap guard";
inline constexpr char kFeatureTcGuard[] = "live tc guard";
inline constexpr char kFeatureRedirectGuard[] = "live redirect guard";
inline constexpr char kFeatureZones[] = "connections by zone";
inline constexpr char kFeatureXdpFeatures[] = "devices tell what they do at XDP";

struct DeviceCapabilities {
  std::string driver;              // ETHTOOL_GDRVINFO, "veth", "virtio_net", ...
  std::uint64_t xdp_features = 0;  // NETDEV_XDP_ACT_*, genetlink family "netdev" (6.3 and later)
  bool xdp_features_known = false;
  bool rx_vlan_offload = false;     // the device takes VLAN tags out of received frames
  IfIndex peer = 0;                 // veth: its other end, an index in the peer's namespace
  std::optional<int> peer_netnsid;  // IFLA_LINK_NETNSID: that is another namespace than this
  // veth: XDP can tell what the sender of a frame left to the device, checksum and tag
  // (drivers/net/veth.c:veth_xdp_buff).
  bool sender_seen = false;
  // The XDP program that is attached is libxdp's dispatcher, which calls several one after another.
  bool xdp_dispatcher = false;
  bool operator==(const DeviceCapabilities&) const = default;

  // NETDEV_XDP_ACT_BASIC and _REDIRECT: frames can be received by native XDP and sent elsewhere.
  bool native_xdp() const { return (xdp_features & 3) == 3; }
  // NETDEV_XDP_ACT_NDO_XMIT: may be the target of an XDP redirect, at this moment.
  bool redirect_target() const { return xdp_features & 4; }
};

// One nf_hook_entries array of a namespace and who stands in it.
struct HookArray {
  std::uint64_t pointer = 0;            // kernel address, 0: no hook
  std::vector<std::string> functions;   // symbol names, "0x..." where the kernel names none
  std::vector<std::uint64_t> privates;  // what each of them is called with
  bool operator==(const HookArray&) const = default;
};

// Functions of netfilter hooks that do what rules say (net/netfilter/nft_chain_filter.c,
// net/ipv4/netfilter/ip_tables.c, net/ipv6/netfilter/ip6_tables.c).
bool executes_nft(std::string_view function);
bool executes_xtables(std::string_view function);

// Those that follow connections (net/netfilter/nf_conntrack_proto.c, with defragmentation), and
// those that translate addresses (nf_nat_proto.c).
bool follows_connections(std::string_view function);
bool translates_addresses(std::string_view function);

// Such a function stands at one of these hooks.
bool any_function(const std::array<HookArray, TNA_HOOKS>&, bool is(std::string_view function));

// Where the kernel shows that other rules are in force, and what was there.
struct RuleWords {
  std::uint64_t nft_generation_at = 0;  // address of nf_tables' base_seq, 0: not found, or no rules
  std::uint32_t nft_generation = 0;
  struct Table {  // a legacy table: the address of xt_table.private, and its value
    std::uint64_t at = 0, rules = 0;
    bool operator==(const Table&) const = default;
  };
  std::vector<Table> tables4, tables6;
  bool operator==(const RuleWords&) const = default;
};

// The words of the kernel that guards are compared with: net/netfilter/core.c,
// net/bridge/br_netfilter_hooks.c. Index: TNA_HOOK_*; bridge_local: TNA_HOOK_LOCAL_*.
struct NetfilterState {
  std::uint64_t net = 0;  // address of struct net
  std::array<HookArray, TNA_HOOKS> bridge, ipv4, ipv6;
  std::array<HookArray, 1> ipv4_input, ipv6_input;
  std::array<HookArray, TNA_LOCAL_HOOKS> bridge_local;
  // Address of the list of packet sockets that are bound to no device, 0 where it was not found.
  std::uint64_t taps = 0;
  // Who gets IP packets from any interface (net/core/dev.c:ptype_head): the address of the list, 0
  // where it was not found, and its first and last entry while the kernel's own IP is alone.
  struct Takers {
    std::uint64_t list = 0, only = 0;
    bool operator==(const Takers&) const = default;
  } ipv4_takers, ipv6_takers;
  // Addresses of br_netfilter's sysctls of this namespace, read live by the fast path; 0 where
  // br_netfilter is not active.
  std::uint64_t call_iptables = 0, call_ip6tables = 0;
  std::uint64_t filter_vlan_tagged = 0, filter_pppoe_tagged = 0;
  RuleWords rules;
  bool connections_shown = false;  // programs can look connections up (nf_conntrack_bpf.c)
  bool zones_shown = false;        // in any zone
  // The first two of br_netfilter's sysctls as of now: is it worth while to stand before
  // br_netfilter at all?
  int call_iptables_now = 0, call_ip6tables_now = 0;
  bool operator==(const NetfilterState&) const = default;
};

// nf_tables' rules act on packets that are routed or bridged.
bool any_executes_nft(const NetfilterState&);

struct Capabilities {
  KernelCapabilities kernel;
  std::map<IfIndex, DeviceCapabilities> devices;
  NetfilterState netfilter;
  bool operator==(const Capabilities&) const = default;
};

}  // namespace tna
