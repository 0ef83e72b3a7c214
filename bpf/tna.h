/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* tna.h: what the fast path and the controller agree on, the only header that both include.
 * Every struct here is shared memory or a map value: fixed-width members, no holes.
 */
#ifndef TNA_H
#define TNA_H

#include <linux/types.h>

#include "rule_tree_abi.h"

#ifndef __cplusplus
#define static_assert _Static_assert
#endif

/* Why a packet was left to Linux: X(NAME, name in `tna status`, what it means to an administrator). */
#define TNA_REASONS(X)                                                                         \
	X(LEASE, "lease", "tnad has not renewed its lease")                                    \
	X(STALE, "stale", "the kernel's hooks differ from those the program was made for")     \
	X(UNKNOWN_IF, "unknown_if", "no counters have been set up for the interface")          \
	X(TAP, "tap", "a packet socket (tcpdump) listens on the ingress interface or on all")  \
	X(TC, "tc", "a tc program or filter stands on the ingress interface")                  \
	X(NF_INGRESS, "nf_ingress", "a netfilter ingress hook stands on the ingress interface") \
	X(NOT_PORT, "not_port", "the interface is no port of a bridge")                        \
	X(VLAN_DEVICE, "vlan_device", "the VLAN device that takes the frame is Linux's to serve") \
	X(SHORT, "short", "the frame ends before its headers do")                              \
	X(MULTI_BUFFER, "multi_buffer", "the frame lies in several buffers")                   \
	X(TAG_ASIDE, "tag_aside", "the VLAN tag travels outside of the frame")                 \
	X(CHECKSUM, "checksum", "the sender left the checksum to the device")                  \
	X(SOURCE_INVALID, "source_invalid", "source MAC is zero or a group address")           \
	X(GROUP, "group", "broadcast, multicast or link-local destination")                    \
	X(CONTROL, "control", "ARP, RARP, CFM or MRP, which the bridge may answer itself")     \
	X(SUPPRESS, "suppress", "neighbour discovery that the bridge may answer itself")       \
	X(BRIDGE_OPTION, "bridge_option", "a bridge option that the program was not made for")  \
	X(VLAN_PROTO, "vlan_proto", "a tag of another protocol than the bridge's")            \
	X(VLAN_MEMBER, "vlan_member", "the ingress port is not in the frame's VLAN, or has no PVID") \
	X(VLAN_STATE, "vlan_state", "the VLAN is not forwarding on the ingress port")          \
	X(BRIDGE_PROMISC, "bridge_promisc", "the bridge device is promiscuous (tcpdump)")      \
	X(PORT_FLAG, "port_flag", "a port option that is not modelled")                        \
	X(PORT_STATE, "port_state", "the ingress port is not forwarding")                      \
	X(LOCKED, "locked", "the source is not authorised on a locked port")                   \
	X(SOURCE_UNKNOWN, "source_unknown", "Linux must learn the source")                     \
	X(SOURCE_MOVED, "source_moved", "Linux must move the source to this port")             \
	X(SOURCE_LOCAL, "source_local", "the source MAC is one of the bridge's own")           \
	X(SOURCE_REFRESH, "source_refresh", "Linux must refresh the source's FDB entry")       \
	X(FDB_MISS, "fdb_miss", "no FDB entry for the destination")                            \
	X(FDB_BUSY, "fdb_busy", "the FDB is a nested hash table, short of memory")             \
	X(LOCAL, "local", "the destination is the bridge itself")                              \
	X(SAME_PORT, "same_port", "the destination is behind the ingress port")                \
	X(EGRESS_STATE, "egress_state", "the egress port is not forwarding")                   \
	X(ISOLATED, "isolated", "both ports are isolated")                                     \
	X(EGRESS_VLAN, "egress_vlan", "the egress port is not in the VLAN, or it is not forwarding there") \
	X(EGRESS_VLAN_DEVICE, "egress_vlan_device", "the VLAN device to leave by is Linux's to serve") \
	X(BACKUP, "backup", "the egress port has a backup port")                               \
	X(TOO_LONG, "too_long", "the frame is longer than the egress MTU allows")              \
	X(EGRESS_TAP, "egress_tap", "a packet socket (tcpdump) listens on the egress interface") \
	X(EGRESS_TC, "egress_tc", "a tc program or filter stands on the egress interface")     \
	X(EGRESS_NF, "egress_nf", "a netfilter egress hook stands on the egress interface")    \
	X(EGRESS_QDISC, "egress_qdisc", "the egress interface shapes or polices")              \
	X(EGRESS_XMIT, "egress_xmit", "the egress driver takes no redirected frames now")      \
	X(PEER_XDP, "peer_xdp", "generic XDP stands on the other end of the egress veth")      \
	X(BRIDGE_NF, "bridge_nf", "br_netfilter hands bridged IP to rules that TNA can't do, or looks into tags")  \
	X(IP_INVALID, "ip_invalid", "an IP packet that Linux would drop or change")            \
	X(NOT_ROUTED, "not_routed", "the interface belongs to a bridge, a bond or a macvlan") \
	X(OTHER_HOST, "other_host", "the destination MAC is not the interface's")              \
	X(TAGGED, "tagged", "a tagged frame that no VLAN device takes, or with further tags")  \
	X(MARK, "mark", "the packet carries a mark, by which rules may route it")              \
	X(NOT_IP, "not_ip", "neither IPv4 nor IPv6, or a family that is not routed fast here")  \
	X(FRAGMENT, "fragment", "a fragment, or further headers before those with the ports")  \
	X(TTL, "ttl", "TTL or hop limit is used up")                                           \
	X(IP_ADDRESS, "ip_address", "an address that is not forwarded as others are")          \
	X(ICMP_ERROR, "icmp_error", "ICMP other than echo: Linux may look into the packet in it") \
	X(GSO, "gso", "a large packet of another protocol than TCP, to be cut up by Linux")    \
	X(IPSEC, "ipsec", "there are IPsec policies")                                          \
	X(MULTIPATH, "multipath", "fib_multipath_hash_policy has Linux look at more than TNA can") \
	X(FORWARDING, "forwarding", "forwarding is switched off")                              \
	X(NO_ROUTE, "no_route", "for this host, or no way to forward it")                      \
	X(ENCAP, "encap", "the route encapsulates")                                            \
	X(ROUTE_MTU, "route_mtu", "the packet is longer than the route's MTU")                 \
	X(SOURCE_ADDRESS, "source_address", "the source fails rp_filter, or Linux must look closer") \
	X(VRF, "vrf", "an IPv4 packet from one VRF to elsewhere: Linux looks for its source in that VRF") \
	X(SAME_DEVICE, "same_device", "the way leads back out of the ingress interface")       \
	X(NEIGHBOUR, "neighbour", "the next hop's MAC is unknown or is to be confirmed")       \
	X(RULE, "rule", "a firewall rule that TNA can't do may concern the packet: `tna rules`") \
	X(RULES_NEW, "rules_new", "the firewall's rules have just been changed")               \
	X(CT_PROTO, "ct_proto", "connections of a protocol other than TCP and UDP are Linux's to follow") \
	X(CT_NEW, "ct_new", "a connection that Linux does not know yet, or in one direction only") \
	X(CT_TCP, "ct_tcp", "TCP that opens, closes or resets a connection, or is odd")        \
	X(CT_SPECIAL, "ct_special", "a connection that is being closed, or that Linux must see all of") \
	X(CT_COUNTED, "ct_counted", "Linux counts the connection's packets (nf_conntrack_acct)") \
	X(CT_FULL, "ct_full", "there is no room to count another connection's packets (nf_conntrack_acct)") \
	X(CT_WINDOW, "ct_window", "a TCP connection whose sequence numbers Linux still watches") \
	X(CT_NAT, "ct_nat", "an address that Linux would translate in another way")            \
	X(APP_RULES, "app_rules", "an application asks for it, but rules or others act on what is for this host") \
	X(APP_GONE, "app_gone", "an application asks for it, but has no socket for the queue any more") \
	X(APP_FULL, "app_full", "the application that asks for it has no room, or not for its length") \
	X(NO_ROOM, "no_room", "the frame can't be given its new length: a VLAN tag, or padding cut off") \
	X(HOOK, "hook", "a hook (`tna hook list`) said that it is Linux's") \
	X(STEER, "steer", "a hook chose an interface that is not there, is down or no Ethernet device")

enum tna_reason {
#define TNA_REASON_ENUM(name, text, meaning) TNA_R_##name,
	TNA_REASONS(TNA_REASON_ENUM)
#undef TNA_REASON_ENUM
	TNA_R_COUNT
};

/* What a program is specialised for: .rodata, so that the verifier removes what is off. A new
 * member goes to the end; the controller finds members by this layout.
 */
struct tna_const {
	__u8 bridge;	    /* interfaces are bridge ports: FDB forwarding */
	__u8 veth;	    /* XDP only: interfaces are veth, the sender's sk_buff lies behind the frame */
	__u8 suppress;	    /* the bridge suppresses or proxies ARP/ND on some port */
	__u8 bridge_nf4;    /* br_netfilter's hooks are registered: honour its sysctls; check IPv4 */
	__u8 bridge_nf6;    /* with bridge_nf4: check IPv6 too (off: IPv6 is left to Linux) */
	__u8 veth_out;	    /* some egress port is a veth, whose other end matters */
	__u8 spare;
	__u8 vlan;	    /* the bridge filters VLANs */
	__u8 route4;	    /* interfaces route IPv4, and no rules stand in the way */
	__u8 route6;
	__u8 bridge_up;	    /* with bridge: frames for the bridge itself are routed */
	__u8 bridge_xmit;   /* some bridge has an address: routed packets may leave by its ports */
	__u8 vlan_up;	    /* XDP only: packets for VLAN devices, or in a bridge's VLANs, are routed */
	__u8 vlan_xmit;	    /* XDP only: packets may be routed to such */
	__u8 rules4;	    /* with route4 or bridge_rules: code that was made of the firewall's rules is
			     * linked in */
	__u8 rules6;
	__u8 rules_legacy;  /* some of these are of iptables' legacy tables */
	__u8 rules_devices; /* some of these ask for names or groups of devices */
	__u8 rules_find;    /* never on: rules' code calls what is called there */
	__u8 conntrack4;    /* with these, too: connection tracking follows packets */
	__u8 conntrack6;
	__u8 nat;	    /* with these: addresses are translated */
	__u8 bridge_rules;  /* with bridge: rules and connection tracking act on bridged packets */
	__u8 frame_rules;   /* with that: there are rules for frames, of nftables' family bridge */
	__u8 apps;	    /* XDP only: applications take packets that come in here */
	__u8 counts;	    /* with connection tracking: connections that Linux counts go on, and are
			     * counted here */
	__u8 zones4;	    /* with conntrack4: rules put connections into zones: code that says which
			     * is linked in */
	__u8 zones6;
	__u8 unused[4];
};
#define TNA_CONST_WORDS 4
static_assert(sizeof(struct tna_const) == TNA_CONST_WORDS * 8, "shared: no holes; read as words");

/* The hooks of a bridged packet, in nf_hook_entries arrays. */
enum { TNA_HOOK_PREROUTING, TNA_HOOK_FORWARD, TNA_HOOK_POSTROUTING, TNA_HOOKS };
/* Those of frames for the bridge itself, and of frames from it. */
enum { TNA_HOOK_LOCAL_IN, TNA_HOOK_LOCAL_OUT, TNA_LOCAL_HOOKS };
/* Those that an IP packet for this host meets. */
enum { TNA_LOCAL_PREROUTING, TNA_LOCAL_INPUT, TNA_LOCAL_WAY };

/* A legacy table (struct xt_table) that packets meet, and the rules that were in it. */
#define TNA_TABLES 4 /* raw, mangle, filter, security */
struct tna_table_guard {
	__u64 at;    /* address of xt_table.private, 0: none */
	__u64 rules; /* the xt_table_info that it pointed to */
};

/* What a program was compiled for; fpm/guards.h compares it with the kernel's own. Lives in .data of
 * each loaded program, mapped by the controller. All pointers are kernel addresses.
 */
struct tna_guard {
	__u64 net;		       /* struct net */
	__u64 hooks_bridge[TNA_HOOKS]; /* net->nf.hooks_bridge[]: only br_netfilter's, or what programs do */
	__u64 hooks_bridge_local[TNA_LOCAL_HOOKS]; /* the same: only br_netfilter's */
	__u64 hooks_ipv4[TNA_HOOKS];   /* net->nf.hooks_ipv4[]: nothing that acts on a packet */
	__u64 hooks_ipv6[TNA_HOOKS];
	__u64 routed_ipv4[TNA_HOOKS];  /* the same: nothing but what programs do, too */
	__u64 routed_ipv6[TNA_HOOKS];
	__u64 local_ipv4[TNA_LOCAL_WAY]; /* the same of packets for this host */
	__u64 local_ipv6[TNA_LOCAL_WAY];
	__u64 call_iptables;	       /* address of the namespace's bridge-nf-call-iptables, an int */
	__u64 call_ip6tables;
	__u64 filter_vlan_tagged;
	__u64 filter_pppoe_tagged;
	__u64 taps;		       /* address of the list of packet sockets on all interfaces */
	__u64 takers4, takers6;	       /* addresses of the lists of who gets IPv4, and IPv6, packets */
	__u64 only4, only6;	       /* what stands there where only the kernel itself does */
	__u64 route_mtu4, route_mtu6;  /* a packet longer than that is Linux's to route */
	__u64 nft_generation_at;       /* address of nf_tables' generation of rules (base_seq), 0: none */
	__u64 nft_generation;	       /* that the rules linked in were made of */
	__u64 rules_version;	       /* their number; trees lie in the half of its lowest bit */
	struct tna_table_guard tables4[TNA_TABLES], tables6[TNA_TABLES];
	__u64 hz;		       /* jiffies per second */
	__u64 refresh_after;	       /* jiffies: an FDB entry older than that is Linux's to refresh */
	__u32 armed;		       /* 0: everything goes to Linux */
	__u32 reported;		       /* set by the program when it has sent an event */
};
static_assert(sizeof(struct tna_guard) == (39 + 4 * TNA_TABLES) * 8, "shared: no holes");

/* One for all programs of a daemon, mapped by it. */
struct tna_lease {
	__u64 until; /* jiffies64: the fast path ends when this is past */
};

/* Where an interface counts: index ifindex % TNA_SLOTS. */
#define TNA_SLOTS 65536
struct tna_slot {
	__u32 ifindex;
	__u32 index; /* into the counters map */
};

/* Per CPU and interface. */
struct tna_counters {
	__u64 fast_packets;
	__u64 fast_bytes; /* from the Ethernet header on, without FCS */
	__u64 dropped;	  /* packets that rules drop, or that an application has no room for; not among
			   * the above */
	__u64 punts[TNA_R_COUNT];
};

/* A connection whose extensions hold nothing that Linux is needed for: bpf/lib/connection_cache.h. */
struct tna_kept_connection {
	__u64 connection; /* where the kernel has it */
	__u32 until;	  /* lower half of jiffies */
	__u32 masqueraded; /* interface that its source was chosen for, 0: any */
};
/* What the FIB said of a flow, per CPU: bpf/lib/route_cache.h, route6_cache.h. */
#define TNA_ROUTES_KEPT 16384
enum { TNA_ROUTE_ASKED = 1, TNA_ROUTE_KNOWN };
struct tna_route {
	struct tna_kept_connection kept; /* at its beginning: found as that, too */
	__u64 net;	  /* cookie of the namespace */
	__u64 generation; /* of its routes, and of its nexthop objects */
	__be32 saddr, daddr, next_hop;
	__u32 in, out, back; /* indexes of interfaces; back: where the way to saddr leads out */
	__u32 until;	     /* lower half of jiffies */
	__u16 mtu;
	__u8 tos;
	__u8 state; /* TNA_ROUTE_*, 0: empty */
};
static_assert(sizeof(struct tna_route) == 64, "shared: no holes, and one line of the cache");
struct tna_route6 {
	struct tna_kept_connection kept;
	__u64 net;	  /* as above */
	__u64 generation; /* routes added, and removed */
	__u32 nexthops;	  /* generation of nexthop objects */
	__be32 flowinfo, saddr[4], daddr[4], next_hop[4];
	__u32 in, out, until;
	__u16 mtu;
	__u16 proto; /* in its lower half */
};
static_assert(sizeof(struct tna_route6) == 104, "shared: no holes");

/* A connection whose packets Linux counts (nf_conntrack_acct), and what the fast path has added:
 * bpf/lib/counted.h. Memory is used again for other connections; the two together tell them apart.
 */
struct tna_connection_key {
	__u64 at;    /* address of the kernel's entry of it */
	__u64 began; /* as conntrack has noted it, in ns */
};
struct tna_connection_count {
	__u64 packets, bytes; /* bytes from the IP header on */
};
struct tna_connection {
	/* Of its first packet; addresses and ports in network order, of IPv4 the first word. */
	__be32 saddr[4], daddr[4];
	__be16 sport, dport;
	__u8 version, protocol; /* 4, 6; IPPROTO_* */
	__u16 unused;
	struct tna_connection_count count[2]; /* by direction: the original one, the reply's */
	__u64 ended; /* jiffies64 when it was found to have ended, 0: it has not */
};
static_assert(sizeof(struct tna_connection) == 80, "shared: no holes");

/* What the firewall's rules can look at of a packet, per CPU: fpm/rules.h fills it in, src/compile
 * makes the code that reads it. Bytes of headers are as on the wire, numbers as the machine has them.
 */
#define TNA_RULES_COUNTED 32
#define TNA_RULES4_PLACE 0x7a6e0004 /* returned by what the rules' code is to replace */
#define TNA_RULES6_PLACE 0x7a6e0006
#define TNA_RULES_FRAME_PLACE 0x7a6e000b
#define TNA_ZONES4_PLACE 0x7a6e0014
#define TNA_ZONES6_PLACE 0x7a6e0016
#define TNA_RULE_FIND_PLACE 0x7a6e000f /* as a root: of the call that tells where tna_rule_ask() begins */

/* What ct state is of all packets that go on, whatever their direction: the one that rules write as
 * established (NF_CT_STATE_BIT(IP_CT_ESTABLISHED)).
 */
#define TNA_CT_ESTABLISHED 2
/* For which directions of a connection its zone counts (include/net/netfilter/nf_conntrack_zones.h). */
enum { TNA_ZONE_ORIGINAL = 1, TNA_ZONE_REPLY = 2 };

/* What the other end of a TCP connection has to say next. */
enum { TNA_TCP_NOTHING, TNA_TCP_ACKNOWLEDGEMENT, TNA_TCP_WINDOW };

/* What a tree said of a vector, per CPU. */
#define TNA_RULES_KEPT 16384
struct tna_rule_kept {
	__u32 word[TNA_RULE_WORDS];
	__u32 root, action;
	__u32 version; /* of the rules; 0: nothing is kept here */
	__u32 unused;
};
static_assert(sizeof(struct tna_rule_kept) == 64, "shared: no holes");
/* Which rules a bridged packet meets: those for frames; those of IP, where br_netfilter takes it there. */
#define TNA_BRIDGED_FRAME 1
#define TNA_BRIDGED_IP 2
/* The header's checksum where it is zero: as nf_tables writes it, which has done so last, 0xffff. */
enum { TNA_WRITTEN = 1, TNA_WRITTEN_BY_NFT = 2 };
struct tna_rule_facts {
	__u8 link[24];	       /* destination, source MAC; with frame_rules: tag, EtherType, 18 bytes in all */
	__u8 network[40];      /* the IP header; TTL as the chain at hand sees it */
	__u8 transport[24];    /* the first 20 bytes behind it */
	__u32 transport_length; /* of which these are there: at least 4; of TCP 20, of UDP 8 */
	__u32 length;	       /* bytes from the IP header on */
	__u32 mark;
	__u32 mark_routed_by;  /* the mark behind prerouting: routing might depend on it */
	__u32 written;	       /* TNA_WRITTEN_*: the rules have changed the copy of the IP header */
	__u32 asks_routing;    /* a rule has asked for what routing would say of the destination alone */
	__u32 iif, oif, iifgroup, oifgroup;
	__u8 iifname[16], oifname[16];
	/* Of a bridged packet both devices above are the bridge; and these its ports. */
	__u8 port_iifname[16], port_oifname[16];
	__u32 port_iif, port_oif, port_iifgroup, port_oifgroup;
	__u32 bridged;	       /* TNA_BRIDGED_*; 0: it is routed */
	__be16 protocol;       /* what follows the tag */
	__u16 retagged;	       /* the frame leaves with another tag than it came with */
	struct tna_rule_vector vector; /* what a decision tree is asked about */
	__u32 key[18];	       /* of the set that is asked: its length in front, where it has one */
	__u32 counted;	       /* rules whose counters the packet has passed */
	__u32 counters[TNA_RULES_COUNTED]; /* their numbers */
	/* What connection tracking knows, from fpm/conntrack.h; without it nothing asks for it. */
	__u32 ct_state; /* NF_CT_STATE_BIT() */
	__u32 ct_status, ct_mark, ct_direction;
	__be32 nat_saddr[4], nat_daddr[4]; /* that the packet leaves with */
	__be16 nat_sport, nat_dport;
	__u32 masqueraded; /* interface that the source was chosen for, 0: any */
	__u32 tcp_awaits;  /* TNA_TCP_* */
	__u32 app;	   /* number of the application that asks for the packet, 0: none */
	__u16 ct_zone;	   /* that the packet's connection is looked for in */
	__u16 ct_zone_dir; /* TNA_ZONE_*; 0: no rule has set it, so that it is the zone 0 */
	/* With tna_const.counts, to work with: what the connection is counted by. */
	struct tna_connection_key connection_key;
	struct tna_connection connection;
};
static_assert(sizeof(struct tna_rule_facts) == 648, "shared: no holes");

/* A TCP connection that goes on and on, whose window conntrack is asked to watch no more: the tuple of
 * its first packet. */
struct tna_flow {
	__be32 saddr[4], daddr[4]; /* IPv4: the first word */
	__be16 sport, dport;
	__u16 version; /* 4, 6 */
	__u16 zone;    /* that such a packet is looked for in */
};
static_assert(sizeof(struct tna_flow) == 40, "shared: no holes");
/* A rule's counter, per CPU: packets of the fast path. */
struct tna_rule_counter {
	__u64 packets, bytes; /* bytes from the IP header on */
};

/* Applications that take packets by AF_XDP (bpf/fpm/xsk.h). One value, mapped by the controller. Ports as
 * the machine has numbers; of IPv4 addresses the first word counts, of an address that does not matter
 * the mask is 0.
 */
#define TNA_APPS 16
#define TNA_APP_QUEUES 64 /* of an application's interface; its socket is at number * TNA_APP_QUEUES + queue */
struct tna_app {
	__u32 ifindex; /* where the packet comes in; 0: there is no application */
	__u8 version;  /* of IP; 0: either */
	__u8 any_protocol, protocol;
	__u8 full_drops; /* what there is no room for is dropped; else Linux gets it */
	__u16 vlan;	 /* 0: any, or none */
	__u16 sport_low, sport_high, dport_low, dport_high;
	__u16 number; /* its place in the table, from 1 on */
	__be32 saddr[4], saddr_mask[4], daddr[4], daddr_mask[4];
};
static_assert(sizeof(struct tna_app) == 84, "shared: no holes");
struct tna_app_table {
	__u32 count; /* numbers from this on have no application */
	struct tna_app app[TNA_APPS];
};
static_assert(sizeof(struct tna_app_table) == 4 + TNA_APPS * 84, "shared: no holes");
/* By number and CPU. */
struct tna_app_counters {
	__u64 taken;	/* given to the application */
	__u64 full;	/* there was no room */
	__u64 left;	/* to Linux for other reasons */
};

/* What the fast path tells the controller, by ring buffer. */
enum {
	TNA_EVENT_STALE = 1,	/* a guard failed */
	TNA_EVENT_SUPPRESS = 2, /* the bridge suppresses neighbour resolution, the program does not know how */
};
struct tna_event {
	__u32 kind;
	__u32 ifindex;
};

#endif
