/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* hook_abi.h: what a hook, the fast path that it is linked into, and tnad agree on. What changes here in
 * a way that a hook could notice gets another TNA_HOOK_ABI; tnad refuses hooks of another one.
 */
#ifndef TNA_HOOK_ABI_H
#define TNA_HOOK_ABI_H

#include <linux/types.h>

#define TNA_HOOK_ABI 1

/* What a hook may be told of a packet: numbers as the machine has them, what is __be16 or __be32 as on
 * the wire. What is behind `headers` is 0 where it isn't there (`version`: no IP; `l4_at`: no ports to
 * be seen, as in later fragments, or behind IPv6 extension headers).
 */
struct tna_facts {
	__u32 ingress;	/* index of the interface that the packet came in by */
	__u32 egress;	/* of the one that it is going to leave by; 0: that is not known yet */
	__u32 length;	/* bytes from the Ethernet header on */
	__u8 xdp;	/* 1: the hook runs at XDP, 0: at tc */
	__u8 followed;	/* connection tracking knows the packet's connection: from after:conntrack on */
	__u16 unused;
	/* headers */
	__u8 dst[6], src[6]; /* MACs */
	__be16 protocol;     /* EtherType behind the outer tag */
	__u16 tag;	     /* the outer VLAN tag: priority, VLAN id */
	__u8 tagged;	     /* there is one */
	__u8 version;	     /* 4, 6; 0: no IP */
	__u8 l4_protocol;
	__u8 tos;	     /* IPv6: traffic class */
	__u8 ttl;	     /* hop limit */
	__u8 fragment;	     /* 1: the packet is one */
	__u8 tcp_flags;	     /* FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32 */
	__u8 icmp_type;
	__u16 l3_at, l4_at;  /* where these headers begin, from the Ethernet header on */
	__be16 sport, dport;
	__be32 saddr[4], daddr[4]; /* IPv4: the first word */
	__u32 unfinished; /* XDP on a veth: the sender has left the TCP or UDP checksum to a device */
};
#define TNA_FACTS_HEADERS 16 /* offset of what takes a look into the packet */

/* What a hook may say of a packet. An observer says nothing, a filter one of the first three; only a
 * transformer TNA_CHANGED: the packet is another one now, and the fast path begins anew with it; only a
 * steer TNA_LEAVES_BY, with the interface's index from the ninth bit on: tna_steer_to().
 */
enum tna_word_of_hook {
	TNA_CONTINUE = 0,
	TNA_LEAVE = 1, /* to Linux, from here on */
	TNA_DISCARD = 2,
	TNA_CHANGED = 4,
	TNA_LEAVES_BY = 5,
};
#define TNA_STEER_INDEXES (1U << 24) /* interfaces' indexes from that on can't be said */

/* What a hook has done, per CPU. Every TNA_HOOK_TIMED-th run is timed. */
#define TNA_HOOK_TIMED 1024
struct tna_hook_counters {
	__u64 runs, left, discarded, changed, steered;
	__u64 timed, nanoseconds; /* runs that were timed, and what they took */
};

/* Functions that return these numbers are replaced when a hook is linked in. */
enum tna_hook_place {
	TNA_PLACE_LOAD = 0x7a6e8001,	  /* tna_load() */
	TNA_PLACE_STORE = 0x7a6e8002,	  /* tna_store() and others */
	TNA_PLACE_SUM_L3 = 0x7a6e8003,	  /* tc: bpf_l3_csum_replace() */
	TNA_PLACE_SUM_L4 = 0x7a6e8004,	  /* tc: bpf_l4_csum_replace() */
	TNA_PLACE_TAIL_XDP = 0x7a6e8005, /* XDP: bpf_xdp_adjust_tail() */
	TNA_PLACE_TAIL_TC = 0x7a6e8006,  /* tc: bpf_skb_change_tail() */
	TNA_PLACE_HEAD_XDP = 0x7a6e8007, /* XDP: bpf_xdp_adjust_head() */
	TNA_PLACE_HEAD_TC = 0x7a6e8008,  /* tc: bpf_skb_change_head() */
	TNA_PLACE_PULL = 0x7a6e8009,	  /* tc: bpf_skb_pull_data() */
};

#endif
