/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* rule_kept.h: what decision trees said a moment ago. The answer follows from the vector and the version of
 * the rules alone: so nothing that is kept can be wrong, and a flow's next packet costs the same
 * whatever the number of rules.
 */
#ifndef TNA_RULE_KEPT_H
#define TNA_RULE_KEPT_H

#include "lib/kept.h"
#include "lib/rule_tree.h"
#include "lib/shared.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* TNA_RULES_KEPT a CPU, of each rule set that has trees */
	__type(key, __u32);
	__type(value, struct tna_rule_kept);
} tna_rules_kept SEC(".maps");

/* A vector's words have just been stored one by one, and a processor that loads two of them at once waits
 * until both stores are in the cache; hence volatile, or clang would do so.
 */
static __always_inline bool tna_rule_same_words(const __u32 *kept, const volatile __u32 *word)
{
	__u32 other = 0;

#pragma unroll
	for (int i = 0; i < TNA_RULE_WORDS; i++)
		other |= kept[i] ^ word[i];
	return !other;
}

/* Neighbouring addresses and ports differ in their last bits, which the products carry upwards; the upper
 * half of a pair is brought down for that. The products don't wait for each other.
 */
static __always_inline __u64 tna_rule_mixed(const volatile __u32 *word, __u64 by)
{
	__u64 low = word[0], high = word[1];

	return ((low ^ high) | high << 32) * by;
}
static __always_inline __u32 tna_rule_hash(const volatile __u32 *word, __u32 root)
{
	__u64 hash = root * 0x2545f4914f6cdd1dULL;

	hash += tna_rule_mixed(word, 0x9e3779b97f4a7c15ULL);
	hash += tna_rule_mixed(word + 2, 0xbf58476d1ce4e5b9ULL);
	hash += tna_rule_mixed(word + 4, 0x94d049bb133111ebULL);
	hash += tna_rule_mixed(word + 6, 0xd6e8feb86659fd93ULL);
	hash += tna_rule_mixed(word + 8, 0xff51afd7ed558ccdULL);
	hash += tna_rule_mixed(word + 10, 0xc4ceb9fe1a85ec53ULL);
	return hash >> 50; /* 14 bits */
}

/* What the first rule that matches does (rule_tree_abi.h), or TNA_RULE_NONE. Other rules may be put in place
 * of these while a packet is judged: they are written beside them, so nothing is mixed unless it happens
 * twice, which shows in the version. Weak, so that clang doesn't make it for the one call that it sees.
 */
__weak __hidden __u32 tna_rule_ask(struct tna_rule_facts *f, __u32 root)
{
	struct tna_rule_vector *vector = &f->vector;
	__u32 version = tna_guard.rules_version, action;
	struct tna_rule_kept *kept;
	const void *cells;

	_Static_assert(TNA_RULES_KEPT == 1 << 14, "the hash");
	_Static_assert(TNA_RULE_WORDS == 12, "the hash and the comparison");
	_Static_assert(sizeof(f->key) >= TNA_RULE_SCRATCH * sizeof(__u32), "the search");
	f->key[0] = tna_kept_key(tna_rule_hash(vector->word, root), TNA_RULES_KEPT);
	kept = bpf_map_lookup_elem(&tna_rules_kept, f->key);
	if (kept && kept->version == version && kept->root == root &&
	    tna_rule_same_words(kept->word, vector->word))
		return kept->action;
	f->key[0] = version & 1;
	cells = bpf_map_lookup_elem(&tna_rule_cells, f->key);
	if (!cells)
		return TNA_RULE_UNSURE;
	action = tna_rule_find(cells, vector, f->key, root);
	if (action != TNA_RULE_NONE)
		action = tna_rule_action(cells, root, action);
	if (tna_guard.rules_version != version)
		return TNA_RULE_UNSURE;
	if (kept) {
		__builtin_memcpy(kept->word, vector->word, sizeof(kept->word));
		kept->root = root;
		kept->action = action;
		kept->version = version;
	}
	return action;
}

#endif
