/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* connection_cache.h: connections whose extensions have been looked at, and hold nothing that Linux is needed
 * for. They lie in memory of their own, and to wait for it takes longer than all else that is read of
 * a connection. What extensions there are is settled when a connection is confirmed
 * (net/netfilter/nf_conntrack_extend.c:nf_ct_ext_add), and so is the interface that masquerading chose
 * the source for (nf_nat_masquerade.c).
 *
 * Another connection may get the memory of one that has ended, so what is known is kept for a moment only.
 */
#ifndef TNA_CONNECTION_CACHE_H
#define TNA_CONNECTION_CACHE_H

#include "lib/facts.h"
#include "lib/route6_cache.h"

/* Where the packet's connection is kept, beside its route; NULL where nothing is. */
static __always_inline struct tna_kept_connection *tna_connection_place(struct tna_pkt *p)
{
	_Static_assert(!offsetof(struct tna_route, kept) && !offsetof(struct tna_route6, kept), "");
	return p->ip_version == 4 ? (void *)tna_route_place(p) : (void *)tna_route6_place(p);
}

static __always_inline bool tna_connection_known(struct tna_pkt *p,
						 const struct tna_kept_connection *kept,
						 struct nf_conn *ct)
{
	return kept && kept->connection == (__u64)ct && tna_kept_holds(p, kept->until);
}

static __always_inline void tna_connection_keep(struct tna_pkt *p,
						struct tna_kept_connection *kept,
						struct nf_conn *ct)
{
	if (!kept || tna_kept_holds(p, kept->until))
		return;
	kept->connection = (__u64)ct;
	kept->until = (__u32)p->now + TNA_KEPT_JIFFIES;
	kept->masqueraded = p->facts->masqueraded;
}

#endif
