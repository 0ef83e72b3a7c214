/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Says what the map has for the destination port; with the first byte of the payload 'x', that. */
#include <tna/hook.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __be16);
	__type(value, __u32);
} ports SEC(".maps");

TNA_FILTER(filter)
{
	__be16 port = facts->dport;
	__u32 *says = bpf_map_lookup_elem(&ports, &port);
	__u8 first = 0;

	if (facts->l4_protocol == 17 && !tna_load(packet, facts->l4_at + 8, &first, 1) && first == 'x')
		return TNA_DISCARD;
	return says ? *says : TNA_CONTINUE;
}
TNA_LICENSE("GPL");
