/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* fdb.h: a look into the kernel's own forwarding database, a hash table keyed by MAC and VLAN id
 * (net/bridge/br_fdb.c).
 */
#ifndef TNA_FDB_H
#define TNA_FDB_H

#include "lib/rhash.h"

struct tna_fdb_entry {
	TNA_VIEW(struct net_bridge_fdb_entry, as); /* its members are plain numbers */
};

/* Where the FDB may have the key. */
static __always_inline __u64 tna_fdb_chain(const struct tna_rhash *fdb, __u64 key)
{
	return tna_chain(fdb, key, sizeof(key));
}

/* Finds the key's entry; false where there is none. While the table is being resized an entry may be
 * in the other table only; that, too, is a miss here, and misses are Linux's work.
 */
static __always_inline bool tna_fdb_find(struct tna_pkt *p, __u64 address, __u64 key,
					 struct tna_fdb_entry *entry)
{
	/* Or clang makes one load of the first and of the next entry, from the stack and from the
	 * kernel's memory, which the verifier refuses.
	 */
	asm volatile("" : "+r"(address));
#pragma clang loop unroll(disable)
	for (int i = 0; i < TNA_CHAIN; i++) {
		if (TNA_CHAIN_END(address))
			return false;
		tna_look(entry->as, p->copies->entry,
			 tna_plain(struct net_bridge_fdb_entry, address), rhnode, updated);
		if (tna_see_as(entry->as, __u64, key) == key)
			return true;
		address = (__u64)tna_see(entry->as, rhnode.next);
	}
	return false;
}

#endif
