/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* facts.h: memory per CPU for what connection tracking and the rules know of the packet at hand. */
#ifndef TNA_FACTS_H
#define TNA_FACTS_H

#include "lib/route_cache.h"
#include "lib/shared.h"

/* Programs run with bottom halves off, so nobody else has a CPU's entry meanwhile. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tna_rule_facts);
} tna_rule_facts SEC(".maps");

/* Linux follows the connections of the packet's family. */
#define TNA_TRACKED(p) ((p)->ip_version == 4 ? TNA_ON(p, conntrack4) : TNA_ON(p, conntrack6))

/* With that: rules may put them into zones. */
#define TNA_ZONED(p) ((p)->ip_version == 4 ? TNA_ON(p, zones4) : TNA_ON(p, zones6))

/* NULL: it can't be, and on real-time kernels. */
static __always_inline struct tna_rule_facts *tna_facts(void)
{
	__u32 key = 0;

	return tna_preemptible() ? NULL : bpf_map_lookup_elem(&tna_rule_facts, &key);
}

#endif
