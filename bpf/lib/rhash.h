/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* rhash.h: the way into the kernel's resizable hash tables (include/linux/rhashtable.h), in which a
 * bridge keeps its FDB and a port its VLANs.
 */
#ifndef TNA_RHASH_H
#define TNA_RHASH_H

#include "lib/pkt.h"

#define TNA_CHAIN 16 /* entries compared at most; rhashtable keeps the average below one */

struct tna_rhash {
	__u64 buckets; /* address */
	__u32 mask, seed;
	bool nested; /* a table being grown under memory pressure */
};

static __always_inline struct tna_rhash tna_rhash_open(struct tna_pkt *p,
						       struct bucket_table *tbl)
{
	TNA_VIEW(struct bucket_table, table);
	const __u32 size_at = bpf_core_field_offset(struct bucket_table, size);
	const __u32 nest_at = bpf_core_field_offset(struct bucket_table, nest);
	__u64 size_and_nest;

	tna_look(table, p->copies->table, tna_plain(struct bucket_table, tbl), size, hash_rnd);
	size_and_nest = tna_see_as(table, __u64, size); /* neighbours so far */
	return (struct tna_rhash){
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

/* The kernel's jhash of a key of up to two words and `size` bytes (include/linux/jhash.h), which is
 * Bob Jenkins' final mix.
 */
static __always_inline __u32 tna_jhash(__u64 key, __u32 size, __u32 seed)
{
	__u32 a = 0xdeadbeef + size + seed, b = a, c = a;

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

/* The first entry of the key's chain; a chain ends at an odd address. */
static __always_inline __u64 tna_chain(const struct tna_rhash *table, __u64 key, __u32 size)
{
	__u32 hash = tna_jhash(key, size, table->seed) & table->mask;

	return tna_word(table->buckets + 8ULL * hash) & ~1ULL; /* the lowest bit is a lock */
}
#define TNA_CHAIN_END(address) (!(address) || (address) & 1)

#endif
