/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* rule_tree_abi.h: the decision trees that find the first of many rules, as src/compile/tree.cpp
 * writes them and bpf/lib/rule_tree.h walks them. All trees lie in one array of cells. An address in
 * it counts bytes; it divides by 16, so that its lowest four bits have room for the number of a word.
 *
 * Roots come first, each in its own place, so that code that names one serves other trees, too. A root
 * is three cells: at[] are up to four trees of which each knows a part of the rules, first[] the
 * smallest rule in each (in rising order, TNA_RULE_NONE where there is no further tree), actions the
 * address of what the rules do, 4 bytes each: the number of a verdict in the lowest 8 bits, above it that
 * of a counter, from 1 on.
 * A node asks for one word of the vector. Its children lie side by side: the number of limits below
 * the word's value says which. Unused limits are 0xffffffff.
 * A leaf holds the address of its checks. A check that holds goes on to the next one, or if it is a
 * rule's last, finds the rule; one that fails goes on at the next rule's. The last check of all
 * always holds and finds TNA_RULE_NONE.
 */
#ifndef TNA_RULE_TREE_ABI_H
#define TNA_RULE_TREE_ABI_H

#include <linux/types.h>

#ifndef __cplusplus
#define static_assert _Static_assert
#endif

#define TNA_RULE_WORDS 12        /* that trees may ask for */
#define TNA_RULE_NONE 0xffffffffU
#define TNA_RULE_TREES 4         /* of one root */
#define TNA_RULE_ROOTS 16        /* at most */
#define TNA_RULE_ROOT_BYTES 48   /* of one */
#define TNA_RULE_UNSURE 0xffU    /* as an action: a verdict that no code knows, so that it is Linux's */
#define TNA_RULE_DEPTH 32        /* nodes on the way to a leaf, at most */
#define TNA_RULE_CHECKS 24       /* of one leaf, at most; the verifier goes through each */
#define TNA_RULE_SCRATCH (TNA_RULE_TREES + 1) /* words that a search works with */
#define TNA_RULE_LEAF 15         /* instead of a word's number */
#define TNA_RULE_WORD_MASK 15U
#define TNA_RULE_MAX_BYTES (1U << 26) /* of all cells */

/* What a packet is judged by, in the machine's byte order. Trees don't ask for the last four, which
 * make any four-bit number safe; the rules' code keeps numbers of its own in the first two of them.
 */
struct tna_rule_vector {
	__u32 word[16];
};

union tna_rule_cell {
	__u32 at[TNA_RULE_TREES];
	__u32 first[TNA_RULE_TREES];
	__u32 actions;
	struct {
		__u32 limit[3]; /* of a leaf: [0] is the address of its checks */
		__u32 next;     /* address of the first child | number of the word */
	} node;
	struct {
		__u32 low, span; /* holds if word - low <= span */
		__u32 next;      /* address of the next rule's first check | number of the word */
		__u32 rule;      /* TNA_RULE_MORE: further checks follow */
	} check;
};

#define TNA_RULE_MORE 0xfffffffeU

static_assert(sizeof(struct tna_rule_vector) == 64, "shared with src/compile: no holes");
static_assert(sizeof(union tna_rule_cell) == 16, "shared with src/compile: no holes");

#endif
