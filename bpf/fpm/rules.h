/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* rules: what do the firewall's rules say of a packet that is to be forwarded, by routing or by a bridge?
 * Reads  the generation of the namespace's rules, the packet's headers, names and groups of devices.
 * Sets   p->facts: the mark, and which rules have counted the packet.
 * Drops  what the rules drop.
 * Punts  RULES_NEW (other rules have been committed), RULE, SHORT, CT_COUNTED (they drop it), VRF (its packets meet the rules twice:
 *        drivers/net/vrf.c:vrf_rcv_nfhook), MARK (it can't be carried on; or a bridged packet has one).
 *
 * The chains of prerouting, forward and postrouting are looked at together, when the egress is known:
 * nothing that is left to Linux in between has been changed or counted. The code is src/compile's, put
 * in the place of the functions below when a program is loaded. Rules for frames are in all three of them,
 * where there are such.
 */
#ifndef TNA_FPM_RULES_H
#define TNA_FPM_RULES_H

#include "lib/device.h"
#include "lib/facts.h"
#include "lib/ip.h"
#include "lib/routing.h"
#include "lib/rule_kept.h"
#include "lib/shared.h"

#define TNA_TRANSPORT_SEEN 20

/* A function that returns such a number is replaced (src/deploy/link.cpp). */
__weak __hidden int tna_rules4(struct tna_rule_facts *facts)
{
	return TNA_RULES4_PLACE;
}
__weak __hidden int tna_rules6(struct tna_rule_facts *facts)
{
	return TNA_RULES6_PLACE;
}

__weak __hidden int tna_rules_frame(struct tna_rule_facts *facts) /* of other protocols */
{
	return TNA_RULES_FRAME_PLACE;
}

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1); /* each program has one of its own rules */
	__type(key, __u32);
	__type(value, struct tna_rule_counter);
} tna_rule_counters SEC(".maps");

#define NF_CT_STATE_INVALID_BIT 1 /* include/uapi/linux/netfilter/nf_conntrack_common.h */

/* This program has rules for the packet's family. */
#define TNA_RULED(p)                                                                               \
	((p)->ip_version == 4	? TNA_ON(p, rules4)                                                \
	 : (p)->ip_version == 6 ? TNA_ON(p, rules6)                                                \
				: TNA_ON(p, frame_rules))

static __always_inline bool tna_tables_same(volatile struct tna_table_guard *tables)
{
	for (int i = 0; i < TNA_TABLES; i++)
		if (tables[i].at && tna_word(tables[i].at) != tables[i].rules)
			return false;
	return true;
}

/* nf_tables counts what it commits before the new rules are in force (net/netfilter/nf_tables_api.c:
 * nf_tables_commit); legacy tables get new memory (net/netfilter/x_tables.c:xt_replace_table).
 */
static __always_inline bool tna_rules_same(struct tna_pkt *p)
{
	if (tna_guard.nft_generation_at &&
	    (__u32)tna_int(tna_guard.nft_generation_at) != tna_guard.nft_generation)
		return false;
	if (!TNA_ON(p, rules_legacy))
		return true;
	return p->ip_version == 4 ? tna_tables_same(tna_guard.tables4)
				  : tna_tables_same(tna_guard.tables6);
}

/* The first bytes behind the IP header; false: too few to be of the protocol. A packet that short
 * xtables drops, and nf_tables' rules don't find.
 */
static __always_inline bool tna_rule_transport(struct tna_pkt *p, struct tna_rule_facts *f,
					       __u32 header)
{
	__u32 at = p->ip_at + header, rest = p->trim ? p->trim - at : p->len - at;
	__u32 *from = tna_hdr(p, at, TNA_TRANSPORT_SEEN), *to = (__u32 *)f->transport;

	if (from) {
		to[0] = from[0];
		to[1] = from[1];
		to[2] = from[2];
		to[3] = from[3];
		to[4] = from[4];
		f->transport_length = rest < TNA_TRANSPORT_SEEN ? rest : TNA_TRANSPORT_SEEN;
	} else {
		from = tna_hdr(p, at, 2 * sizeof(*from));
		if (from) {
			to[0] = from[0];
			to[1] = from[1];
			f->transport_length = rest < 2 * sizeof(*from) ? rest : 2 * sizeof(*from);
		} else {
			from = tna_hdr(p, at, sizeof(*from));
			if (!from)
				return false;
			to[0] = from[0];
			f->transport_length = sizeof(*from);
		}
	}
	if (p->ip_proto == TNA_PROTO_TCP)
		return f->transport_length >= 20;
	if (p->ip_proto == TNA_PROTO_UDP || p->ip_proto == TNA_PROTO_ICMP ||
	    p->ip_proto == TNA_PROTO_ICMPV6)
		return f->transport_length >= 8;
	return true;
}

static __always_inline bool tna_rule_link(struct tna_pkt *p, struct tna_rule_facts *f)
{
	__u64 *link = (__u64 *)f->link, *eth;

	eth = tna_hdr(p, 0, 2 * sizeof(*eth));
	if (!eth)
		return false;
	link[0] = eth[0];
	link[1] = eth[1];
	if (!TNA_ON(p, frame_rules))
		return true;
	eth = tna_hdr(p, 16, sizeof(*eth));
	if (!eth)
		return false;
	link[2] = eth[0];
	tna_ctx_link(p, f->link);
	f->protocol = p->proto;
	f->retagged = p->retag != TNA_TAG_KEEP;
	return true;
}

static __always_inline bool tna_rule_headers(struct tna_pkt *p, struct tna_rule_facts *f)
{
	bool v4 = p->ip_version == 4;
	__u64 *network = (__u64 *)f->network;
	struct tna_ipv4 *ip4;
	__u64 *ip6;

	if (!tna_rule_link(p, f))
		return false;
	if (!p->ip_version) {
		f->transport_length = 0;
		return true;
	}
	if (v4) {
		ip4 = tna_hdr(p, p->ip_at, sizeof(*ip4));
		if (!ip4)
			return false;
		*(struct tna_ipv4 *)f->network = *ip4;
		return tna_rule_transport(p, f, sizeof(*ip4));
	}
	ip6 = tna_hdr(p, p->ip_at, sizeof(struct tna_ipv6));
	if (!ip6)
		return false;
	network[0] = ip6[0];
	network[1] = ip6[1];
	network[2] = ip6[2];
	network[3] = ip6[3];
	network[4] = ip6[4];
	return tna_rule_transport(p, f, sizeof(struct tna_ipv6));
}

/* Nobody looks for the packet's connection: nothing is translated. */
static __always_inline void tna_rule_untracked(struct tna_pkt *p, struct tna_rule_facts *f)
{
	f->ct_state = NF_CT_STATE_INVALID_BIT;
	f->ct_status = f->ct_mark = f->ct_direction = 0;
	__builtin_memcpy(f->nat_saddr, p->saddr, sizeof(p->saddr));
	__builtin_memcpy(f->nat_daddr, p->daddr, sizeof(p->daddr));
	f->nat_sport = p->sport;
	f->nat_dport = p->dport;
}

static __always_inline void tna_rule_name(__u8 *name, struct net_device *dev)
{
	__u64 at = tna_member(dev, struct net_device, name);

	*(__u64 *)name = tna_word(at);
	*(__u64 *)(name + 8) = tna_word(at + 8);
}

/* To rules of IP a bridged packet comes and goes by the bridge (net/bridge/br_netfilter_hooks.c:
 * br_nf_forward_ip).
 */
static __always_inline void tna_rule_devices(struct tna_pkt *p, struct tna_rule_facts *f)
{
	bool bridged = TNA_ON(p, bridge_rules) && TNA_BRIDGED(p);
	struct net_device *in = p->dev, *out = p->out_dev;

	f->oif = p->out_ifindex;
	if (bridged) {
		f->port_iif = tna_device_ifindex(in);
		f->port_oif = p->out_ifindex;
		if (TNA_ON(p, rules_devices)) {
			tna_rule_name(f->port_iifname, in);
			tna_rule_name(f->port_oifname, out);
			f->port_iifgroup = tna_get(in, group);
			f->port_oifgroup = tna_get(out, group);
		}
		in = out = tna_see(p->br, dev);
		f->oif = tna_device_ifindex(in);
	} else {
		f->bridged = 0;
	}
	f->iif = tna_device_ifindex(in);
	if (!TNA_ON(p, rules_devices))
		return;
	tna_rule_name(f->iifname, in);
	tna_rule_name(f->oifname, out);
	f->iifgroup = tna_get(in, group);
	f->oifgroup = tna_get(out, group);
}

static __always_inline enum tna_verdict fpm_rules(struct tna_pkt *p)
{
	struct tna_rule_facts *f;
	int verdict;

	if (!tna_rules_same(p))
		return tna_punt(p, TNA_R_RULES_NEW);
	if (p->vrf || tna_see_bits(p->head, priv_flags) & IFF_L3MDEV_SLAVE)
		return tna_punt(p, TNA_R_VRF);
	f = tna_facts();
	if (!f)
		return tna_punt(p, TNA_R_RULE);
	if (TNA_ON(p, bridge_rules) && TNA_BRIDGED(p) && tna_ctx_mark(p))
		return tna_punt(p, TNA_R_MARK);
	if (!tna_rule_headers(p, f))
		return tna_punt(p, TNA_R_SHORT);
	if (!p->followed)
		tna_rule_untracked(p, f);
	f->length = (p->trim ? p->trim : p->len) - p->ip_at;
	f->mark = 0;
	f->mark_routed_by = 0;
	f->written = 0;
	f->asks_routing = 0;
	f->counted = 0;
	tna_rule_devices(p, f);
	verdict = p->ip_version == 4   ? tna_rules4(f)
		  : p->ip_version == 6 ? tna_rules6(f)
				       : tna_rules_frame(f);
	/* Tells the loader where these begin, and keeps them in the program: the verifier refuses what
	 * nobody calls.
	 */
	if (TNA_ON(p, rules_find))
		verdict = tna_rule_ask(f, TNA_RULE_FIND_PLACE) + tna_rules4(f) + tna_rules6(f) +
			  tna_rules_frame(f);
	p->facts = f;
	p->judged = true;
	if (verdict != TNA_NEXT && verdict != TNA_DROP)
		return tna_punt(p, TNA_R_RULE);
	/* Rules drop it before Linux looks for its connection, and so counts it, or behind that. */
	if (TNA_ON(p, counts) && verdict == TNA_DROP && p->counted)
		return tna_punt(p, TNA_R_CT_COUNTED);
	/* By the mark rules of routing might have chosen another way; and to them an address may be
	 * what the table of local ones, which is otherwise asked first, does not say.
	 */
	if ((f->mark_routed_by || f->asks_routing) && !f->bridged && tna_routing_rules(p))
		return tna_punt(p, f->mark_routed_by ? TNA_R_MARK : TNA_R_RULE);
	return verdict;
}

/* The device is known that it really leaves by. */
static __always_inline enum tna_verdict tna_rules_mark(struct tna_pkt *p)
{
	return p->facts && p->judged && p->facts->mark && !tna_ctx_marks(p) ? tna_punt(p, TNA_R_MARK) : TNA_NEXT;
}

/* The packet is not Linux's any more: it is counted, and gets its mark. */
static __always_inline void tna_rules_done(struct tna_pkt *p)
{
	struct tna_rule_facts *f = p->facts;
	struct tna_rule_counter *counter;

	if (!TNA_ON(p, rules4) && !TNA_ON(p, rules6))
		return;
	if (!f || !p->judged) /* of a family without rules */
		return;
	if (f->mark)
		tna_ctx_set_mark(p, f->mark);
	for (__u32 i = 0; i < TNA_RULES_COUNTED && i < f->counted; i++) {
		counter = bpf_map_lookup_elem(&tna_rule_counters, &f->counters[i]);
		if (counter) {
			counter->packets++;
			counter->bytes += f->length;
		}
	}
}

#endif
