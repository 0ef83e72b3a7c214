/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* pkt.h: what the modules know of a packet, the one bounds check, the one way out to Linux. */
#ifndef TNA_PKT_H
#define TNA_PKT_H

#include "tna.h"
#include "lib/kernel.h"

#define ETH_ALEN 6
#define ETH_HLEN 14
#define TNA_MAC_MASK 0xffffffffffffULL /* of eight bytes that begin with a MAC */

enum tna_verdict {
	TNA_NEXT, /* go on with the next module */
	TNA_PUNT, /* Linux decides; p->reason says why */
	TNA_DROP,
	TNA_SENT, /* p->out_ifindex gets the packet */
	TNA_AGAIN, /* a hook has changed it: all begins anew */
	TNA_STEERED, /* a hook has chosen the way out: fpm/steer.h */
};

/* What becomes of the frame's VLAN tag when it is sent. */
enum tna_retag { TNA_TAG_KEEP, TNA_TAG_PUSH, TNA_TAG_POP, TNA_TAG_SET };

/* An address on a link. */
struct tna_neigh_key {
	__be32 words[4]; /* IPv4: the first */
	bool v6;
};

struct tna_pkt {
	__u64 on[TNA_CONST_WORDS]; /* tna_const as words: TNA_ON() */
	void *ctx;		/* xdp_md or __sk_buff: for ctx/ only */
#ifdef TNA_PROBE_READS
	struct tna_copies *copies; /* lib/read.h */
#else
	struct tna_connection *counted; /* what its connection is counted by, NULL: it is not */
#endif
	struct net_device *dev; /* where the packet came in; from bridge_up on its bridge, from vlan_up on
				 * its VLAN device */
	struct net *net;
	__u64 now;    /* jiffies */
	__u32 len;    /* bytes from the Ethernet header on */
	__be16 proto; /* EtherType, or a length; of a tagged frame what follows the outer tag */
	bool tagged;
	__be16 tag_proto; /* of the outer tag: 802.1Q or 802.1ad */
	__u16 tci;	  /* its priority, drop eligible bit and VLAN id; then those to be sent */
	__u8 reason;  /* enum tna_reason, with TNA_PUNT */
	bool frags;   /* XDP: there are more buffers than one */
	/* What was read of dev: what is stacked on it; and its head, later the head of out_dev. */
	TNA_VIEW(struct net_device, stacked);
	TNA_VIEW(struct net_device, head);

	__u64 dst, src;		    /* FDB keys: the MAC in memory order, then the VLAN id */
	__u64 up; /* it is for the bridge itself, which routes it; a word, since of a byte on the stack the
		   * verifier forgets what it is */
	__u16 vid;		    /* the VLAN of a bridge that filters VLANs */
	__u8 retag;		    /* enum tna_retag */
	bool up_tagged;		    /* the bridge itself gets it with a tag */
	struct net_bridge_port *in; /* the bridge port that dev is */
	TNA_VIEW(struct net_bridge, br);
	struct net_bridge_vlan_group *in_vlans;
	__u64 br_options, in_flags;
	__u64 dst_chain; /* where the FDB may have it: lib/fdb.h */

	struct net_bridge_port *out; /* the bridge port to leave by */
	struct net_device *out_dev;
	struct net_device *peer; /* tc: the other end, where out_dev is a veth */
	__u32 out_ifindex;
	__u32 trim; /* bytes to be left of the frame, 0 for all */
	__u32 app_socket; /* of the application that gets it, from 1 on */
	__u32 resume; /* of hooks, those before that have seen it; or the interface that one has chosen:
		       * lib/slots.h */

#ifndef TNA_PROBE_READS
	/* Of an IP packet to be routed; addresses, ports and flow in network order. */
	__u8 ip_version; /* 4, 6; 0: another protocol, or bridged and not judged */
	__u8 ip_at;	 /* where the packet begins in the frame */
	__u8 tos, ip_proto;
	__u16 ip_len; /* bytes from the IP header on; of a packet to be cut up, those of one part */
	__be16 sport, dport;
	__be32 flowinfo, saddr[4], daddr[4]; /* IPv4: the first word */
	bool by_ports;			     /* several paths: chosen by the ports, too */
	bool followed;			     /* by connection tracking */
	bool judged;			     /* by rules */
	struct net_device *vrf;		     /* that dev belongs to, NULL: none */
	__u32 back_ifindex;		     /* by which the way back to saddr leads, 0: by none */
	__u64 src_mac, dst_mac;		     /* that it is sent on with */
	__u32 priority;			     /* of the sk_buff that Linux would have, before it is routed */
	bool leaves_tagged;
	struct tna_neigh_key next_hop;
	struct tna_rule_facts *facts; /* what connection tracking and rules know of it */
#endif
};

/* Whether this program has the member of struct tna_const on; the verifier knows, and removes what
 * is off. */
#define TNA_CONST(p, member)                                                                       \
	((p)->on[offsetof(struct tna_const, member) / 8] >>                                        \
	 8 * (offsetof(struct tna_const, member) % 8))
#define TNA_ON(p, member) (TNA_CONST(p, member) & 1)

/* The packet stays on the bridge. */
#define TNA_BRIDGED(p) (TNA_ON(p, bridge) && !(p)->up)

/* Two EtherTypes begin a VLAN tag. */
static __always_inline bool tna_is_tag(__be16 proto)
{
	return proto == bpf_htons(ETH_P_8021Q) || proto == bpf_htons(ETH_P_8021AD);
}

/* This program may change tags. */
#define TNA_RETAGS(p) (TNA_ON(p, vlan) || TNA_ON(p, vlan_up) || TNA_ON(p, vlan_xmit))

/* Bytes that the frame's tag makes it longer when it is sent. */
static __always_inline int tna_retag_grows(struct tna_pkt *p)
{
	return p->retag == TNA_TAG_PUSH ? VLAN_HLEN : p->retag == TNA_TAG_POP ? -VLAN_HLEN : 0;
}

/* With MST the states of the VLANs count instead of the port's (net/bridge/br_private.h:
 * br_mst_is_enabled); where VLANs aren't filtered, none.
 */
static __always_inline bool tna_mst(struct tna_pkt *p)
{
	return p->br_options & TNA_BRIDGE_OPTION(BROPT_MST_ENABLED);
}

static __always_inline enum tna_verdict tna_punt(struct tna_pkt *p, enum tna_reason reason)
{
	p->reason = reason;
	return TNA_PUNT;
}

#endif
