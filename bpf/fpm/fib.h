/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* fib: where does Linux route the packet, and may it have come in here?
 * Reads  the kernel's FIB with rules and nexthops (bpf_fib_lookup, or what it said a moment ago),
 *        sysctls, IPsec's policies.
 * Sets   p->out_ifindex, p->next_hop.
 * Punts  STALE (other netfilter hooks), IPSEC, MULTIPATH, FORWARDING, ROUTE_MTU, NO_ROUTE, ENCAP,
 *        SAME_DEVICE, SOURCE_ADDRESS (net/ipv4/fib_frontend.c:fib_validate_source).
 */
#ifndef TNA_FPM_FIB_H
#define TNA_FPM_FIB_H

#include "lib/ip.h"
#include "lib/route6_cache.h"
#include "lib/routing.h"
#include "lib/shared.h"
#include "lib/vrf.h"

static __always_inline enum tna_verdict tna_route_hooks(struct tna_pkt *p)
{
	bool same = p->ip_version == 4 ? TNA_SAME_HOOKS(p, hooks_ipv4, routed_ipv4)
				       : TNA_SAME_HOOKS(p, hooks_ipv6, routed_ipv6);

	return same ? TNA_NEXT : tna_punt(p, TNA_R_STALE);
}

/* No policy, and what no policy speaks of is accepted (net/xfrm/xfrm_policy.c:__xfrm_policy_check2,
 * xfrm_route_forward).
 */
static __always_inline bool tna_ipsec_free(struct tna_pkt *p)
{
	__u64 counts, defaults;

	if (!bpf_core_field_exists(p->net->xfrm))
		return true;
	counts = tna_word(tna_member(p->net, struct net, xfrm.policy_count) +
			  sizeof(__u32) * XFRM_POLICY_OUT); /* and _FWD behind it */
	defaults = tna_word(tna_member(p->net, struct net, xfrm.policy_default));
	return !counts && (defaults >> 8 * XFRM_POLICY_OUT & 0xff) == XFRM_USERPOLICY_ACCEPT &&
	       (defaults >> 8 * XFRM_POLICY_FWD & 0xff) == XFRM_USERPOLICY_ACCEPT;
}

/* The kernel's dissector finds what parse_l3 found: of other protocols it may look at what they carry
 * (net/core/flow_dissector.c:__skb_flow_dissect).
 */
static __always_inline bool tna_ports_alike(__u8 proto)
{
	return proto == TNA_PROTO_TCP || proto == TNA_PROTO_UDP || proto == TNA_PROTO_ICMP ||
	       proto == TNA_PROTO_ICMPV6 || proto == TNA_PROTO_SCTP || proto == TNA_PROTO_DCCP ||
	       proto == TNA_PROTO_UDPLITE || proto == TNA_PROTO_ESP;
}

/* What Linux asks beside the FIB. By policy 0 both it and the helper choose among several paths by
 * the same fields, and by policy 1, where the packet brings no hash along that Linux would use
 * instead (net/ipv4/route.c:fib_multipath_hash, net/ipv6/route.c:rt6_multipath_hash). By others Linux
 * looks into the packet, and the helper can't.
 */
static __always_inline enum tna_verdict tna_route_allowed(struct tna_pkt *p)
{
	struct ipv6_devconf *all;
	__u8 policy = 0;

	if (!tna_ipsec_free(p))
		return tna_punt(p, TNA_R_IPSEC);
	if (p->ip_version == 4) {
		if (bpf_core_field_exists(p->net->ipv4.sysctl_fib_multipath_hash_policy))
			policy = tna_get(p->net, ipv4.sysctl_fib_multipath_hash_policy);
		if (p->ip_len > tna_guard.route_mtu4)
			return tna_punt(p, TNA_R_ROUTE_MTU);
	} else {
		if (bpf_core_field_exists(p->net->ipv6.sysctl.multipath_hash_policy))
			policy = tna_get(p->net, ipv6.sysctl.multipath_hash_policy);
		if (p->ip_len > tna_guard.route_mtu6)
			return tna_punt(p, TNA_R_ROUTE_MTU);
		all = tna_get(p->net, ipv6.devconf_all);
		/* The helper looks at the interface's own switch, Linux at this. */
		if (!tna_get(all, forwarding) || tna_get(all, proxy_ndp) ||
		    tna_get(tna_get(p->dev, ip6_ptr), cnf.disable_ipv6))
			return tna_punt(p, TNA_R_FORWARDING);
	}
	/* From a port to its bridge the packet may be given a hash. */
	if (policy == 1 && !p->up && tna_ports_alike(p->ip_proto) && !tna_ctx_hashed(p))
		p->by_ports = true;
	else if (policy)
		return tna_punt(p, TNA_R_MULTIPATH);
	return TNA_NEXT;
}

static __always_inline enum tna_reason tna_no_route(long code)
{
	switch (code) {
	case BPF_FIB_LKUP_RET_FWD_DISABLED:
		return TNA_R_FORWARDING;
	case BPF_FIB_LKUP_RET_UNSUPP_LWT:
		return TNA_R_ENCAP;
	case BPF_FIB_LKUP_RET_FRAG_NEEDED:
		return TNA_R_ROUTE_MTU;
	default:
		return TNA_R_NO_ROUTE;
	}
}

/* The way leads back out of the interface that the packet came in by, and the sender may be told of a
 * shorter one (net/ipv4/route.c:__mkroute_input, net/ipv6/ip6_output.c:ip6_forward).
 */
static __always_inline bool tna_turned_back(struct tna_pkt *p)
{
	if (p->out_ifindex != tna_device_ifindex(p->dev))
		return false;
	return p->ip_version == 6 ||
	       tna_get(tna_get(p->net, ipv4.devconf_all), data[IPV4_DEVCONF_SEND_REDIRECTS]) ||
	       tna_get(tna_get(p->dev, ip_ptr), cnf.data[IPV4_DEVCONF_SEND_REDIRECTS]);
}

/* Sets p->out_ifindex, p->next_hop, and *mtu of the way. The neighbour is looked up with its state:
 * lib/neigh.h. This and the next one are functions of their own, so that their questions take no room on
 * the stack while rules and hooks are called.
 */
static __noinline enum tna_verdict tna_route_find(struct tna_pkt *p, __u16 *mtu)
{
	struct bpf_fib_lookup way = {
	    .l4_protocol = p->ip_proto,
	    .sport = p->sport,
	    .dport = p->dport,
	    .tot_len = p->ip_len,
	    .ifindex = tna_route_iif(p),
	};
	long code;

	if (p->ip_version == 4) {
		way.family = AF_INET;
		way.tos = p->tos;
		way.ipv4_src = p->saddr[0];
		way.ipv4_dst = p->daddr[0];
	} else {
		way.family = AF_INET6;
		way.flowinfo = p->flowinfo;
		__builtin_memcpy(way.ipv6_src, p->saddr, sizeof(way.ipv6_src));
		__builtin_memcpy(way.ipv6_dst, p->daddr, sizeof(way.ipv6_dst));
	}
	code = bpf_fib_lookup(p->ctx, &way, sizeof(way), BPF_FIB_LOOKUP_SKIP_NEIGH);
	if (code)
		return tna_punt(p, tna_no_route(code));
	p->out_ifindex = way.ifindex;
	p->next_hop.v6 = way.family == AF_INET6;
	__builtin_memcpy(p->next_hop.words, way.ipv6_dst, sizeof(way.ipv6_dst));
	*mtu = way.mtu_result;
	return tna_turned_back(p) ? tna_punt(p, TNA_R_SAME_DEVICE) : TNA_NEXT;
}

/* The source must be no address of this host, and where rp_filter is strict its way lead out of the
 * interface that the packet came in by; of several ways one is known, so some packets that would pass
 * are left to Linux. Without rp_filter Linux only looks among its addresses; were that done here, and
 * the kernel's way to hash them another, its own addresses would pass.
 */
static __always_inline bool tna_source_valid(struct tna_pkt *p)
{
	struct in_device *in = tna_get(p->dev, ip_ptr);
	int filter = tna_rp_filter(p);

	if (!p->back_ifindex)
		return false;
	if (!filter || p->back_ifindex == tna_device_ifindex(p->dev))
		return true;
	/* Loose: any way will do, but not for an interface without an address. */
	return filter != 1 && tna_get(in, ifa_list);
}

static __always_inline enum tna_verdict tna_route4(struct tna_pkt *p)
{
	__u64 generation = tna_route_generation(p); /* before the FIB is asked */
	struct tna_route *route = tna_route_place(p);
	enum tna_verdict v;
	__u16 mtu = 0;
	bool asked;

	if (route && tna_route_known(route, p, generation)) {
		if (!tna_get(tna_get(p->dev, ip_ptr), cnf.data[IPV4_DEVCONF_FORWARDING]))
			return tna_punt(p, TNA_R_FORWARDING);
		if (p->ip_len > route->mtu)
			return tna_punt(p, TNA_R_ROUTE_MTU);
		p->out_ifindex = route->out;
		p->next_hop.words[0] = route->next_hop;
		p->back_ifindex = route->back;
		if (tna_turned_back(p))
			return tna_punt(p, TNA_R_SAME_DEVICE);
	} else {
		if ((v = tna_route_find(p, &mtu)))
			return v;
		p->back_ifindex = tna_way_back(p, p->out_ifindex, &asked);
		if (route && tna_route_keepable(p))
			tna_route_keep(route, p, generation, mtu);
	}
	return tna_source_valid(p) ? TNA_NEXT : tna_punt(p, TNA_R_SOURCE_ADDRESS);
}

static __always_inline enum tna_verdict tna_route6(struct tna_pkt *p)
{
	__u64 generation = tna_route6_generation(p); /* before the FIB is asked */
	__u32 nexthops = tna_get(p->net, nexthop.seq);
	struct tna_route6 *route = tna_route6_place(p);
	enum tna_verdict v;
	__u16 mtu = 0;

	if (route && tna_route6_known(route, p, generation)) {
		if (!tna_get(tna_get(p->dev, ip6_ptr), cnf.forwarding))
			return tna_punt(p, TNA_R_FORWARDING);
		if (p->ip_len > route->mtu)
			return tna_punt(p, TNA_R_ROUTE_MTU);
		p->out_ifindex = route->out;
		p->next_hop.v6 = true;
		__builtin_memcpy(p->next_hop.words, route->next_hop, sizeof(route->next_hop));
		return TNA_NEXT;
	}
	if ((v = tna_route_find(p, &mtu)))
		return v;
	if (route && tna_route6_keepable(p))
		tna_route6_keep(route, p, generation, nexthops, mtu);
	return TNA_NEXT;
}

/* What is asked before anything is looked up. */
static __always_inline enum tna_verdict tna_fib_may_be_asked(struct tna_pkt *p)
{
	enum tna_verdict v = tna_route_hooks(p);

	return v ? v : tna_route_allowed(p);
}

static __always_inline enum tna_verdict fpm_fib(struct tna_pkt *p)
{
	return p->ip_version == 4 ? tna_route4(p) : tna_route6(p);
}

#endif
