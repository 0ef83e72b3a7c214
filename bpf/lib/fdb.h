/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* fdb.h: a look into the kernel's own forwarding database, an rhashtable keyed by (MAC, VLAN)
 * (include/linux/rhashtable.h, net/bridge/br_fdb.c).
 */
#ifndef TNA_FDB_H
#define TNA_FDB_H

#include "lib/pkt.h"

#define TNA_FDB_CHAIN 16 /* entries compared at most; rhashtable keeps the average below one */

static __always_inline struct tna_fdb tna_fdb_open(struct net_bridge *br)
{
	struct bucket_table *tbl = br->fdb_hash_tbl.tbl;

	return (struct tna_fdb){
		.buckets = tna_member(tbl, struct bucket_table, buckets),
		.mask = tbl->size - 1,
		.seed = tbl->hash_rnd,
		.nested = tbl->nest != 0,
	};
}

static __always_inline __u32 tna_rotate(__u32 word, int by)
{
	return word << by | word >> (32 - by);
}

/* The kernel's jhash2() of two words (include/linux/jhash.h), which is Bob Jenkins' final mix. */
static __always_inline __u32 tna_fdb_hash(__u64 key, __u32 seed)
{
	__u32 a = 0xdeadbeef + (2 << 2) + seed, b = a, c = a;

	b += key >> 32;
	a += (__u32)key;
	c = (c ^ b) - tna_rotate(b, 14);
	a = (a ^ c) - tna_rotate(c, 11);
	b = (b ^ a) - tna_rotate(a, 25);
	c = (c ^ b) - tna_rotate(b, 16);
	a = (a ^ c) - tna_rotate(c, 4);
	b = (b ^ a) - tna_rotate(a, 14);
	return (c ^ b) - tna_rotate(b, 24);
}

/* The address of the key's entry, 0 where there is none. While the table is being resized an entry may
 * be in the other table only; that, too, is a miss here, and misses are Linux's work. A chain ends
 * at an odd pointer; the lowest bit of a bucket is its lock.
 */
static __always_inline __u64 tna_fdb_find(const struct tna_fdb *fdb, __u64 key)
{
	__u32 hash = tna_fdb_hash(key, fdb->seed) & fdb->mask;
	__u64 entry = tna_word(fdb->buckets + 8ULL * hash) & ~1ULL;

#pragma clang loop unroll(disable)
	for (int i = 0; i < TNA_FDB_CHAIN; i++) {
		if (!entry || entry & 1)
			return 0;
		if (tna_word(entry + bpf_core_field_offset(struct net_bridge_fdb_entry, key)) == key)
			return entry;
		entry = tna_word(entry);
	}
	return 0;
}

#endif
