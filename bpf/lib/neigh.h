/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* neigh.h: a look into the kernel's own neighbour tables. bpf_fib_lookup() would tell a neighbour's
 * MAC in every state that has one, but Linux must get to see the first packet to a stale neighbour:
 * only then does it ask whether the neighbour is still there (net/core/neighbour.c:
 * neigh_event_send).
 */
#ifndef TNA_NEIGH_H
#define TNA_NEIGH_H

#include "lib/pkt.h"

#define TNA_NEIGH_CHAIN 8 /* entries compared at most; the table grows before that is likely */

static __always_inline __u32 tna_pointer_hash(__u64 pointer) /* include/linux/hash.h:hash32_ptr */
{
	return (__u32)(pointer ^ pointer >> 32);
}

/* include/net/arp.h:arp_hashfn, include/net/ndisc.h:ndisc_hashfn */
static __always_inline __u32 tna_neigh_hash(const struct tna_neigh_key *key, __u64 dev, __u64 seeds)
{
	__u64 low = tna_word(seeds);
	__u32 hash = (key->words[0] ^ tna_pointer_hash(dev)) * (__u32)low;
	__u64 high;

	if (!key->v6)
		return hash;
	high = tna_word(seeds + 8);
	return hash + key->words[1] * (__u32)(low >> 32) + key->words[2] * (__u32)high +
	       key->words[3] * (__u32)(high >> 32);
}

static __always_inline bool tna_neigh_is(__u64 neigh, const struct tna_neigh_key *key, __u64 dev)
{
	__u64 at = tna_member(neigh, struct neighbour, primary_key);
	__u64 first = tna_word(at);

	if (tna_word(tna_member(neigh, struct neighbour, dev)) != dev)
		return false;
	if (!key->v6)
		return (__u32)first == key->words[0];
	return first == (key->words[0] | (__u64)key->words[1] << 32) &&
	       tna_word(at + 8) == (key->words[2] | (__u64)key->words[3] << 32);
}

/* The neighbour on the device at that address, 0 where there is none. */
static __always_inline __u64 tna_neigh_find(__u64 address, const struct tna_neigh_key *key)
{
	struct net_device *dev = tna_as(struct net_device, address);
	struct neigh_parms *parms =
	    key->v6 ? tna_get(tna_get(dev, ip6_ptr), nd_parms) : tna_get(tna_get(dev, ip_ptr), arp_parms);
	struct neigh_hash_table *table = tna_get(tna_get(parms, tbl), nht);
	bool lists = bpf_core_field_exists(table->hash_heads);
	__u64 buckets = tna_word(lists ? tna_member(table, struct neigh_hash_table, hash_heads)
				       : tna_member(table, struct neigh_hash_table, hash_buckets));
	__u32 at = lists ? bpf_core_field_offset(struct neighbour, hash)
			 : bpf_core_field_offset(struct neighbour, next);
	__u32 hash = tna_neigh_hash(key, address,
				    tna_member(table, struct neigh_hash_table, hash_rnd));
	__u32 shift = tna_get(table, hash_shift);
	__u64 entry = tna_word(buckets + 8ULL * (shift ? hash >> (32 - (shift & 31)) : 0));

#pragma clang loop unroll(disable)
	for (int i = 0; i < TNA_NEIGH_CHAIN && entry; i++) {
		__u64 neigh = entry - (lists ? at : 0);

		if (tna_neigh_is(neigh, key, address))
			return neigh;
		entry = tna_word(neigh + at);
	}
	return 0;
}

/* The MAC of a neighbour that is used without a question; 0: it is Linux's to ask, or is being given
 * another.
 */
static __always_inline __u64 tna_neigh_mac(__u64 neigh)
{
	__u64 lock = tna_member(neigh, struct neighbour, ha_lock);
	__u32 before = tna_word(lock); /* its sequence, odd while somebody writes */
	__u64 mac = tna_word(tna_member(neigh, struct neighbour, ha)) & TNA_MAC_MASK;

	if (!(tna_word(tna_member(neigh, struct neighbour, nud_state)) & TNA_NUD_USABLE))
		return 0;
	return before & 1 || (__u32)tna_word(lock) != before ? 0 : mac;
}

#endif
