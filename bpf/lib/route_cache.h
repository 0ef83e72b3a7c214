/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* route_cache.h: IPv4 routes that the kernel's FIB was asked for a moment ago. It is kept as a connected
 * socket keeps its route: while the namespace's generation stands, which the kernel moves on with
 * every change of routes, rules, addresses and devices (net/ipv4/route.c:rt_cache_flush).
 * Everything else that decides is read for each packet.
 *
 * A deleted route moves the generation only if it was looked up before it was deleted
 * (net/ipv4/fib_trie.c:fib_table_delete), so what is kept is the answer to the second question, when
 * the first has left its mark. The generation says nothing of a path's MTU that Linux learned by ICMP,
 * hence an answer is kept for a short time only.
 *
 * IPv6: lib/route6_cache.h.
 */
#ifndef TNA_ROUTE_CACHE_H
#define TNA_ROUTE_CACHE_H

#include "lib/device.h"
#include "lib/kept.h"
#include "lib/routing.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* TNA_ROUTES_KEPT a CPU where something is routed */
	__type(key, __u32);
	__type(value, struct tna_route);
} tna_routes SEC(".maps");

/* A nexthop object that is replaced moves the routes' generation only if a route names it, and not if
 * a group does (net/ipv4/nexthop.c:nh_rt_cache_flush); but then its own.
 */
static __always_inline __u64 tna_route_generation(struct tna_pkt *p)
{
	return (__u32)tna_get(p->net, ipv4.rt_genid.counter) |
	       (__u64)tna_get(p->net, nexthop.seq) << 32;
}

/* Where the packet's route would be kept; NULL where none is. */
static __always_inline struct tna_route *tna_route_place(struct tna_pkt *p)
{
	/* Neighbouring addresses differ in their last bits, which the products carry upwards. */
	__u32 hash = bpf_ntohl(p->saddr[0]) * 0x9e3779b1U + bpf_ntohl(p->daddr[0]) * 0x85ebca6bU;
	__u32 key = tna_kept_key(hash >> 18, TNA_ROUTES_KEPT);

	_Static_assert(TNA_ROUTES_KEPT == 1 << 14, "the key");
	if (tna_preemptible() || p->by_ports)
		return NULL;
	return bpf_map_lookup_elem(&tna_routes, &key);
}

/* The entry is of the packet's flow, and nothing has changed since. */
static __always_inline bool tna_route_is(const struct tna_route *route, struct tna_pkt *p,
					 __u64 generation)
{
	return route->saddr == p->saddr[0] && route->daddr == p->daddr[0] && route->tos == p->tos &&
	       route->in == tna_device_ifindex(p->dev) && route->generation == generation &&
	       route->net == tna_get(p->net, net_cookie);
}

static __always_inline bool tna_route_known(const struct tna_route *route, struct tna_pkt *p,
					    __u64 generation)
{
	return route->state == TNA_ROUTE_KNOWN && tna_route_is(route, p, generation) &&
	       tna_kept_holds(p, route->until) && !tna_get(p->net, ipv4.sysctl_ip_fwd_use_pmtu);
}

/* What the answer depends on is in the entry: no rules ask for ports, and neighbours have no say. */
static __always_inline bool tna_route_keepable(struct tna_pkt *p)
{
	if (tna_routing_rules4(p))
		return false;
	if (bpf_core_field_exists(p->net->ipv4.sysctl_fib_multipath_use_neigh) &&
	    tna_get(p->net, ipv4.sysctl_fib_multipath_use_neigh))
		return false;
	return !p->next_hop.v6;
}

static __always_inline void tna_route_keep(struct tna_route *route, struct tna_pkt *p,
					   __u64 generation, __u16 mtu)
{
	bool again = tna_route_is(route, p, generation);
	__u8 state = again ? TNA_ROUTE_KNOWN : TNA_ROUTE_ASKED;

	if (!again && route->generation == generation && tna_kept_holds(p, route->until))
		return;
	*route = (struct tna_route){
	    .kept = route->kept,
	    .net = tna_get(p->net, net_cookie),
	    .generation = generation,
	    .saddr = p->saddr[0],
	    .daddr = p->daddr[0],
	    .next_hop = p->next_hop.words[0],
	    .in = tna_device_ifindex(p->dev),
	    .out = p->out_ifindex,
	    .back = p->back_ifindex,
	    .until = (__u32)p->now + TNA_KEPT_JIFFIES,
	    .mtu = mtu,
	    .tos = p->tos,
	    .state = state,
	};
}

#endif
