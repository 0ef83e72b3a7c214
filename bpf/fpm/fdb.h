/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* fdb: which port owns the destination MAC?
 * Reads  the kernel's own table (p->dst_chain).   Sets  p->out; or p->up.
 * Punts  FDB_MISS (Linux floods), LOCAL (for the bridge itself, or a station that is being
 * deleted).
 */
#ifndef TNA_FPM_FDB_H
#define TNA_FPM_FDB_H

#include "lib/fdb.h"

static __always_inline enum tna_verdict fpm_fdb(struct tna_pkt *p)
{
	struct net_bridge_port *port;
	struct tna_fdb_entry entry;

	if (!tna_fdb_find(p, p->dst_chain, p->dst, &entry))
		return tna_punt(p, TNA_R_FDB_MISS);
	port = tna_see(entry.as, dst);
	if (TNA_ON(p, bridge_up) && tna_see(entry.as, flags) & 1UL << BR_FDB_LOCAL) {
		p->up = true;
		return TNA_NEXT;
	}
	if (tna_see(entry.as, flags) & 1UL << BR_FDB_LOCAL || !port)
		return tna_punt(p, TNA_R_LOCAL);
	p->out = tna_as(struct net_bridge_port, port);
	return TNA_NEXT;
}

#endif
