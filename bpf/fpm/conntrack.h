/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* conntrack: the connection that the packet belongs to. Linux sets connections up and takes them down;
 * those that are established in both directions are carried on here.
 * Reads  the kernel's entry of the connection, in the zone that zones.h says; the packet's TCP or UDP
 *        header.
 * Sets   p->followed, p->counted, p->facts; p->daddr, p->dport: translated, as they are routed; the entry's timeout.
 * Punts  CT_PROTO (the kernel shows no others), SHORT, CT_TCP (net/netfilter/nf_conntrack_proto_tcp.c:
 *        tcp_error, and what changes a connection's state), IP_INVALID (nf_conntrack_proto_udp.c:
 *        udp_error), CT_NEW, CT_SPECIAL, CT_COUNTED, CT_FULL, CT_WINDOW, CT_NAT (bridged ones, too), VRF (its packets meet netfilter twice).
 *
 * Checksums are not verified, as in the kernel's own flowtable. Nor are sequence numbers: what Linux
 * sees later of a connection would seem to be out of its window. So the connection must be one that
 * is treated liberally by itself; tnad asks conntrack for that when it has lasted for some packets
 * (src/daemon/flow_keeper.h), as the flowtable does.
 */
#ifndef TNA_FPM_CONNTRACK_H
#define TNA_FPM_CONNTRACK_H

#include "lib/connection_cache.h"
#include "lib/conntrack.h"
#include "lib/counted.h"
#include "lib/facts.h"
#include "lib/lasting.h"

#define TNA_TCP_HEADER 20
#define TNA_TCP_ACK 0x10
#define TNA_TCP_CALM 0xd8 /* ACK, PSH, ECE, CWR */

static __always_inline enum tna_verdict tna_ct_header(struct tna_pkt *p, __u32 length)
{
	__u32 at = p->ip_at + length, rest = p->ip_len - length, udp_length, tcp_length;
	__u8 *tcp;
	__be16 *udp;

	if (p->ip_proto == TNA_PROTO_UDP) {
		udp = tna_hdr(p, at, 8);
		if (!udp)
			return tna_punt(p, TNA_R_SHORT);
		udp_length = bpf_ntohs(udp[2]);
		return udp_length < 8 || udp_length > rest ? tna_punt(p, TNA_R_IP_INVALID) : TNA_NEXT;
	}
	if (p->ip_proto != TNA_PROTO_TCP)
		return tna_punt(p, TNA_R_CT_PROTO);
	tcp = tna_hdr(p, at, TNA_TCP_HEADER);
	if (!tcp)
		return tna_punt(p, TNA_R_SHORT);
	tcp_length = (__u32)(tcp[12] >> 4) * 4;
	if ((tcp[13] & ~TNA_TCP_CALM) || !(tcp[13] & TNA_TCP_ACK) || tcp_length < TNA_TCP_HEADER ||
	    tcp_length > rest)
		return tna_punt(p, TNA_R_CT_TCP);
	p->facts->tcp_awaits = rest > tcp_length	 ? TNA_TCP_ACKNOWLEDGEMENT
			       : !*(__be16 *)(tcp + 14) ? TNA_TCP_WINDOW
							 : TNA_TCP_NOTHING;
	return TNA_NEXT;
}

/* An address was chosen for the connection's way out (net/netfilter/nf_nat_core.c:
 * nf_nat_oif_changed); 0: none.
 */
static __always_inline __u32 tna_ct_masqueraded(__u64 ext)
{
	__u8 at;

	if (!bpf_core_field_exists(struct nf_conn_nat, masq_index) || !ext)
		return 0;
	at = tna_ct_extension(ext, NF_CT_EXT_NAT);
	return at ? tna_int(ext + at + bpf_core_field_offset(struct nf_conn_nat, masq_index)) : 0;
}

/* Both ends have spoken, and Linux need not see all of it for its sequence numbers or a helper; nor has a
 * flowtable the connection.
 */
static __always_inline bool tna_ct_established(__u64 status)
{
	const __u64 wanted = IPS_SEEN_REPLY | IPS_ASSURED | IPS_CONFIRMED;
	const __u64 never = IPS_SEQ_ADJUST | IPS_DYING | IPS_TEMPLATE | IPS_NAT_CLASH | IPS_HELPER |
			    IPS_OFFLOAD | IPS_HW_OFFLOAD;

	return (status & (wanted | never)) == wanted;
}

/* TNA_R_COUNT, unless Linux must see all of it for a helper, for counting, for timeouts of its own. The
 * memory for sequence numbers to change, or for SYNPROXY, alone means nothing: all that ctnetlink makes
 * has it. Sets p->facts->masqueraded, whatever the direction. A function of its own for the room that it
 * needs on the stack.
 */
static __noinline enum tna_reason tna_ct_extensions(struct tna_pkt *p, struct nf_conn *ct)
{
	struct tna_kept_connection *kept = tna_connection_place(p);
	bool counted = false;
	__u64 ext;

	if (tna_connection_known(p, kept, ct)) {
		p->facts->masqueraded = kept->masqueraded;
		return TNA_R_COUNT;
	}
	ext = (__u64)tna_get(ct, ext);
	if (ext) {
		if (tna_ct_extension(ext, NF_CT_EXT_HELPER) ||
		    tna_ct_extension(ext, NF_CT_EXT_TIMEOUT))
			return TNA_R_CT_SPECIAL;
		counted = tna_ct_extension(ext, NF_CT_EXT_ACCT);
		if (counted && !TNA_ON(p, counts))
			return TNA_R_CT_COUNTED;
	}
	p->facts->masqueraded = tna_ct_masqueraded(ext);
	if (!counted)
		tna_connection_keep(p, kept, ct);
	return TNA_R_COUNT;
}

/* Conntrack accepts what is out of the window that it knows; nothing is unacknowledged, which would
 * shorten its life when it is idle; and of what it has seen acknowledged it remembers nothing, or a
 * reset would be compared with that, and be taken for an old one.
 */
static __always_inline bool tna_ct_liberal(struct tna_pkt *p, struct nf_conn *ct)
{
	const __u8 old = IP_CT_TCP_FLAG_DATA_UNACKNOWLEDGED | IP_CT_TCP_FLAG_MAXACK_SET;
	__u8 one = tna_get(ct, proto.tcp.seen[0].flags), other = tna_get(ct, proto.tcp.seen[1].flags);
	bool liberal = one & other & IP_CT_TCP_FLAG_BE_LIBERAL;

	if (liberal && !((one | other) & old))
		return true;
	tna_lasts(p, ct, liberal);
	return false;
}

static __always_inline enum tna_reason tna_ct_tcp(struct tna_pkt *p, struct nf_conn *ct)
{
	if (tna_get(ct, proto.tcp.state) != TCP_CONNTRACK_ESTABLISHED)
		return TNA_R_CT_SPECIAL;
	if (tna_get(ct, proto.tcp.retrans) >= tna_get(p->net, ct.nf_ct_proto.tcp.tcp_max_retrans) ||
	    !tna_get(ct, proto.tcp.last_win))
		return TNA_R_CT_WINDOW;
	return tna_ct_liberal(p, ct) ? TNA_R_COUNT : TNA_R_CT_WINDOW;
}

/* What the packet's addresses and ports become; its destination does so before it is routed. */
static __always_inline void tna_ct_translate(struct tna_pkt *p, struct nf_conn *ct, __u32 direction)
{
	struct tna_rule_facts *f = p->facts;
	__u64 other = tna_ct_tuple(ct, !direction);
	bool v4 = p->ip_version == 4;

	tna_ct_address(f->nat_saddr, tna_ct_tuple_member(other, dst.u3), v4);
	tna_ct_address(f->nat_daddr, tna_ct_tuple_member(other, src.u3), v4);
	f->nat_sport = tna_word(tna_ct_tuple_member(other, dst.u));
	f->nat_dport = tna_word(tna_ct_tuple_member(other, src.u));
	/* One by one, as they have just been stored: see lib/rule_kept.h. */
	p->daddr[0] = f->nat_daddr[0];
	p->daddr[1] = f->nat_daddr[1];
	p->daddr[2] = f->nat_daddr[2];
	p->daddr[3] = f->nat_daddr[3];
	p->dport = f->nat_dport;
}

/* What the entry says of the packet; TNA_R_COUNT: it goes on. */
static __always_inline enum tna_reason tna_ct_read(struct tna_pkt *p, struct nf_conn *ct,
						   __u32 direction)
{
	struct tna_rule_facts *f = p->facts;
	__u64 status = tna_get(ct, status);
	const __u64 done = IPS_SRC_NAT_DONE | IPS_DST_NAT_DONE;
	enum tna_reason reason;

	if (!tna_ct_established(status))
		return TNA_R_CT_SPECIAL;
	if (status & (IPS_SRC_NAT | IPS_DST_NAT) &&
	    (!TNA_ON(p, nat) || TNA_BRIDGED(p) || (status & done) != done))
		return TNA_R_CT_NAT;
	if (TNA_ON(p, nat))
		tna_ct_translate(p, ct, direction);
	if ((reason = tna_ct_extensions(p, ct)) != TNA_R_COUNT)
		return reason;
	/* Behind that: only what can go fast is treated liberally. */
	if (p->ip_proto == TNA_PROTO_TCP && (reason = tna_ct_tcp(p, ct)) != TNA_R_COUNT)
		return reason;
	if (direction != TNA_CT_ORIGINAL)
		f->masqueraded = 0;
	if (TNA_ON(p, counts) && (reason = tna_counted_find(p, ct)) != TNA_R_COUNT)
		return reason;
	tna_ct_refresh(p, ct);
	f->ct_state = TNA_CT_ESTABLISHED;
	f->ct_status = status;
	f->ct_mark = bpf_core_field_exists(ct->mark) ? tna_get(ct, mark) : 0;
	f->ct_direction = direction;
	return TNA_R_COUNT;
}

/* What the kernel is asked by, in memory that the rules use later: the stack has no room for it. */
struct tna_ct_question {
	struct bpf_ct_opts options;
	struct bpf_sock_tuple tuple;
};
_Static_assert(sizeof(struct tna_ct_question) <= sizeof(((struct tna_rule_facts *)0)->key), "room");

static __always_inline struct nf_conn *tna_ct_find(struct tna_pkt *p, __u32 *direction)
{
	struct tna_ct_question *ask = (void *)p->facts->key;
	__u32 size = TNA_ZONED(p) ? sizeof(ask->options) : TNA_CT_OPTIONS_SHORT;
	struct nf_conn *ct;

	ask->options.netns_id = BPF_F_CURRENT_NETNS;
	ask->options.l4proto = p->ip_proto;
	ask->options.ct_zone_id = TNA_ZONED(p) ? p->facts->ct_zone : 0;
	ask->options.ct_zone_dir = TNA_ZONED(p) ? p->facts->ct_zone_dir : 0;
	ask->options.unused[0] = ask->options.unused[1] = ask->options.unused[2] = 0;
	if (p->ip_version == 4) {
		ask->tuple.ipv4.saddr = p->saddr[0];
		ask->tuple.ipv4.daddr = p->daddr[0];
		ask->tuple.ipv4.sport = p->sport;
		ask->tuple.ipv4.dport = p->dport;
		ct = tna_ctx_ct_lookup(p, &ask->tuple, sizeof(ask->tuple.ipv4), &ask->options,
				       size);
	} else {
		__builtin_memcpy(ask->tuple.ipv6.saddr, p->saddr, sizeof(p->saddr));
		__builtin_memcpy(ask->tuple.ipv6.daddr, p->daddr, sizeof(p->daddr));
		ask->tuple.ipv6.sport = p->sport;
		ask->tuple.ipv6.dport = p->dport;
		ct = tna_ctx_ct_lookup(p, &ask->tuple, sizeof(ask->tuple.ipv6), &ask->options,
				       size);
	}
	*direction = ask->options.dir;
	return ct;
}

static __always_inline enum tna_verdict fpm_conntrack(struct tna_pkt *p)
{
	bool v4 = p->ip_version == 4;
	enum tna_reason reason;
	struct nf_conn *ct;
	enum tna_verdict v;
	__u32 direction;

	if (p->vrf)
		return tna_punt(p, TNA_R_VRF);
	p->facts = tna_facts();
	if (!p->facts)
		return tna_punt(p, TNA_R_CT_SPECIAL);
	if ((v = tna_ct_header(p, v4 ? sizeof(struct tna_ipv4) : sizeof(struct tna_ipv6))))
		return v;
	ct = tna_ct_find(p, &direction);
	if (!ct)
		return tna_punt(p, TNA_R_CT_NEW);
	reason = tna_ct_read(p, ct, direction);
	bpf_ct_release(ct);
	if (reason != TNA_R_COUNT)
		return tna_punt(p, reason);
	p->followed = true;
	return TNA_ON(p, nat) && v4 && tna_ipv4_special(p->daddr[0]) ? tna_punt(p, TNA_R_IP_ADDRESS) : TNA_NEXT;
}

#endif
