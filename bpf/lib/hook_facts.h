/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* hook_facts.h: what a hook is told of a packet's headers. It looks for itself, since not every path
 * through the spine does, and it takes no stand: what is odd is told as far as it can be read.
 */
#ifndef TNA_HOOK_FACTS_H
#define TNA_HOOK_FACTS_H

#include "slot_abi.h"
#include "lib/ip.h"
#include "lib/pkt.h"
#include "lib/shared.h"

static __always_inline void tna_hook_ports(struct tna_pkt *p, struct tna_facts *f, __u32 at)
{
	__be16 *ports = tna_hdr(p, at, 2 * sizeof(*ports));
	__u8 *flags;

	if (!ports)
		return;
	if (f->l4_protocol == TNA_PROTO_ICMP || f->l4_protocol == TNA_PROTO_ICMPV6) {
		f->icmp_type = *(__u8 *)ports;
		f->l4_at = at;
		return;
	}
	if (f->l4_protocol != TNA_PROTO_TCP && f->l4_protocol != TNA_PROTO_UDP &&
	    f->l4_protocol != TNA_PROTO_SCTP && f->l4_protocol != TNA_PROTO_DCCP &&
	    f->l4_protocol != TNA_PROTO_UDPLITE)
		return;
	f->l4_at = at;
	f->sport = ports[0];
	f->dport = ports[1];
	if (f->l4_protocol != TNA_PROTO_TCP)
		return;
	flags = tna_hdr(p, at + 13, 1);
	if (flags)
		f->tcp_flags = *flags;
}

static __always_inline void tna_hook_ipv4(struct tna_pkt *p, struct tna_facts *f, __u32 at)
{
	struct tna_ipv4 *ip = tna_hdr(p, at, sizeof(*ip));
	__u32 header;

	if (!ip || ip->version_ihl >> 4 != 4)
		return;
	header = (ip->version_ihl & 15) * 4;
	f->version = 4;
	f->l4_protocol = ip->protocol;
	f->tos = ip->tos;
	f->ttl = ip->ttl;
	f->saddr[0] = ip->saddr;
	f->daddr[0] = ip->daddr;
	f->fragment = (ip->frag_off & bpf_htons(0x3fff)) != 0;
	if (!(ip->frag_off & bpf_htons(0x1fff)) && header >= sizeof(*ip))
		tna_hook_ports(p, f, at + header);
}

static __always_inline void tna_hook_ipv6(struct tna_pkt *p, struct tna_facts *f, __u32 at)
{
	struct tna_ipv6 *ip = tna_hdr(p, at, sizeof(*ip));

	if (!ip || bpf_ntohl(ip->version_flow) >> 28 != 6)
		return;
	f->version = 6;
	f->l4_protocol = ip->next_header;
	f->tos = bpf_ntohl(ip->version_flow) >> 20;
	f->ttl = ip->hop_limit;
	for (int i = 0; i < 4; i++) {
		f->saddr[i] = ip->saddr[i];
		f->daddr[i] = ip->daddr[i];
	}
	f->fragment = ip->next_header == TNA_PROTO_FRAGMENT;
	tna_hook_ports(p, f, at + sizeof(*ip));
}

static __always_inline void tna_hook_headers(struct tna_pkt *p, struct tna_facts *f)
{
	void *eth = tna_hdr(p, 0, ETH_HLEN);
	__u32 at = ETH_HLEN;

	_Static_assert(offsetof(struct tna_facts, dst) == TNA_FACTS_HEADERS, "slot_abi.h");
	__builtin_memset(f->dst, 0, sizeof(*f) - TNA_FACTS_HEADERS);
	if (!eth)
		return;
	__builtin_memcpy(f->dst, eth, 2 * ETH_ALEN);
	p->proto = *(__be16 *)(eth + 2 * ETH_ALEN);
	p->on[0] = tna_const.words[0];
	f->unfinished = tna_ctx_unfinished(p);
	tna_ctx_tag(p);
	f->tagged = p->tagged;
	f->tag = p->tci;
	f->protocol = p->proto;
	at += tna_ctx_tag_length(p);
	f->l3_at = at;
	if (p->proto == bpf_htons(ETH_P_IP))
		tna_hook_ipv4(p, f, at);
	else if (p->proto == bpf_htons(ETH_P_IPV6))
		tna_hook_ipv6(p, f, at);
}

#endif
