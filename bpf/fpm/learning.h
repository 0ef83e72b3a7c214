/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* learning: has Linux nothing to learn from the frame's source?
 * Reads  the FDB entry of the source.   Sets  p->dst_chain.
 * Punts  FDB_BUSY, SOURCE_UNKNOWN, SOURCE_LOCAL, SOURCE_MOVED, SOURCE_REFRESH, LOCKED: in each of
 *        them Linux drops the frame or changes the FDB (net/bridge/br_input.c:br_handle_frame_finish,
 *        br_fdb.c:br_fdb_update).
 *
 * The source's entry must not age while its frames go by Linux: when it was not refreshed for a
 * second (less where entries age fast: src/assemble/guard.h), frames go to Linux until it has been.
 */
#ifndef TNA_FPM_LEARNING_H
#define TNA_FPM_LEARNING_H

#include "lib/fdb.h"
#include "lib/shared.h"

static __always_inline enum tna_verdict tna_source_known(struct tna_pkt *p, __u64 chain)
{
	struct tna_fdb_entry entry;
	__u64 flags;
	bool here;

	if (!tna_fdb_find(p, chain, p->src, &entry))
		return tna_punt(p, TNA_R_SOURCE_UNKNOWN);
	flags = tna_see(entry.as, flags);
	if (flags & 1UL << BR_FDB_LOCAL)
		return tna_punt(p, TNA_R_SOURCE_LOCAL);
	here = tna_see(entry.as, dst) == p->in;
	if (p->in_flags & BR_PORT_LOCKED && (!here || flags & 1UL << BR_FDB_LOCKED))
		return tna_punt(p, TNA_R_LOCKED);
	if (!(p->in_flags & BR_LEARNING))
		return TNA_NEXT;
	if (!here && !(flags & 1UL << BR_FDB_STICKY))
		return tna_punt(p, TNA_R_SOURCE_MOVED);
	if ((__s64)(p->now - tna_see(entry.as, updated)) > (__s64)tna_guard.refresh_after)
		return tna_punt(p, TNA_R_SOURCE_REFRESH);
	return TNA_NEXT;
}

static __always_inline enum tna_verdict fpm_learning(struct tna_pkt *p)
{
	struct tna_rhash fdb = tna_rhash_open(p, tna_see(p->br, fdb_hash_tbl.tbl));
	__u64 chain;

	if (fdb.nested)
		return tna_punt(p, TNA_R_FDB_BUSY);
	/* Both chains are begun before either is followed, so that the processor waits for both at
	 * once. */
	chain = tna_fdb_chain(&fdb, p->src);
	p->dst_chain = tna_fdb_chain(&fdb, p->dst);
	if (p->in_flags & (BR_LEARNING | BR_PORT_LOCKED))
		return tna_source_known(p, chain);
	return TNA_NEXT;
}

#endif
