/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* xsk: does an application ask for the packet, and may it have it? What is for this host it gets here, if
 * Linux, too, would hand it to whoever asks for it; what is forwarded it gets behind the rules
 * (tna_app_take()).
 * Reads  the applications' matches, addresses of the host, netfilter's hooks of packets for it, IPsec's
 *        policies, sysctls, the socket's rings.
 * Sets   p->app_socket, and in the facts the application.
 * Drops  what there is no room for, where the application wants that.
 * Punts  STALE, APP_RULES (something acts on packets for this host: nothing but what programs do may),
 *        VRF, IPSEC, SOURCE_ADDRESS (net/ipv4/fib_frontend.c:fib_validate_source), NO_ROUTE (rules of
 *        routing might have it elsewhere; or nothing is routed), APP_GONE, APP_FULL.
 *
 * A frame that the socket does not take would be lost (net/core/filter.c:xdp_do_redirect): so its rings
 * are looked at as it will do itself.
 */
#ifndef TNA_FPM_XSK_H
#define TNA_FPM_XSK_H

#include "lib/address.h"
#include "lib/facts.h"
#include "lib/routing.h"
#include "lib/shared.h"

#define TNA_LOOPBACK_INDEX 1 /* of every namespace */

/* Mapped by the controller. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct tna_app_table);
} tna_apps SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TNA_APPS);
	__type(key, __u32);
	__type(value, struct tna_app_counters);
} tna_app_counters SEC(".maps");

static __always_inline bool tna_app_address(const __be32 *is, const __be32 *wanted,
					    const __be32 *mask)
{
	return !((is[0] ^ wanted[0]) & mask[0]) && !((is[1] ^ wanted[1]) & mask[1]) &&
	       !((is[2] ^ wanted[2]) & mask[2]) && !((is[3] ^ wanted[3]) & mask[3]);
}

static __always_inline bool tna_app_wants(const struct tna_app *app, struct tna_pkt *p)
{
	__u16 sport = bpf_ntohs(p->sport), dport = bpf_ntohs(p->dport);

	return app->ifindex == tna_ctx_ifindex(p) &&
	       (!app->version || app->version == p->ip_version) &&
	       (app->any_protocol || app->protocol == p->ip_proto) &&
	       (!app->vlan || (p->tagged && app->vlan == (p->tci & VLAN_VID_MASK))) &&
	       sport >= app->sport_low && sport <= app->sport_high && dport >= app->dport_low &&
	       dport <= app->dport_high && tna_app_address(p->saddr, app->saddr, app->saddr_mask) &&
	       tna_app_address(p->daddr, app->daddr, app->daddr_mask);
}

/* The number of the first that asks for the packet, from 1 on; 0: none does. To the verifier it is any
 * number: would it know which, it would go through all that follows for each of them.
 */
static __noinline __u32 tna_app_of(struct tna_pkt *p)
{
	__u32 key = 0;
	struct tna_app_table *table = bpf_map_lookup_elem(&tna_apps, &key);

	if (!table)
		return 0;
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < TNA_APPS; i++) {
		__u32 at = i;

		/* Else clang walks through the table by a pointer of which the verifier knows no end. */
		asm volatile("" : "+r"(at));
		if (at >= TNA_APPS || at >= table->count)
			break;
		if (tna_app_wants(&table->app[at], p))
			return table->app[at].number;
	}
	return 0;
}

static __always_inline bool tna_local_same(volatile __u64 *guard, __u64 prerouting, __u64 input)
{
	return guard[TNA_LOCAL_PREROUTING] == prerouting && guard[TNA_LOCAL_INPUT] == input;
}

/* Nothing acts on packets for this host. */
static __always_inline enum tna_verdict tna_local_free(struct tna_pkt *p)
{
	volatile __u64 *guard = p->ip_version == 4 ? tna_guard.local_ipv4 : tna_guard.local_ipv6;
	bool same;

	if (guard[TNA_LOCAL_PREROUTING] == ~0ULL || guard[TNA_LOCAL_INPUT] == ~0ULL)
		return tna_punt(p, TNA_R_APP_RULES);
	same = p->ip_version == 4
		       ? tna_local_same(guard, (__u64)tna_get(p->net, nf.hooks_ipv4[0]),
					(__u64)tna_get(p->net, nf.hooks_ipv4[1]))
		       : tna_local_same(guard, (__u64)tna_get(p->net, nf.hooks_ipv6[0]),
					(__u64)tna_get(p->net, nf.hooks_ipv6[1]));
	return same ? TNA_NEXT : tna_punt(p, TNA_R_STALE);
}

static __always_inline bool tna_local_ipsec_free(struct tna_pkt *p)
{
	if (!bpf_core_field_exists(p->net->xfrm))
		return true;
	return !(__u32)tna_word(tna_member(p->net, struct net, xfrm.policy_count)) &&
	       (tna_word(tna_member(p->net, struct net, xfrm.policy_default)) & 0xff) ==
		       XFRM_USERPOLICY_ACCEPT;
}

/* The way to the source, as Linux looks for it from the loopback device, leads where rp_filter wants it to.
 * Where the FIB can't be asked (forwarding is off there), sources on the link are known to be right.
 * IPv6 has no such check.
 */
static __always_inline bool tna_local_source(struct tna_pkt *p)
{
	int filter = tna_rp_filter(p);
	bool asked = false;
	__u32 back;

	if (p->ip_version == 6)
		return !tna_get(tna_get(p->dev, ip6_ptr), cnf.disable_ipv6);
	back = tna_way_back(p, TNA_LOOPBACK_INDEX, &asked);
	if (!asked)
		return tna_device_has4(p->dev, p->saddr[0], true);
	return back && (filter != 1 || back == tna_device_ifindex(p->dev));
}

/* Linux would hand the packet to whoever of this host asks for it. */
static __always_inline enum tna_verdict tna_local_allowed(struct tna_pkt *p)
{
	enum tna_verdict v;

	if (p->vrf)
		return tna_punt(p, TNA_R_VRF);
	if ((v = tna_local_free(p)))
		return v;
	if (!tna_local_ipsec_free(p))
		return tna_punt(p, TNA_R_IPSEC);
	if (tna_routing_rules(p))
		return tna_punt(p, TNA_R_NO_ROUTE);
	return tna_local_source(p) ? TNA_NEXT : tna_punt(p, TNA_R_SOURCE_ADDRESS);
}

static __always_inline enum tna_verdict tna_app_full(struct tna_pkt *p, __u32 number)
{
	__u32 key = 0;
	struct tna_app_table *table = bpf_map_lookup_elem(&tna_apps, &key);

	/* The number is known to be small, but not to the verifier. */
	asm volatile("" : "+r"(number));
	if (table && number < TNA_APPS && table->app[number].full_drops)
		return TNA_DROP;
	return tna_punt(p, TNA_R_APP_FULL);
}

/* The packet goes to the application's socket. */
static __always_inline enum tna_verdict tna_app_take(struct tna_pkt *p, __u32 app)
{
	__u32 number = app - 1, queue = tna_ctx_queue(p), at = number * TNA_APP_QUEUES + queue;
	struct tna_app_counters *c = bpf_map_lookup_elem(&tna_app_counters, &number);
	enum tna_reason reason = TNA_R_APP_GONE;

	if (!c) /* can't be */
		return tna_punt(p, TNA_R_APP_GONE);
	if (queue < TNA_APP_QUEUES)
		reason = tna_ctx_app_room(p, at);
	if (reason == TNA_R_COUNT) {
		c->taken++;
		p->app_socket = at + 1;
		return TNA_SENT;
	}
	if (reason == TNA_R_APP_GONE) {
		c->left++;
		return tna_punt(p, reason);
	}
	c->full++;
	return tna_app_full(p, number);
}

/* Behind the rules for what is forwarded. */
static __always_inline enum tna_verdict tna_app_transit(struct tna_pkt *p)
{
	struct tna_rule_facts *f = tna_facts();

	return f && f->app ? tna_app_take(p, f->app) : TNA_NEXT;
}

/* An application asks for the packet, but Linux gets it. */
static __always_inline void tna_app_left(__u32 app)
{
	__u32 number = app - 1;
	struct tna_app_counters *c = bpf_map_lookup_elem(&tna_app_counters, &number);

	if (c)
		c->left++;
}

static __always_inline enum tna_verdict fpm_xsk(struct tna_pkt *p)
{
	__u32 app = tna_app_of(p);
	struct tna_rule_facts *f;
	enum tna_verdict v;

	if (app && tna_address_of_host(p)) {
		v = tna_local_allowed(p);
		if (!v)
			return tna_app_take(p, app);
		tna_app_left(app);
		return v;
	}
	if (p->ip_version == 4 ? !TNA_ON(p, route4) : !TNA_ON(p, route6))
		return tna_punt(p, TNA_R_NO_ROUTE);
	f = tna_facts();
	if (f)
		f->app = app;
	return TNA_NEXT;
}

#endif
