/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* counted.h: connections whose packets Linux counts (nf_conntrack_acct), and what passes Linux by
 * is counted here. Nobody but Linux can write to its own counters. The controller takes those out
 * that have ended: bpf/connections.bpf.c.
 */
#ifndef TNA_COUNTED_H
#define TNA_COUNTED_H

#include "lib/conntrack.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1); /* the controller sets it */
	__type(key, struct tna_connection_key);
	__type(value, struct tna_connection);
} tna_connections SEC(".maps");

static __always_inline void tna_counted_open(struct tna_pkt *p, struct nf_conn *ct)
{
	__u64 tuple = tna_ct_tuple(ct, TNA_CT_ORIGINAL);
	struct tna_connection *fresh = &p->facts->connection;
	bool v4 = p->ip_version == 4;

	__builtin_memset(fresh, 0, sizeof(*fresh));
	fresh->version = p->ip_version;
	fresh->protocol = p->ip_proto;
	tna_ct_address(fresh->saddr, tna_ct_tuple_member(tuple, src.u3), v4);
	tna_ct_address(fresh->daddr, tna_ct_tuple_member(tuple, dst.u3), v4);
	fresh->sport = tna_word(tna_ct_tuple_member(tuple, src.u));
	fresh->dport = tna_word(tna_ct_tuple_member(tuple, dst.u));
	/* Another CPU may have been first. */
	bpf_map_update_elem(&tna_connections, &p->facts->connection_key, fresh, BPF_NOEXIST);
}

/* TNA_R_COUNT: p->counted is what it is counted by, or Linux does not count it. Where conntrack
 * does not say when it began, it could be taken for an earlier one. Not inlined, for the stack.
 */
static __noinline enum tna_reason tna_counted_find(struct tna_pkt *p, struct nf_conn *ct)
{
	__u64 ext = (__u64)tna_get(ct, ext);
	struct tna_rule_facts *f = p->facts;
	__u8 at;

	p->counted = NULL;
	if (!f)
		return TNA_R_CT_COUNTED;
	if (!ext || !tna_ct_extension(ext, NF_CT_EXT_ACCT))
		return TNA_R_COUNT;
	at = tna_ct_extension(ext, NF_CT_EXT_TSTAMP);
	if (!at || !bpf_core_field_exists(struct nf_conn_tstamp, start))
		return TNA_R_CT_COUNTED;
	f->connection_key.at = (__u64)ct;
	f->connection_key.began =
	    tna_word(ext + at + bpf_core_field_offset(struct nf_conn_tstamp, start));
	if (!f->connection_key.began)
		return TNA_R_CT_COUNTED;
	p->counted = bpf_map_lookup_elem(&tna_connections, &f->connection_key);
	if (!p->counted) {
		tna_counted_open(p, ct);
		p->counted = bpf_map_lookup_elem(&tna_connections, &f->connection_key);
	}
	return p->counted ? TNA_R_COUNT : TNA_R_CT_FULL;
}

/* The packet is not Linux's any more. Bytes as where conntrack counts them, behind the trimming of
 * padding (net/netfilter/nf_conntrack_core.c:nf_ct_acct_add); its other packets may be on other
 * CPUs.
 */
static __always_inline void tna_counted_done(struct tna_pkt *p)
{
	struct tna_connection_count *count;

	if (!TNA_ON(p, counts) || !p->counted || !p->facts)
		return;
	count = &p->counted->count[p->facts->ct_direction & 1];
	__sync_fetch_and_add(&count->packets, 1);
	__sync_fetch_and_add(&count->bytes, (p->trim ? p->trim : p->len) - p->ip_at);
}

#endif
