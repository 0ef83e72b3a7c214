/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* mangle: the bytes of the IP header that rules have written: DSCP, TTL.
 * Reads  p->facts: its copy of the header is as the last chain has left it, with the hop less that
 *        routing takes.   Sets  the packet's header and its checksum.
 */
#ifndef TNA_FPM_MANGLE_H
#define TNA_FPM_MANGLE_H

#include "lib/facts.h"
#include "lib/ip.h"

/* 16 bits of the header. */
static __always_inline bool tna_mangle_half(struct tna_pkt *p, __u32 at)
{
	__be16 *half, from, to = *(__be16 *)(p->facts->network + at);

	asm volatile("" ::: "memory"); /* as in fpm/nat.h */
	half = tna_hdr(p, p->ip_at + at, sizeof(*half));
	if (!half)
		return false;
	from = *half;
	if (from == to)
		return true;
	*half = to;
	if (p->ip_version == 4)
		return tna_ctx_sum_ip(p, p->ip_at + offsetof(struct tna_ipv4, check), from, to);
	tna_ctx_sum_changed(p, from);
	tna_ctx_sum_changed(p, ~to);
	return true;
}

/* False: a part of the header has gone; can't be. */
static __always_inline bool tna_mangle_rewrite(struct tna_pkt *p)
{
	struct tna_rule_facts *f = p->facts;
	bool v4 = p->ip_version == 4;
	__sum16 *check;

	if (!f || !p->judged || !f->written)
		return true;
	if (!tna_mangle_half(p, 0) || !tna_mangle_half(p, v4 ? 8 : 6))
		return false;
	if (!v4 || f->written != TNA_WRITTEN_BY_NFT)
		return true;
	asm volatile("" ::: "memory");
	check = tna_hdr(p, p->ip_at + offsetof(struct tna_ipv4, check), sizeof(*check));
	if (!check)
		return false;
	if (!*check)
		*check = 0xffff;
	return true;
}

#endif
