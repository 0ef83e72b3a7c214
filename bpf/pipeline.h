/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* pipeline.h: THE SPINE. The modules in the order in which Linux would do the work; each behind a
 * constant, so that a program has only what its configuration uses, with a hook slot between every
 * two.
 */
#ifndef TNA_PIPELINE_H
#define TNA_PIPELINE_H

#include "lib/count.h"
#include "fpm/guards.h"
#include "fpm/parse_l2.h"
#include "fpm/bridge_ingress.h"
#include "fpm/vlan_ingress.h"
#include "fpm/suppress.h"
#include "fpm/learning.h"
#include "fpm/fdb.h"
#include "fpm/vlan_egress.h"
#include "fpm/bridge_forward.h"
#include "fpm/bridge_nf.h"
#include "lib/slots.h"
#include "fpm/steer.h"

/* Where every read is a call of a helper, TNA would route more slowly than Linux does: then there is
 * no routing in it.
 */
#ifndef TNA_PROBE_READS
#include "fpm/bridge_up.h"
#include "fpm/vlan_up.h"
#include "fpm/route_ingress.h"
#include "fpm/parse_l3.h"
#include "fpm/xsk.h"
#include "fpm/zones.h"
#include "fpm/conntrack.h"
#include "fpm/fib.h"
#include "fpm/route_forward.h"
#include "fpm/rules.h"
#include "fpm/nat.h"
#include "fpm/mangle.h"
#include "fpm/vlan_xmit.h"
#include "fpm/bridge_xmit.h"
/* The packet is to be routed: by a bridge's port what is for the bridge itself. */
#define TNA_ROUTES(p)                                                                              \
	(TNA_ON(p, bridge) ? (p)->up : (TNA_ON(p, route4) || TNA_ON(p, route6) || TNA_APPS_ON(p)))

/* What rules and connection tracking say of a packet that stays on the bridge. */
static __always_inline enum tna_verdict tna_judge_bridged(struct tna_pkt *p)
{
	bool ip = p->proto == bpf_htons(ETH_P_IP) || p->proto == bpf_htons(ETH_P_IPV6), tracked;
	enum tna_verdict v;
	__u32 trim;

	if (TNA_ON(p, frame_rules) && (v = tna_frame_rules(p)))
		return v;
	if (!p->facts)
		return TNA_NEXT;
	tracked = p->facts->bridged & TNA_BRIDGED_IP;
	trim = p->trim;
	if (ip && (v = TNA_STEP(p, parse_l3, fpm_parse_l3(p))))
		return v;
	p->trim = trim; /* IP itself would cut padding off, where br_netfilter does not */
	if (tracked && TNA_ZONED(p) && (v = fpm_zones(p)))
		return v;
	if (tracked && TNA_TRACKED(p) && (v = TNA_STEP(p, conntrack, fpm_conntrack(p))))
		return v;
	if (TNA_RULED(p) && (v = TNA_STEP(p, rules, fpm_rules(p))))
		return v;
	return TNA_RULED(p) ? tna_rules_mark(p) : TNA_NEXT;
}

static __always_inline enum tna_verdict tna_route(struct tna_pkt *p)
{
	enum tna_verdict v;

	if (TNA_ON(p, bridge_up) && (v = TNA_STEP(p, bridge_up, fpm_bridge_up(p))))
		return v;
	if (TNA_ON(p, vlan_up) && (v = TNA_STEP(p, vlan_up, fpm_vlan_up(p))))
		return v;
	if ((v = TNA_STEP(p, route_ingress, fpm_route_ingress(p))))
		return v;
	if ((v = TNA_STEP(p, parse_l3, fpm_parse_l3(p))))
		return v;
	if (TNA_APPS_ON(p) && (v = TNA_STEP(p, xsk, fpm_xsk(p))))
		return v;
	if ((v = tna_fib_may_be_asked(p)))
		return v;
	if (TNA_ZONED(p) && (v = fpm_zones(p)))
		return v;
	if (TNA_TRACKED(p) && (v = TNA_STEP(p, conntrack, fpm_conntrack(p))))
		return v;
	if ((v = TNA_STEP(p, fib, fpm_fib(p))))
		return v;
	if ((v = TNA_STEP(p, route_forward, fpm_route_forward(p))))
		return v;
	if (TNA_RULED(p) && (v = TNA_STEP(p, rules, fpm_rules(p))))
		return v;
	if (TNA_APPS_ON(p) && (v = tna_app_transit(p)))
		return v;
	if (TNA_ON(p, nat) && (v = TNA_STEP(p, nat, fpm_nat(p))))
		return v;
	if (TNA_ON(p, vlan_xmit) && (v = TNA_STEP(p, vlan_xmit, fpm_vlan_xmit(p))))
		return v;
	if (TNA_ON(p, bridge_xmit) && (v = TNA_STEP(p, bridge_xmit, fpm_bridge_xmit(p))))
		return v;
	if (TNA_RULED(p) && (v = tna_rules_mark(p)))
		return v;
	if (TNA_RETAGS(p))
		tna_route_retag(p);
	return tna_ctx_path_to_free(p);
}
#else
#define TNA_ROUTES(p) false
#define tna_route(p) TNA_NEXT
#define tna_judge_bridged(p) TNA_NEXT
#define tna_route_rewrite(p) true
#define tna_rules_done(p)
#define tna_counted_done(p)
#define tna_nat_rewrite(p, source) true
#define tna_mangle_rewrite(p) true
#endif

static __always_inline enum tna_verdict tna_modules(struct tna_pkt *p)
{
	enum tna_verdict v;

	if ((v = TNA_STEP(p, guards, fpm_guards(p))))
		return v;
	if ((v = TNA_STEP(p, parse_l2, fpm_parse_l2(p))))
		return v;
	if (TNA_ON(p, bridge)) {
		if ((v = TNA_STEP(p, bridge_ingress, fpm_bridge_ingress(p))))
			return v;
		if (TNA_ON(p, vlan) && (v = TNA_STEP(p, vlan_ingress, fpm_vlan_ingress(p))))
			return v;
		if ((v = TNA_STEP(p, suppress, fpm_suppress(p))))
			return v;
		if ((v = TNA_STEP(p, learning, fpm_learning(p))))
			return v;
		if ((v = TNA_STEP(p, fdb, fpm_fdb(p))))
			return v;
		if (!p->up) {
			if (TNA_ON(p, vlan) && (v = TNA_STEP(p, vlan_egress, fpm_vlan_egress(p))))
				return v;
			if ((v = TNA_STEP(p, bridge_forward, fpm_bridge_forward(p))))
				return v;
			if (TNA_ON(p, bridge_nf4) && (v = TNA_STEP(p, bridge_nf, fpm_bridge_nf(p))))
				return v;
			if (TNA_ON(p, bridge_rules) && (v = tna_judge_bridged(p)))
				return v;
		}
	}
	if (TNA_ROUTES(p) && (v = tna_route(p)))
		return v;
	if ((v = TNA_SLOT(p, end)))
		return v;
	if ((v = tna_slots_kept(p)))
		return v;
	return TNA_SENT;
}

/* The changes to the packet come after the last decision, and so does what is counted of it. */
static __always_inline bool tna_change(struct tna_pkt *p)
{
	if (TNA_APPS_ON(p) && p->app_socket) /* an application gets it as it came in */
		return true;
	if (p->trim && !tna_ctx_trim(p, p->trim))
		return false;
	if (TNA_ROUTES(p) && TNA_ON(p, nat) && !tna_nat_rewrite(p, false))
		return false;
	if (TNA_ROUTES(p) && !tna_route_rewrite(p))
		return false;
	if (TNA_ROUTES(p) && TNA_ON(p, nat) && !tna_nat_rewrite(p, true))
		return false;
	if (TNA_ROUTES(p) && (TNA_ON(p, rules4) || TNA_ON(p, rules6)) && !tna_mangle_rewrite(p))
		return false;
	return !TNA_RETAGS(p) || p->retag == TNA_TAG_KEEP || tna_ctx_retag(p);
}

/* A hook has chosen the way out before anything else was asked; nothing of the packet changes. */
static __always_inline enum tna_verdict tna_steer(struct tna_pkt *p)
{
	struct tna_counters *c = tna_counters_of(p);
	enum tna_verdict v = c ? fpm_guards(p) : tna_punt(p, TNA_R_UNKNOWN_IF);

	if (!v)
		v = fpm_steer(p);
	if (v) {
		tna_count_punt(p);
		return v;
	}
	c->fast_packets++;
	c->fast_bytes += p->len;
	return TNA_SENT;
}

/* TNA_SENT: the caller sends the packet; TNA_DROP; TNA_PUNT: it is Linux's; TNA_AGAIN: p->resume says from
 * which hook on.
 */
static __always_inline enum tna_verdict tna_pipeline(struct tna_pkt *p)
{
	struct tna_counters *c;
	enum tna_verdict v;

	for (int i = 0; i < TNA_CONST_WORDS; i++)
		p->on[i] = tna_const.words[i];
	v = tna_modules(p);
	if (v == TNA_AGAIN)
		return v;
	if (tna_is_steered(v))
		return tna_steer(p);
	if (v != TNA_PUNT) {
		c = tna_counters_of(p);
		if (!c) {
			p->reason = TNA_R_UNKNOWN_IF;
		} else if (v == TNA_DROP) {
			c->dropped++;
			tna_rules_done(p);
			tna_counted_done(p);
			return v;
		} else if (tna_change(p)) {
			c->fast_packets++;
			c->fast_bytes += p->trim ? p->trim : p->len;
			tna_rules_done(p);
			tna_counted_done(p);
			return v;
		} else {
			p->reason = TNA_R_NO_ROOM;
		}
	}
	tna_count_punt(p);
	return TNA_PUNT;
}

#endif
