/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* lasting.h: TCP connections of which many packets have gone to Linux, one after the other, since
 * conntrack watches their sequence numbers. The controller is told of them, so short connections
 * cost nothing: src/daemon/flow_keeper.h.
 */
#ifndef TNA_LASTING_H
#define TNA_LASTING_H

#include "lib/conntrack.h"

#define TNA_LASTING 1024   /* connections that are counted at a time, per CPU */
#define TNA_LASTS_LONG 8   /* packets */
#define TNA_LASTS_AGAIN 64 /* packets after which it is said again */

struct tna_lasting {
	__u32 flow, packets;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TNA_LASTING);
	__type(key, __u32);
	__type(value, struct tna_lasting);
} tna_lasting SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} tna_flows SEC(".maps");

static __always_inline __u32 tna_lasting_hash(struct tna_pkt *p, __u32 zone)
{
	__u32 ends = (p->saddr[0] ^ p->saddr[2] ^ p->saddr[3]) * 0x9e3779b1U +
		     (p->daddr[0] ^ p->daddr[2] ^ p->daddr[3]) * 0x85ebca6bU;

	return (ends ^ zone ^ (p->sport | (__u32)p->dport << 16)) * 0xc2b2ae35U;
}

/* Another packet of the connection. `known`: it was told of before. */
static __always_inline void tna_lasts(struct tna_pkt *p, struct nf_conn *ct, bool known)
{
	bool v4 = p->ip_version == 4;
	__u64 tuple = tna_ct_tuple(ct, TNA_CT_ORIGINAL);
	__u16 zone = tna_ct_zone(ct);
	__u32 flow = tna_lasting_hash(p, zone), key = flow >> 22;
	struct tna_lasting *lasting;
	struct tna_flow *told;

	_Static_assert(TNA_LASTING == 1 << 10, "the key");
	lasting = bpf_map_lookup_elem(&tna_lasting, &key);
	if (!lasting)
		return;
	if (lasting->flow != flow) {
		lasting->flow = flow;
		lasting->packets = 0;
	}
	lasting->packets++;
	if (known ? lasting->packets % TNA_LASTS_LONG != 1
		  : lasting->packets % TNA_LASTS_AGAIN != TNA_LASTS_LONG)
		return;
	told = bpf_ringbuf_reserve(&tna_flows, sizeof(*told), 0);
	if (!told)
		return;
	told->version = p->ip_version;
	told->zone = zone;
	tna_ct_address(told->saddr, tna_ct_tuple_member(tuple, src.u3), v4);
	tna_ct_address(told->daddr, tna_ct_tuple_member(tuple, dst.u3), v4);
	told->sport = tna_word(tna_ct_tuple_member(tuple, src.u));
	told->dport = tna_word(tna_ct_tuple_member(tuple, dst.u));
	bpf_ringbuf_submit(told, 0);
}

#endif
