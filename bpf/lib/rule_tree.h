/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* rule_tree.h: finds the first rule that a vector matches, by the trees that src/compile/tree.cpp
 * made; the cells' form is in rule_tree_abi.h.
 */
#ifndef TNA_RULE_TREE_H
#define TNA_RULE_TREE_H

#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "rule_tree_abi.h"

/* One big value, so that a step costs no lookup; and a second one, in which the next rules are written
 * while these are in force.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2);
	__uint(key_size, 4);
	__uint(value_size, 32); /* the controller sets it, to a power of two */
} tna_rule_cells SEC(".maps");

/* The value's size minus 16. A section of its own: the controller sets it with the size. */
const volatile __u32 tna_rule_mask SEC(".rodata.rules") = 16;

static __always_inline const union tna_rule_cell *tna_rule_cell(const void *cells, __u32 address)
{
	return cells + (address & tna_rule_mask);
}

/* 16 if the value is above the limit, else 0: without a jump, for which way it goes can't be guessed. */
static __always_inline __u32 tna_rule_above(__u64 value, __u64 limit)
{
	return (limit - value) >> 59 & 16;
}

/* From a node to its child; a leaf is its own child, for word[TNA_RULE_LEAF] is 0. */
static __always_inline __u32 tna_rule_step(const void *cells, const struct tna_rule_vector *vector,
					   __u32 address)
{
	const union tna_rule_cell *cell = tna_rule_cell(cells, address);
	__u64 value = vector->word[cell->node.next & TNA_RULE_WORD_MASK];

	return cell->node.next + tna_rule_above(value, cell->node.limit[0]) +
	       tna_rule_above(value, cell->node.limit[1]) +
	       tna_rule_above(value, cell->node.limit[2]);
}

static __always_inline bool tna_rule_is_leaf(const void *cells, __u32 address)
{
	__u32 next = tna_rule_cell(cells, address)->node.next;

	return (next & TNA_RULE_WORD_MASK) == TNA_RULE_LEAF;
}

static __always_inline __u32 tna_rule_check(const void *cells, const struct tna_rule_vector *vector,
					    __u32 address)
{
	__u32 rule = TNA_RULE_MORE;

	/* One way through the loop, whose state the verifier knows again: else it looks at each of
	 * the many ways.
	 */
#pragma clang loop unroll(disable)
	for (int i = 0; i < TNA_RULE_CHECKS && rule == TNA_RULE_MORE; i++) {
		const union tna_rule_cell *cell = tna_rule_cell(cells, address);
		__u32 next = cell->check.next;

		address += sizeof(*cell);
		if (vector->word[next & TNA_RULE_WORD_MASK] - cell->check.low > cell->check.span)
			address = next;
		else
			rule = cell->check.rule;
		asm volatile("" : "+r"(address), "+r"(rule));
	}
	return rule;
}

/* The first rule of the root's that matches, or TNA_RULE_NONE. `at`: words to work with, in a map: the stack
 * is short, and of what comes from there the verifier knows nothing, so that it takes one tree's turn for
 * another's.
 */
static __always_inline __u32 tna_rule_find(const void *cells, struct tna_rule_vector *vector,
					   __u32 *at, __u32 root)
{
	__u32 best = TNA_RULE_NONE, one, two, three, four;
	const union tna_rule_cell *trees, *smallest;

	trees = tna_rule_cell(cells, root);
	smallest = tna_rule_cell(cells, root + sizeof(*trees));
	vector->word[TNA_RULE_LEAF] = 0;
	one = trees->at[0];
	two = trees->at[1];
	three = trees->at[2];
	four = trees->at[3];
	if (smallest->first[1] == TNA_RULE_NONE) {
#pragma clang loop unroll(disable)
		for (int i = 0; i < TNA_RULE_DEPTH && !tna_rule_is_leaf(cells, one); i++)
			one = tna_rule_step(cells, vector, one);
	} else {
		/* Side by side: the processor waits for the memory of all at once. */
#pragma clang loop unroll(disable)
		for (int i = 0; i < TNA_RULE_DEPTH; i++) {
			one = tna_rule_step(cells, vector, one);
			two = tna_rule_step(cells, vector, two);
			three = tna_rule_step(cells, vector, three);
			four = tna_rule_step(cells, vector, four);
			if ((one & two & three & four & TNA_RULE_WORD_MASK) == TNA_RULE_LEAF)
				break;
		}
	}
	at[0] = one;
	at[1] = two;
	at[2] = three;
	at[3] = four;
#pragma clang loop unroll(disable)
	for (int i = 0; i < TNA_RULE_TREES; i++) {
		__u32 found;

		if (smallest->first[i] >= best)
			break;
		found = tna_rule_check(cells, vector, tna_rule_cell(cells, at[i])->node.limit[0]);
		at[TNA_RULE_TREES] = found < best ? found : best;
		asm volatile("" ::: "memory");
		best = at[TNA_RULE_TREES];
	}
	return best;
}

/* What the root's rule does. */
static __always_inline __u32 tna_rule_action(const void *cells, __u32 root, __u32 rule)
{
	__u32 actions = tna_rule_cell(cells, root + 2 * sizeof(union tna_rule_cell))->actions;

	return tna_rule_cell(cells, actions + 4 * (rule & ~3U))->at[rule & 3];
}

#endif
