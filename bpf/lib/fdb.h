/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* fdb.h: a look into the kernel's own forwarding database, an rhashtable keyed by (MAC, VLAN)
 * (include/linux/rhashtable.h, net/bridge/br_fdb.c).
 */
#ifndef TNA_FDB_H
#define TNA_FDB_H

#include "lib/pkt.h"

#define TNA_FDB_CHAIN 16 /* entries compared at most; rhashtable keeps the average below one */

static __always_inline struct tna_fdb tna_fdb_open(struct tna_pkt *p,
						   struct bucket_table *tbl)
{
	TNA_VIEW(struct bucket_table, table);
	const __u32 size_at = bpf_core_field_offset(struct bucket_table, size);
	const __u32 nest_at = bpf_core_field_offset(struct bucket_table, nest);
	__u64 size_and_nest;

	tna_look(table, p->copies->table, tna_plain(struct bucket_table, tbl), size, hash_rnd);
	size_and_nest = tna_see_as(table, __u64, size); /* neighbours so far */
	return (struct tna_fdb){
	    .buckets = tna_member(tbl, struct bucket_table, buckets),
	    .mask = (__u32)size_and_nest - 1,
	    .seed = tna_see(table, hash_rnd),
	    .nested = nest_at == size_at + 4 ? size_and_nest >> 32 : tna_see(table, nest),
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

struct tna_fdb_entry {
	TNA_VIEW(struct net_bridge_fdb_entry, as); /* its members are plain numbers */
};

/* Finds the key's entry; false where there is none. While the table is being resized an entry may be
 * in the other table only; that, too, is a miss here, and misses are Linux's work. A chain ends at
 * an odd pointer.
 */
static __always_inline bool tna_fdb_find(struct tna_pkt *p, __u64 address, __u64 key,
					 struct tna_fdb_entry *entry)
{
	/* Or clang makes one load of the first and of the next entry, from the stack and from the
	 * kernel's memory, which the verifier refuses.
	 */
	asm volatile("" : "+r"(address));
#pragma clang loop unroll(disable)
	for (int i = 0; i < TNA_FDB_CHAIN; i++) {
		if (!address || address & 1)
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
