/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* fib: where does Linux route the packet, and may it have come in here?
 * Reads  the kernel's FIB with rules and nexthops (bpf_fib_lookup), sysctls, IPsec's policies.
 * Sets   p->src_mac, p->dst_mac, p->out_ifindex, p->next_hop.
 * Punts  STALE (other netfilter hooks), IPSEC, MULTIPATH, FORWARDING, ROUTE_MTU, NO_ROUTE, ENCAP,
 *        NEIGHBOUR, SAME_DEVICE, SOURCE_ADDRESS (net/ipv4/fib_frontend.c:fib_validate_source).
 */
#ifndef TNA_FPM_FIB_H
#define TNA_FPM_FIB_H

#include "lib/neigh.h"
#include "lib/shared.h"

#define AF_INET 2
#define AF_INET6 10

static __always_inline enum tna_verdict tna_route_hooks(struct tna_pkt *p)
{
	TNA_VIEW(struct net, nf);
	bool same;

	if (p->ip_version == 4) {
		tna_look(nf, p->copies->hooks, p->net, nf.hooks_ipv4[0], nf.hooks_ipv4[4]);
		same = TNA_SAME_HOOKS(nf, hooks_ipv4);
	} else {
		tna_look(nf, p->copies->hooks, p->net, nf.hooks_ipv6[0], nf.hooks_ipv6[4]);
		same = TNA_SAME_HOOKS(nf, hooks_ipv6);
	}
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

/* What Linux asks beside the FIB. By policy 0 both it and the helper choose among several paths by
 * the same fields; by others Linux may use a hash that the packet brings along.
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
	return policy ? tna_punt(p, TNA_R_MULTIPATH) : TNA_NEXT;
}

static __always_inline enum tna_reason tna_no_route(long code)
{
	switch (code) {
	case BPF_FIB_LKUP_RET_FWD_DISABLED:
		return TNA_R_FORWARDING;
	case BPF_FIB_LKUP_RET_UNSUPP_LWT:
		return TNA_R_ENCAP;
	case BPF_FIB_LKUP_RET_NO_NEIGH:
		return TNA_R_NEIGHBOUR;
	case BPF_FIB_LKUP_RET_FRAG_NEEDED:
		return TNA_R_ROUTE_MTU;
	default:
		return TNA_R_NO_ROUTE;
	}
}

static __always_inline enum tna_verdict tna_route_find(struct tna_pkt *p)
{
	struct bpf_fib_lookup way = {
	    .l4_protocol = p->ip_proto,
	    .sport = p->sport,
	    .dport = p->dport,
	    .tot_len = p->ip_len,
	    .ifindex = tna_ctx_ifindex(p),
	};
	__u32 macs[3];
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
	code = bpf_fib_lookup(p->ctx, &way, sizeof(way), 0);
	if (code)
		return tna_punt(p, tna_no_route(code));
	p->out_ifindex = way.ifindex;
	__builtin_memcpy(macs, way.smac, sizeof(macs)); /* whole words: they are on the stack */
	p->src_mac = macs[0] | (__u64)(__u16)macs[1] << 32;
	p->dst_mac = macs[1] >> 16 | (__u64)macs[2] << 16;
	p->next_hop.v6 = way.family == AF_INET6;
	__builtin_memcpy(p->next_hop.words, way.ipv6_dst, sizeof(way.ipv6_dst));
	return TNA_NEXT;
}

/* The way back to the source: it must be no address of this host, and where rp_filter is strict lead
 * out of the interface that the packet came in by. Of several paths the helper tells one, so some
 * packets that would pass are left to Linux. Without rp_filter Linux only looks among its addresses;
 * were that done here, and the kernel's way to hash them another, its own addresses would pass.
 */
static __always_inline bool tna_source_valid(struct tna_pkt *p)
{
	int filter = tna_get(tna_get(p->net, ipv4.devconf_all), data[IPV4_DEVCONF_RP_FILTER]);
	int of_device = tna_get(tna_get(p->dev, ip_ptr), cnf.data[IPV4_DEVCONF_RP_FILTER]);
	struct bpf_fib_lookup back = {
	    .family = AF_INET,
	    .l4_protocol = p->ip_proto,
	    .sport = p->dport,
	    .dport = p->sport,
	    .tot_len = 1, /* of no importance, but 0 would have the helper look at the packet's */
	    .ifindex = p->out_ifindex,
	    .tos = p->tos,
	    .ipv4_src = p->daddr[0],
	    .ipv4_dst = p->saddr[0],
	};
	/* The flag came in 6.3, as xdp_features did. */
	long code = bpf_fib_lookup(
	    p->ctx, &back, sizeof(back),
	    bpf_core_field_exists(p->dev->xdp_features) ? BPF_FIB_LOOKUP_SKIP_NEIGH : 0);

	if (filter < of_device)
		filter = of_device;
	if (code != BPF_FIB_LKUP_RET_SUCCESS && code != BPF_FIB_LKUP_RET_NO_NEIGH)
		return false;
	if (!filter || back.ifindex == tna_ctx_ifindex(p))
		return true;
	/* Loose: any way will do, but not for an interface without an address. */
	return filter != 1 && tna_get(tna_get(p->dev, ip_ptr), ifa_list);
}

static __always_inline enum tna_verdict fpm_fib(struct tna_pkt *p)
{
	enum tna_verdict v;

	if ((v = tna_route_hooks(p)) || (v = tna_route_allowed(p)) || (v = tna_route_find(p)))
		return v;
	if (p->out_ifindex == tna_ctx_ifindex(p))
		return tna_punt(p, TNA_R_SAME_DEVICE);
	if (p->ip_version == 4 && !tna_source_valid(p))
		return tna_punt(p, TNA_R_SOURCE_ADDRESS);
	return TNA_NEXT;
}

#endif
