/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* kernel.h: the few fields of kernel structures that the fast path reads, as CO-RE types; lib/read.h
 * has how they are read.
 */
#ifndef TNA_KERNEL_H
#define TNA_KERNEL_H

#include "lib/read.h"

struct list_head {
	struct list_head *next;
} TNA_CORE;

/* netfilter */
#define NF_BR_LOCAL_IN 1 /* of hooks_bridge[]: include/uapi/linux/netfilter_bridge.h */
#define NF_BR_LOCAL_OUT 3
#define NF_BR_POST_ROUTING 4
struct nf_hook_entries;
struct netns_nf {
	struct nf_hook_entries *hooks_ipv4[5];
	struct nf_hook_entries *hooks_ipv6[5];
	struct nf_hook_entries *hooks_bridge[5];
} TNA_CORE;

/* IP: include/net/netns/{ipv4,ipv6,xfrm}.h, include/linux/inetdevice.h, include/net/if_inet6.h */
struct ipv4_devconf {
	int data[32];
} TNA_CORE;
struct ipv6_devconf {
	__s32 disable_ipv6, forwarding, proxy_ndp, mtu6;
} TNA_CORE;
struct packet_type {
	__be16 type;
	struct list_head list;
} TNA_CORE;
struct hlist_head {
	void *first;
} TNA_CORE;
struct netns_ipv4 {
	struct ipv4_devconf *devconf_all;
	__u8 sysctl_ip_fwd_update_priority;
	__u8 sysctl_ip_fwd_use_pmtu;
	__u8 sysctl_fib_multipath_hash_policy; /* this and v6's: kernels that know multipath routes */
	__u8 sysctl_fib_multipath_use_neigh;
	bool fib_has_custom_rules; /* kernels that know several tables */
	atomic_t rt_genid;
} TNA_CORE;
struct netns_sysctl_ipv6 {
	__u8 multipath_hash_policy;
} TNA_CORE;
struct rt6_statistics {
	__u32 fib_discarded_routes;
} TNA_CORE;
struct netns_ipv6 {
	struct netns_sysctl_ipv6 sysctl;
	struct ipv6_devconf *devconf_all;
	struct rt6_statistics *rt6_stats;
	bool fib6_has_custom_rules; /* as above */
	atomic_t fib6_sernum;
} TNA_CORE;
struct netns_xfrm { /* kernels with IPsec */
	unsigned int policy_count[6];
	__u8 policy_default[3];
} TNA_CORE;
struct hlist_node {
	struct hlist_node *next;
} TNA_CORE;
struct netns_nexthop {
	unsigned int seq;
} TNA_CORE;
struct task_struct {
	int softirq_disable_cnt; /* real-time kernels */
} TNA_CORE;
struct nf_tcp_net {
	unsigned int timeouts[14]; /* jiffies, by enum tcp_conntrack */
	__u8 tcp_max_retrans;
} TNA_CORE;
struct nf_udp_net {
	unsigned int timeouts[2]; /* jiffies, by enum udp_conntrack */
} TNA_CORE;
struct nf_ip_net {
	struct nf_tcp_net tcp;
	struct nf_udp_net udp;
} TNA_CORE;
struct netns_ct {
	struct nf_ip_net nf_ct_proto;
} TNA_CORE;
struct net {
	__u64 net_cookie;
	struct hlist_head *dev_index_head;
	struct net_device *loopback_dev;
	struct netns_nexthop nexthop;
	struct netns_ipv4 ipv4;
	struct netns_ipv6 ipv6;
	struct netns_nf nf;
	struct netns_ct ct; /* kernels with connection tracking */
	struct netns_xfrm xfrm;
} TNA_CORE;
typedef struct {
	struct net *net;
} TNA_CORE possible_net_t;

/* neighbours: include/net/neighbour.h */
struct neigh_table;
struct neigh_hash_table {
	struct hlist_head *hash_heads; /* 6.13 and later; before: */
	void *hash_buckets;
	unsigned int hash_shift;
	__u32 hash_rnd[4];
} TNA_CORE;
struct neigh_table {
	struct neigh_hash_table *nht;
} TNA_CORE;
struct neigh_parms {
	struct neigh_table *tbl;
} TNA_CORE;
struct net_device;
typedef struct {
} TNA_CORE seqlock_t; /* whose first word is the sequence */
struct neighbour {
	struct hlist_node hash; /* 6.13 and later; before: */
	struct neighbour *next;
	seqlock_t ha_lock;
	__u8 ha[8];
	__u8 nud_state;
	struct net_device *dev;
	__u8 primary_key[];
} TNA_CORE;
struct in_ifaddr {
	struct in_ifaddr *ifa_next;
	__be32 ifa_local, ifa_mask;
	__u32 ifa_flags;
} TNA_CORE;
struct in6_addr {
} TNA_CORE;
struct inet6_ifaddr {
	struct in6_addr addr;
	__u32 flags;
	struct list_head if_list;
} TNA_CORE;
struct in_device {
	struct in_ifaddr *ifa_list;
	struct neigh_parms *arp_parms;
	struct ipv4_devconf cnf;
} TNA_CORE;
struct inet6_dev {
	struct list_head addr_list;
	struct neigh_parms *nd_parms;
	struct ipv6_devconf cnf;
} TNA_CORE;

/* tc */
struct bpf_prog;
struct bpf_mprog_fp {
	struct bpf_prog *prog;
} TNA_CORE;
struct bpf_mprog_bundle;
struct bpf_mprog_entry {
	struct bpf_mprog_fp fp_items[64];
	struct bpf_mprog_bundle *parent;
} TNA_CORE;
struct bpf_mprog_bundle {
	struct bpf_mprog_entry a;
} TNA_CORE;
struct mini_Qdisc;
struct tcx_entry {
	struct mini_Qdisc *miniq;
	struct bpf_mprog_bundle bundle;
} TNA_CORE;
struct Qdisc_ops {
	char id[16];
} TNA_CORE;
struct Qdisc {
	void *enqueue;
	const struct Qdisc_ops *ops;
} TNA_CORE;

/* devices */
struct rtnl_link_ops {
	const char *kind;
} TNA_CORE;
struct vlan_group {
	struct net_device **vlan_devices_arrays[2][8]; /* by protocol and the VLAN id's upper bits */
} TNA_CORE;
struct vlan_group___flat { /* as some kernels' BTF tells of it: pahole knew one dimension only */
	struct net_device **vlan_devices_arrays[16];
} TNA_CORE;
struct vlan_info {
	struct vlan_group grp;
} TNA_CORE;
struct vlan_priority_tci_mapping {
	__u32 priority;
	__u16 vlan_qos;
	struct vlan_priority_tci_mapping *next;
} TNA_CORE;
struct vlan_dev_priv { /* what a VLAN device keeps of its own */
	__u32 ingress_priority_map[8];
	struct vlan_priority_tci_mapping *egress_priority_map[16];
	__be16 vlan_proto;
	__u16 vlan_id, flags;
	struct net_device *real_dev;
} TNA_CORE;
struct xdp_rxq_info {
	struct net_device *dev;
} TNA_CORE;
struct rps_map;
struct netdev_rx_queue {
	struct xdp_rxq_info xdp_rxq;
	struct rps_map *rps_map; /* this and the table: kernels that spread work over CPUs */
	void *rps_flow_table;
} TNA_CORE;
struct netdev_rx_queue___tagged { /* 7.3: with its size in the lowest bits */
	unsigned long rps_flow_table;
} TNA_CORE;
struct net_device_ops {
	void *ndo_xdp_xmit;
} TNA_CORE;
struct bpf_xdp_link;
struct bpf_xdp_entity {
	struct bpf_prog *prog;
	struct bpf_xdp_link *link;
} TNA_CORE;
struct netdev_adjacent {
	struct net_device *dev;
	bool master;
	struct list_head list;
} TNA_CORE;
struct net_device {
	char name[16];
	struct {
		struct list_head upper;
	} adj_list;
	unsigned long priv_flags;
	const struct net_device_ops *netdev_ops;
	unsigned int mtu;
	struct nf_hook_entries *nf_hooks_egress;
	struct bpf_mprog_entry *tcx_egress; /* 6.6 and later; before: */
	struct mini_Qdisc *miniq_egress;
	unsigned int flags;
	unsigned short type;
	unsigned short hard_header_len;
	struct inet6_dev *ip6_ptr;
	struct list_head ptype_specific;
	int ifindex;
	unsigned int group;
	struct netdev_rx_queue *_rx;
	void *rx_handler;
	void *rx_handler_data;
	possible_net_t nd_net;
	struct bpf_mprog_entry *tcx_ingress;
	struct mini_Qdisc *miniq_ingress;
	struct list_head ptype_all;
	struct vlan_info *vlan_info;
	unsigned int xdp_features; /* 6.3 and later */
	struct bpf_xdp_entity xdp_state[3];
	struct bpf_prog *xdp_prog; /* of generic XDP */
	const unsigned char *dev_addr;
	struct nf_hook_entries *nf_hooks_ingress;
	struct Qdisc *qdisc;
	const struct rtnl_link_ops *rtnl_link_ops;
	struct in_device *ip_ptr;
	struct hlist_node index_hlist;
} TNA_CORE;
struct xdp_buff {
	struct xdp_rxq_info *rxq;
	unsigned int flags;
} TNA_CORE;
/* AF_XDP: net/xdp/xsk_queue.h, include/net/{xdp_sock,xsk_buff_pool}.h */
struct xdp_ring {
	__u32 producer, consumer;
} TNA_CORE;
struct xsk_queue {
	__u32 nentries, cached_prod, cached_cons;
	struct xdp_ring *ring;
} TNA_CORE;
struct xsk_buff_pool {
	struct xsk_queue *fq;
	__u32 free_list_cnt, frame_len;
} TNA_CORE;
struct xdp_sock {
	struct xsk_queue *rx;
	struct xsk_buff_pool *pool;
	bool zc;
} TNA_CORE;
struct sk_buff {
	struct net_device *dev;
	__u32 vlan_all;
	__u8 ip_summed, l4_hash; /* bit fields in the kernel: read by TNA_BITS() */
} TNA_CORE;
struct veth_xdp_buff {
	struct xdp_buff xdp;
	struct sk_buff *skb;
} TNA_CORE;
struct veth_rq {
	void *napi;
} TNA_CORE;
struct veth_priv {
	struct net_device *peer;
	struct bpf_prog *_xdp_prog;
	struct veth_rq *rq;
} TNA_CORE;

/* bridge: net/bridge/br_private.h */
struct rhash_lock_head;
struct bucket_table {
	unsigned int size, nest;
	__u32 hash_rnd;
	struct rhash_lock_head *buckets[];
} TNA_CORE;
struct rhashtable {
	struct bucket_table *tbl;
} TNA_CORE;
struct net_bridge_vlan_group;
struct net_bridge {
	struct net_device *dev;
	unsigned long options;
	struct rhashtable fdb_hash_tbl;
	__be16 vlan_proto; /* this and vlgrp, here and of ports: kernels with VLAN filtering */
	struct net_bridge_vlan_group *vlgrp;
	unsigned char topology_change;
	unsigned long forward_delay, ageing_time;
} TNA_CORE;
struct net_bridge_vlan_group {
	struct rhashtable vlan_hash;
	struct list_head vlan_list;
	__u16 num_vlans, pvid;
	__u8 pvid_state;
} TNA_CORE;
struct net_bridge_port {
	struct net_bridge *br;
	struct net_device *dev;
	unsigned long flags;
	struct net_bridge_vlan_group *vlgrp;
	struct net_bridge_port *backup_port;
	__u32 backup_nhid;
	__u8 state;
} TNA_CORE;
typedef struct {
	unsigned char addr[6];
} mac_addr;
struct rhash_head {
	struct rhash_head *next;
} TNA_CORE;
struct net_bridge_vlan {
	struct rhash_head vnode;
	__u16 vid, flags;
	__u8 state;
	struct list_head vlist;
} TNA_CORE;
struct net_bridge_fdb_key {
	mac_addr addr;
	__u16 vlan_id;
} TNA_CORE;
struct net_bridge_fdb_entry {
	struct rhash_head rhnode;
	struct net_bridge_port *dst;
	struct net_bridge_fdb_key key;
	unsigned long flags, updated;
} TNA_CORE;

/* Bit numbers that differ between kernels. */
enum net_bridge_opts {
	BROPT_VLAN_ENABLED,
	BROPT_VLAN_STATS_ENABLED,
	BROPT_NF_CALL_IPTABLES,
	BROPT_NF_CALL_IP6TABLES,
	BROPT_NEIGH_SUPPRESS_ENABLED,
	BROPT_MST_ENABLED,
};

#define TNA_BRIDGE_OPTION(number) (1UL << bpf_core_enum_value(enum net_bridge_opts, number))

/* Bit numbers that have been the same since 5.5; the enum has no name that CO-RE could find. */
#define BR_FDB_LOCAL 0
#define BR_FDB_STICKY 2
#define BR_FDB_LOCKED 8

/* net_bridge_port.flags: include/linux/if_bridge.h. */
#define BR_HAIRPIN_MODE (1UL << 0)
#define BR_LEARNING (1UL << 5)
#define BR_PROXYARP (1UL << 8)
#define BR_PROXYARP_WIFI (1UL << 10)
#define BR_VLAN_TUNNEL (1UL << 13)
#define BR_ISOLATED (1UL << 16)
#define BR_PORT_LOCKED (1UL << 21)

#define BR_STATE_FORWARDING 3

/* connection tracking: include/net/netfilter/nf_conntrack.h, nf_conntrack_tuple.h */
union nf_inet_addr {
	__u32 all[4];
} TNA_CORE;
struct nf_conntrack_man {
	union nf_inet_addr u3;
	union {
		__be16 all;
	} u;
} TNA_CORE;
struct nf_conntrack_tuple {
	struct nf_conntrack_man src;
	struct {
		union nf_inet_addr u3;
		union {
			__be16 all;
		} u;
	} dst;
} TNA_CORE;
struct nf_conntrack_tuple_hash {
	struct nf_conntrack_tuple tuple;
} TNA_CORE;
struct ip_ct_tcp_state {
	__u32 td_end;
	__u8 flags;
} TNA_CORE;
struct ip_ct_tcp {
	struct ip_ct_tcp_state seen[2];
	__u8 state, retrans;
	__u16 last_win;
} TNA_CORE;
struct nf_ct_udp {
	unsigned long stream_ts;
} TNA_CORE;
union nf_conntrack_proto {
	struct ip_ct_tcp tcp;
	struct nf_ct_udp udp;
} TNA_CORE;
struct nf_ct_ext {
	__u8 offset[9]; /* by enum nf_ct_ext_id, 0: not there */
} TNA_CORE;
struct nf_conn_nat {
	int masq_index;
} TNA_CORE;
struct nf_conntrack_zone {
	__u16 id;
	__u8 dir;
} TNA_CORE;
struct nf_conn {
	__u32 timeout;
	struct nf_conntrack_zone zone; /* kernels that have zones */
	struct nf_conntrack_tuple_hash tuplehash[2];
	unsigned long status;
	__u32 mark; /* kernels that have marks of connections */
	struct nf_ct_ext *ext;
	union nf_conntrack_proto proto;
} TNA_CORE;
struct nf_conn_tstamp {
	__u64 start;
} TNA_CORE;
enum nf_ct_ext_id {
	NF_CT_EXT_HELPER,
	NF_CT_EXT_NAT,
	NF_CT_EXT_ACCT,
	NF_CT_EXT_TSTAMP,
	NF_CT_EXT_TIMEOUT,
};
/* nf_conn.status: include/uapi/linux/netfilter/nf_conntrack_common.h */
#define IPS_SEEN_REPLY (1 << 1)
#define IPS_ASSURED (1 << 2)
#define IPS_CONFIRMED (1 << 3)
#define IPS_SRC_NAT (1 << 4)
#define IPS_DST_NAT (1 << 5)
#define IPS_SEQ_ADJUST (1 << 6)
#define IPS_SRC_NAT_DONE (1 << 7)
#define IPS_DST_NAT_DONE (1 << 8)
#define IPS_DYING (1 << 9)
#define IPS_FIXED_TIMEOUT (1 << 10)
#define IPS_TEMPLATE (1 << 11)
#define IPS_NAT_CLASH (1 << 12)
#define IPS_HELPER (1 << 13)
#define IPS_OFFLOAD (1 << 14)
#define IPS_HW_OFFLOAD (1 << 15)
/* ip_ct_tcp.state and the index of its timeout; ip_ct_tcp_state.flags: nf_conntrack_tcp.h */
#define TCP_CONNTRACK_ESTABLISHED 3
#define TCP_CONNTRACK_RETRANS 12 /* of the timeout alone */
#define TCP_CONNTRACK_UNACK 13
#define IP_CT_TCP_FLAG_BE_LIBERAL 0x08
#define IP_CT_TCP_FLAG_DATA_UNACKNOWLEDGED 0x10
#define IP_CT_TCP_FLAG_MAXACK_SET 0x20
#define UDP_CT_UNREPLIED 0
#define UDP_CT_REPLIED 1

/* net_bridge_vlan.flags: include/uapi/linux/if_bridge.h. */
#define BRIDGE_VLAN_INFO_UNTAGGED (1 << 2)
#define BRIDGE_VLAN_INFO_BRENTRY (1 << 5) /* the bridge itself is in the VLAN */

/* ipv4_devconf.data[]: include/uapi/linux/ip.h, counted from 0. */
#define IPV4_DEVCONF_FORWARDING 0
#define IPV4_DEVCONF_SEND_REDIRECTS 5
#define IPV4_DEVCONF_RP_FILTER 7

/* neighbour.nud_state of a MAC that is used without a question: include/uapi/linux/neighbour.h
 * REACHABLE, DELAY, PROBE, NOARP, PERMANENT.
 */
#define TNA_NUD_USABLE (0x02 | 0x08 | 0x10 | 0x40 | 0x80)

#define IFA_F_DADFAILED 0x08
#define IFA_F_TENTATIVE 0x40
#define XFRM_POLICY_OUT 1 /* of netns_xfrm.policy_*[] */
#define XFRM_POLICY_FWD 2
#define XFRM_USERPOLICY_ACCEPT 2

#define IFF_UP 0x1
#define ARPHRD_ETHER 1
#define IFF_PROMISC 0x100
#define IFF_BRIDGE_PORT 0x200 /* net_device.priv_flags */
#define IFF_802_1Q_VLAN 0x1
#define IFF_EBRIDGE 0x2
#define IFF_BONDING 0x4
#define IFF_L3MDEV_SLAVE 0x200000 /* belongs to a VRF */
#define NETDEV_XDP_ACT_NDO_XMIT 4
#define XDP_MODE_DRV 1 /* of xdp_state[] */
#define NETDEV_ALIGN 32
#define CHECKSUM_PARTIAL 3
#define XDP_FLAGS_HAS_FRAGS 1 /* xdp_buff.flags */
#define ETH_P_8021Q 0x8100
#define ETH_P_8021AD 0x88a8
#define VLAN_HLEN 4
#define VLAN_VID_MASK 0xfff
#define VLAN_PRIO_SHIFT 13
#define VLAN_FLAG_REORDER_HDR 1 /* vlan_dev_priv.flags: packet sockets see frames without the tag */
#define VLAN_GROUP_ARRAY_PART_LEN 512 /* VLAN devices in one of vlan_devices_arrays */

#endif
