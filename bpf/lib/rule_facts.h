/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* rule_facts.h: the code that is made of the firewall's rules, and what it can look at of a packet.
 */
#ifndef TNA_RULE_FACTS_H
#define TNA_RULE_FACTS_H

#include "lib/device.h"
#include "lib/facts.h"
#include "lib/ip.h"
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

/* The same of the rules that a packet meets before its connection is looked for: in which zone. */
__weak __hidden int tna_zones4(struct tna_rule_facts *facts)
{
	return TNA_ZONES4_PLACE;
}
__weak __hidden int tna_zones6(struct tna_rule_facts *facts)
{
	return TNA_ZONES6_PLACE;
}

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

static __always_inline void tna_rule_name(__u8 *name, struct net_device *dev)
{
	__u64 at = tna_member(dev, struct net_device, name);

	*(__u64 *)name = tna_word(at);
	*(__u64 *)(name + 8) = tna_word(at + 8);
}

static __always_inline void tna_rule_device(struct tna_pkt *p, struct net_device *dev, __u8 *name,
					    __u32 *of_group)
{
	if (!TNA_ON(p, rules_devices))
		return;
	tna_rule_name(name, dev);
	*of_group = tna_get(dev, group);
}

/* To rules of IP a bridged packet comes and goes by the bridge (net/bridge/br_netfilter_hooks.c:
 * br_nf_forward_ip).
 */
#define TNA_RULE_BRIDGED(p) (TNA_ON(p, bridge_rules) && TNA_BRIDGED(p))

static __always_inline void tna_rule_ingress(struct tna_pkt *p, struct tna_rule_facts *f)
{
	struct net_device *in = p->dev;

	if (TNA_RULE_BRIDGED(p)) {
		f->port_iif = tna_device_ifindex(in);
		tna_rule_device(p, in, f->port_iifname, &f->port_iifgroup);
		in = tna_see(p->br, dev);
	} else {
		f->bridged = 0;
	}
	f->iif = tna_device_ifindex(in);
	tna_rule_device(p, in, f->iifname, &f->iifgroup);
}

static __always_inline void tna_rule_egress(struct tna_pkt *p, struct tna_rule_facts *f)
{
	struct net_device *out = p->out_dev;

	f->oif = p->out_ifindex;
	if (TNA_RULE_BRIDGED(p)) {
		f->port_oif = p->out_ifindex;
		tna_rule_device(p, out, f->port_oifname, &f->port_oifgroup);
		out = tna_see(p->br, dev);
		f->oif = tna_device_ifindex(out);
	}
	tna_rule_device(p, out, f->oifname, &f->oifgroup);
}

/* What the packet has when it meets the first rule. */
static __always_inline bool tna_rule_facts_at_first(struct tna_pkt *p, struct tna_rule_facts *f)
{
	if (!tna_rule_headers(p, f))
		return false;
	f->length = (p->trim ? p->trim : p->len) - p->ip_at;
	f->mark = 0;
	f->mark_routed_by = 0;
	f->written = 0;
	f->asks_routing = 0;
	f->counted = 0;
	tna_rule_ingress(p, f);
	return true;
}

#endif
