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
	const __u32 size_at = bpf_core_field_offset(struct bucket_table, size);
	const __u32 nest_at = bpf_core_field_offset(struct bucket_table, nest);
	__u64 size_and_nest = tna_word((__u64)tbl + size_at); /* neighbours so far */

	return (struct tna_fdb){
	    .buckets = tna_member(tbl, struct bucket_table, buckets),
	    .mask = (__u32)size_and_nest - 1,
	    .seed = tbl->hash_rnd,
	    .nested = nest_at == size_at + 4 ? size_and_nest >> 32 : tbl->nest,
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

/* The first entry of the key's chain. Both addresses' chains are begun before either is followed,
 * so that the processor waits for both at once.
 */
static __always_inline __u64 tna_fdb_chain(const struct tna_fdb *fdb, __u64 key)
{
	__u32 hash = tna_fdb_hash(key, fdb->seed) & fdb->mask;

	return tna_word(fdb->buckets + 8ULL * hash) & ~1ULL; /* the lowest bit is a lock */
}

/* The key's entry, its members plain numbers; NULL where there is none. While the table is being
 * resized an entry may be in the other table only; that, too, is a miss here, and misses are
 * Linux's work. A chain ends at an odd pointer.
 */
static __always_inline struct net_bridge_fdb_entry *tna_fdb_find(__u64 address, __u64 key)
{
	struct net_bridge_fdb_entry *entry;

	/* Or clang makes one load of the first and of the next entry, from the stack and from the
	 * kernel's memory, which the verifier refuses.
	 */
	asm volatile("" : "+r"(address));
#pragma clang loop unroll(disable)
	for (int i = 0; i < TNA_FDB_CHAIN; i++) {
		if (!address || address & 1)
			return NULL;
		entry = tna_plain(struct net_bridge_fdb_entry, address);
		if (*(__u64 *)&entry->key == key)
			return entry;
		address = (__u64)entry->rhnode.next;
	}
	return NULL;
}

#endif
