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
 * in the place of lib/rule_facts.h's functions when a program is loaded. Rules for frames are in all three of them,
 * where there are such.
 */
#ifndef TNA_FPM_RULES_H
#define TNA_FPM_RULES_H

#include "lib/device.h"
#include "lib/ip.h"
#include "lib/routing.h"
#include "lib/rule_facts.h"
#include "lib/rule_kept.h"

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
	if (!tna_rule_facts_at_first(p, f))
		return tna_punt(p, TNA_R_SHORT);
	if (!p->followed)
		tna_rule_untracked(p, f);
	tna_rule_egress(p, f);
	verdict = p->ip_version == 4   ? tna_rules4(f)
		  : p->ip_version == 6 ? tna_rules6(f)
				       : tna_rules_frame(f);
	/* Tells the loader where these begin, and keeps them in the program: the verifier refuses what
	 * nobody calls.
	 */
	if (TNA_ON(p, rules_find))
		verdict = tna_rule_ask(f, TNA_RULE_FIND_PLACE) + tna_rules4(f) + tna_rules6(f) +
			  tna_rules_frame(f) + tna_zones4(f) + tna_zones6(f);
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
