/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* ip.h: IP headers as they are on the wire (RFC 791, RFC 8200), and what Linux checks in them before
 * anything else (net/ipv4/ip_input.c:ip_rcv_core, net/ipv6/ip6_input.c:ip6_rcv_core).
 */
#ifndef TNA_IP_H
#define TNA_IP_H

#include "lib/pkt.h"

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

/* The packet has that length; what follows it in the frame is cut off. */
static __always_inline bool tna_ip_length(struct tna_pkt *p, __u32 length)
{
	if (p->len < ETH_HLEN + length)
		return false;
	if (p->len > ETH_HLEN + length)
		p->trim = ETH_HLEN + length;
	return true;
}

#endif
