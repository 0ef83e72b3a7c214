/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* flow_monitor: counts packets and bytes of each flow, and tells of every new one by a ring buffer. */
#include <tna/hook.h>

#include "flow_monitor.h"

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct flow);
	__type(value, struct flow_count);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} new_flows SEC(".maps");

/* The stack of a hook is short: a key is made here. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct flow);
} scratch SEC(".maps");

TNA_OBSERVER(flow_monitor)
{
	struct flow_count *count, first = {.packets = 1, .bytes = facts->length};
	__u32 zero = 0;
	struct flow *flow = bpf_map_lookup_elem(&scratch, &zero);

	if (!flow || !facts->version)
		return;
	__builtin_memcpy(flow->saddr, facts->saddr, sizeof(flow->saddr));
	__builtin_memcpy(flow->daddr, facts->daddr, sizeof(flow->daddr));
	flow->sport = facts->sport;
	flow->dport = facts->dport;
	flow->protocol = facts->l4_protocol;
	flow->version = facts->version;
	count = bpf_map_lookup_elem(&flows, flow);
	if (count) {
		__sync_fetch_and_add(&count->packets, 1);
		__sync_fetch_and_add(&count->bytes, facts->length);
		return;
	}
	bpf_map_update_elem(&flows, flow, &first, BPF_NOEXIST);
	bpf_ringbuf_output(&new_flows, flow, sizeof(*flow), 0);
}
TNA_LICENSE("GPL");
