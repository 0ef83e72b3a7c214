/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* nat: the addresses and ports that the connection's packets leave with.
 * Reads  p->facts, which conntrack has set.   Sets  the packet's addresses, ports and checksums.
 * Punts  CT_NAT (masqueraded for another way out: Linux ends the connection, net/netfilter/
 *        nf_nat_core.c:nf_nat_inet_fn).
 *
 * Checksums are changed by what has changed, in the order in which Linux does it
 * (net/netfilter/nf_nat_proto.c:nf_nat_ipv4_manip_pkt), so that they are the same to the bit.
 */
#ifndef TNA_FPM_NAT_H
#define TNA_FPM_NAT_H

#include "lib/ip.h"

static __always_inline enum tna_verdict fpm_nat(struct tna_pkt *p)
{
	__u32 masqueraded = p->facts && p->followed ? p->facts->masqueraded : 0;

	return masqueraded && masqueraded != p->out_ifindex ? tna_punt(p, TNA_R_CT_NAT) : TNA_NEXT;
}

/* Has clang load the packet's beginning again: what it kept of it for several places it would move as
 * 32 bits, and the verifier no longer takes that for a packet's.
 */
#define tna_nat_anew() asm volatile("" ::: "memory")

static __always_inline bool tna_nat_address4(struct tna_pkt *p, __u32 at, __u32 sum, __be32 to)
{
	__be32 *address, from;

	tna_nat_anew();
	address = tna_hdr(p, p->ip_at + at, sizeof(*address));
	if (!address)
		return false;
	from = *address;
	if (from == to)
		return true;
	*address = to;
	return tna_ctx_sum_l4(p, sum, from, to, sizeof(to), true) &&
	       tna_ctx_sum_ip(p, p->ip_at + offsetof(struct tna_ipv4, check), from, to);
}

static __always_inline bool tna_nat_address6(struct tna_pkt *p, __u32 at, __u32 sum,
					     const __be32 *to)
{
	__be32 *address, from;

#pragma clang loop unroll(full)
	for (int i = 0; i < 4; i++) {
		tna_nat_anew();
		address = tna_hdr(p, p->ip_at + at + 4 * i, sizeof(*address));
		if (!address)
			return false;
		from = *address;
		if (from == to[i])
			continue;
		*address = to[i];
		if (!tna_ctx_sum_l4(p, sum, from, to[i], sizeof(from), true))
			return false;
	}
	return true;
}

static __always_inline bool tna_nat_port(struct tna_pkt *p, __u32 at, __u32 sum, __be16 to)
{
	__be16 *port, from;

	tna_nat_anew();
	port = tna_hdr(p, at, sizeof(*port));
	if (!port)
		return false;
	from = *port;
	if (from == to)
		return true;
	*port = to;
	return tna_ctx_sum_l4(p, sum, from, to, sizeof(to), false);
}

/* False: a part of the header has gone; can't be. */
static __always_inline bool tna_nat_rewrite(struct tna_pkt *p, bool source)
{
	struct tna_rule_facts *f = p->facts;
	bool v4 = p->ip_version == 4;
	__u32 l4 = p->ip_at + (v4 ? sizeof(struct tna_ipv4) : sizeof(struct tna_ipv6));
	__u32 sum = l4 + (p->ip_proto == TNA_PROTO_TCP ? 16 : 6), at;

	if (!f || !p->followed) /* the verifier does not know that one means the other */
		return true;
	if (v4) {
		at = source ? offsetof(struct tna_ipv4, saddr) : offsetof(struct tna_ipv4, daddr);
		if (!tna_nat_address4(p, at, sum, source ? f->nat_saddr[0] : f->nat_daddr[0]))
			return false;
	} else {
		at = source ? offsetof(struct tna_ipv6, saddr) : offsetof(struct tna_ipv6, daddr);
		if (!tna_nat_address6(p, at, sum, source ? f->nat_saddr : f->nat_daddr))
			return false;
	}
	return tna_nat_port(p, l4 + (source ? 0 : 2), sum, source ? f->nat_sport : f->nat_dport);
}

#endif
