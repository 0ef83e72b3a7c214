/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Counts what comes in by interface. See /usr/share/doc/libtna-dev/hooks.md. */
#include <tna/hook.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
} packets SEC(".maps");

TNA_OBSERVER(my_hook)
{
	__u32 interface = facts->ingress;
	__u64 one = 1, *count = bpf_map_lookup_elem(&packets, &interface);

	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&packets, &interface, &one, BPF_NOEXIST);
}
TNA_LICENSE("GPL");
