/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* blocklist: discards IPv4 packets from prefixes in a list, and TCP SYNs of sources that send more of them
 * than so many a second.
 */
#include <tna/hook.h>

#define SECOND 1000000000ULL
#define TCP 6
#define SYN 2
#define ACK 16

volatile const __u32 syns_per_second = 100;

struct prefix {
	__u32 bits;
	__be32 address;
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 100000);
	__type(key, struct prefix);
	__type(value, __u32);
} blocked SEC(".maps");

struct budget {
	__u64 since; /* when this second began */
	__u64 syns;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, __be32);
	__type(value, struct budget);
} budgets SEC(".maps");

static __always_inline bool floods(__be32 source)
{
	__u64 now = bpf_ktime_get_ns();
	struct budget *budget = bpf_map_lookup_elem(&budgets, &source), fresh = {now, 1};

	if (!budget || now - budget->since > SECOND) {
		bpf_map_update_elem(&budgets, &source, &fresh, BPF_ANY);
		return false;
	}
	return __sync_fetch_and_add(&budget->syns, 1) >= syns_per_second;
}

TNA_FILTER(blocklist)
{
	struct prefix source = {.bits = 32, .address = facts->saddr[0]};

	if (facts->version != 4)
		return TNA_CONTINUE;
	if (bpf_map_lookup_elem(&blocked, &source))
		return TNA_DISCARD;
	if (facts->l4_protocol == TCP && (facts->tcp_flags & (SYN | ACK)) == SYN &&
	    floods(facts->saddr[0]))
		return TNA_DISCARD;
	return TNA_CONTINUE;
}
TNA_LICENSE("GPL");
