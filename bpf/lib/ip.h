/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* ip.h: IP headers as they are on the wire (RFC 791, RFC 8200), and what Linux checks in them before
 * anything else (net/ipv4/ip_input.c:ip_rcv_core, net/ipv6/ip6_input.c:ip6_rcv_core).
 */
#ifndef TNA_IP_H
#define TNA_IP_H

#include "lib/pkt.h"

enum {
	TNA_PROTO_HOPOPTS = 0,
	TNA_PROTO_ICMP = 1,
	TNA_PROTO_TCP = 6,
	TNA_PROTO_UDP = 17,
	TNA_PROTO_DCCP = 33,
	TNA_PROTO_ROUTING = 43,
	TNA_PROTO_FRAGMENT = 44,
	TNA_PROTO_ESP = 50,
	TNA_PROTO_AH = 51,
	TNA_PROTO_ICMPV6 = 58,
	TNA_PROTO_DSTOPTS = 60,
	TNA_PROTO_SCTP = 132,
	TNA_PROTO_MH = 135,
	TNA_PROTO_UDPLITE = 136,
};

#define ETH_P_802_3_MIN 0x0600 /* smaller numbers are lengths */
#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86dd

struct tna_ipv4 {
	__u8 version_ihl, tos;
	__be16 tot_len, id, frag_off;
	__u8 ttl, protocol;
	__be16 check;
	__be32 saddr, daddr;
} __attribute__((packed, aligned(2)));

struct tna_ipv6 {
	__be32 version_flow;
	__be16 payload_len;
	__u8 next_header, hop_limit;
	__be32 saddr[4], daddr[4];
} __attribute__((packed, aligned(2)));

static __always_inline bool tna_ipv6_same(const __be32 *a, const __be32 *b)
{
	return a[0] == b[0] && a[1] == b[1] && a[2] == b[2] && a[3] == b[3];
}

/* A header of 20 bytes, whose checksum is right. */
static __always_inline bool tna_ipv4_sound(const struct tna_ipv4 *ip)
{
	const __u32 *word = (const __u32 *)ip;
	__u64 sum;

	if (ip->version_ihl != 0x45)
		return false;
	sum = (__u64)word[0] + word[1] + word[2] + word[3] + word[4];
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ((sum & 0xffff) + (sum >> 16)) == 0xffff && bpf_ntohs(ip->tot_len) >= sizeof(*ip);
}

/* Next header 0 are hop-by-hop options, which may carry the length of a jumbogram. */
static __always_inline bool tna_ipv6_sound(const struct tna_ipv6 *ip)
{
	return bpf_ntohl(ip->version_flow) >> 28 == 6 && ip->next_header;
}

/* The packet that begins at `at` has that length; what follows it in the frame is cut off. */
static __always_inline bool tna_ip_length(struct tna_pkt *p, __u32 at, __u32 length)
{
	if (p->len < at + length)
		return false;
	if (p->len > at + length)
		p->trim = at + length;
	return true;
}

/* A routed IPv4 packet's type of service says how urgent it is (net/ipv4/route.c:ip_tos2prio,
 * include/linux/pkt_sched.h:TC_PRIO_*: best effort, bulk, interactive, interactive bulk).
 */
static __always_inline __u32 tna_service_priority(__u8 tos)
{
	const __u32 by_service = 0x04060200;

	return by_service >> (tos & 0x18) & 0xff;
}

#endif
