/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* conntrack.h: the kernel's own entry of a connection, found by the functions that it has for that
 * (net/netfilter/nf_conntrack_bpf.c). What is read of it is copied, so that it can be let go of at
 * once.
 */
#ifndef TNA_CONNTRACK_H
#define TNA_CONNTRACK_H

#include "lib/ip.h"
#include "lib/shared.h"

/* As kernels from 6.11 on have it. Where no zone is asked for it is shorter, as in all of them; what
 * the zone is in then must be 0.
 */
struct bpf_ct_opts {
	__s32 netns_id, error;
	__u8 l4proto, dir;
	__u16 ct_zone_id;
	__u8 ct_zone_dir, unused[3];
};
#define TNA_CT_OPTIONS_SHORT 12
_Static_assert(sizeof(struct bpf_ct_opts) == 16, "NF_BPF_CT_OPTS_SZ");

extern void bpf_ct_release(struct nf_conn *) __ksym __weak;
extern int bpf_ct_change_timeout(struct nf_conn *, __u32 timeout) __ksym __weak;

enum { TNA_CT_ORIGINAL, TNA_CT_REPLY };

/* A connection's tuple as a packet that goes the other way has it: what the packet is translated to. */
static __always_inline __u64 tna_ct_tuple(struct nf_conn *ct, __u32 direction)
{
	__u64 first = tna_member(ct, struct nf_conn, tuplehash[0].tuple);

	return direction == TNA_CT_ORIGINAL ? first
					    : tna_member(ct, struct nf_conn, tuplehash[1].tuple);
}

/* The zone that the connection's first packet is looked for in, and so are all that come its way
 * (include/net/netfilter/nf_conntrack_zones.h:nf_ct_zone_id).
 */
static __always_inline __u16 tna_ct_zone(struct nf_conn *ct)
{
	if (!bpf_core_field_exists(ct->zone) || !(tna_get(ct, zone.dir) & TNA_ZONE_ORIGINAL))
		return 0;
	return tna_get(ct, zone.id);
}

static __always_inline void tna_ct_address(__be32 *to, __u64 at, bool v4)
{
	__u64 word = tna_word(at);

	to[0] = word;
	to[1] = to[2] = to[3] = 0;
	if (v4)
		return;
	to[1] = word >> 32;
	word = tna_word(at + 8);
	to[2] = word;
	to[3] = word >> 32;
}

#define tna_ct_tuple_member(tuple, member)                                                         \
	((tuple) + bpf_core_field_offset(struct nf_conntrack_tuple, member))

/* Where the extension is in the memory of the connection's, which is `ext`; 0: it has none. The type of
 * that memory may be known to the module alone.
 */
#define tna_ct_extension(ext, id)                                                                  \
	(bpf_core_enum_value_exists(enum nf_ct_ext_id, id)                                         \
	     ? (__u8)tna_word((ext) + bpf_core_field_offset(struct nf_ct_ext, offset) +            \
			      bpf_core_enum_value(enum nf_ct_ext_id, id))                          \
	     : 0)

/* A connection whose ends have heard all of each other lives long, one that waits for an answer does
 * not: so it ends when one of them is gone. That an acknowledgement without data is about all that was
 * sent is taken for granted; if it is not, more will be sent.
 */
static __always_inline __u32 tna_ct_tcp_lifetime(struct tna_pkt *p)
{
	__u32 calm = tna_get(p->net, ct.nf_ct_proto.tcp.timeouts[TCP_CONNTRACK_ESTABLISHED]);
	__u32 waiting = calm;

	if (p->facts->tcp_awaits == TNA_TCP_ACKNOWLEDGEMENT)
		waiting = tna_get(p->net, ct.nf_ct_proto.tcp.timeouts[TCP_CONNTRACK_UNACK]);
	else if (p->facts->tcp_awaits == TNA_TCP_WINDOW)
		waiting = tna_get(p->net, ct.nf_ct_proto.tcp.timeouts[TCP_CONNTRACK_RETRANS]);
	return waiting < calm ? waiting : calm;
}

/* What Linux would set the timeout to, in jiffies (nf_conntrack_proto_tcp.c, _udp.c: the end of
 * nf_conntrack_tcp_packet, nf_conntrack_udp_packet).
 */
static __always_inline __u32 tna_ct_lifetime(struct tna_pkt *p, struct nf_conn *ct)
{
	if (p->ip_proto == TNA_PROTO_TCP)
		return tna_ct_tcp_lifetime(p);
	if ((__s64)(p->now - tna_get(ct, proto.udp.stream_ts)) > 0)
		return tna_get(p->net, ct.nf_ct_proto.udp.timeouts[UDP_CT_REPLIED]);
	return tna_get(p->net, ct.nf_ct_proto.udp.timeouts[UDP_CT_UNREPLIED]);
}

/* As Linux does for each packet (nf_conntrack_core.c:__nf_ct_refresh_acct), but once in a second. */
static __always_inline void tna_ct_refresh(struct tna_pkt *p, struct nf_conn *ct)
{
	__u32 lifetime = tna_ct_lifetime(p, ct);
	__u32 left = tna_get(ct, timeout) - (__u32)p->now, hz = tna_guard.hz;

	if (lifetime - left <= hz || tna_get(ct, status) & IPS_FIXED_TIMEOUT)
		return;
	bpf_ct_change_timeout(ct, (__u64)lifetime * 1000 / hz);
}

#endif
