/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* rule_tree.bpf.c: asks bpf/lib/rule_tree.h about one vector after the other, each run about the next
 * one, and keeps the answers. For tests/fpm/rule_tree_test.cpp and bench/case_classifier.cpp.
 */
#include <stdbool.h>

#include "lib/rule_tree.h"
#include "rule_tree_runs.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, RULE_TREE_VECTORS);
	__type(key, __u32);
	__type(value, struct tna_rule_vector);
} vectors SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, RULE_TREE_VECTORS);
	__type(key, __u32);
	__type(value, __u64); /* an array's elements are eight bytes apart anyway */
} answers SEC(".maps");

__u32 root, next;
__u32 at[TNA_RULE_SCRATCH] SEC(".data.at");

static __always_inline int ask(bool find)
{
	__u32 number = next++ % RULE_TREE_VECTORS;
	struct tna_rule_vector *vector = bpf_map_lookup_elem(&vectors, &number);
	__u64 *answer = bpf_map_lookup_elem(&answers, &number);
	const void *cells;
	__u32 first = 0;

	cells = bpf_map_lookup_elem(&tna_rule_cells, &first);
	if (!vector || !answer || !cells)
		return 1;
	*answer = find ? tna_rule_find(cells, vector, at, root) : vector->word[0];
	return 0;
}

SEC("xdp") int find_xdp(struct xdp_md *ctx)
{
	return ask(true);
}

SEC("tc") int find_tc(struct __sk_buff *ctx)
{
	return ask(true);
}

/* All but the search: what it is measured against. */
SEC("xdp") int nothing_xdp(struct xdp_md *ctx)
{
	return ask(false);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
