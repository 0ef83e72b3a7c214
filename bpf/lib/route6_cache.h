/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* route6_cache.h: IPv6 routes that the kernel's FIB was asked for a moment ago (lib/route_cache.h is
 * IPv4's). The kernel's own caches watch the serial number of a node in the tree. Two numbers of the
 * namespace tell as much: its serial number, which every route that is added, replaced or made
 * usable again moves on, but none that is removed (net/ipv6/ip6_fib.c:fib6_add, fib6_del_route); and
 * how many were removed, ever. Both are moved on when the change is done. A nexthop object that
 * is replaced moves its own.
 *
 * They say nothing of time, by which routes from router advertisements expire, and little of
 * preferences, which these change in place: hence an answer is kept for a short time only. The
 * device's own MTU, which changes without them, is read for each packet: fpm/route_forward.h.
 */
#ifndef TNA_ROUTE6_CACHE_H
#define TNA_ROUTE6_CACHE_H

#include "lib/ip.h"
#include "lib/route_cache.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* TNA_ROUTES_KEPT a CPU where IPv6 is routed */
	__type(key, __u32);
	__type(value, struct tna_route6);
} tna_routes6 SEC(".maps");

static __always_inline __u64 tna_route6_generation(struct tna_pkt *p)
{
	return (__u32)tna_get(p->net, ipv6.fib6_sernum.counter) |
	       (__u64)tna_get(tna_get(p->net, ipv6.rt6_stats), fib_discarded_routes) << 32;
}

/* Where the packet's route would be kept; NULL where none is. Flows between the same two hosts differ
 * in their labels.
 */
static __always_inline struct tna_route6 *tna_route6_place(struct tna_pkt *p)
{
	__u32 from = bpf_ntohl(p->saddr[1]) ^ bpf_ntohl(p->saddr[3]);
	__u32 to = bpf_ntohl(p->daddr[1]) ^ bpf_ntohl(p->daddr[3]);
	__u32 hash = from * 0x9e3779b1U + to * 0x85ebca6bU + bpf_ntohl(p->flowinfo) * 0xc2b2ae35U;
	__u32 key = tna_kept_key(hash >> 18, TNA_ROUTES_KEPT);

	if (tna_preemptible() || p->by_ports)
		return NULL;
	return bpf_map_lookup_elem(&tna_routes6, &key);
}

static __always_inline bool tna_route6_known(const struct tna_route6 *route, struct tna_pkt *p,
					     __u64 generation)
{
	return route->generation == generation &&
	       route->nexthops == tna_get(p->net, nexthop.seq) &&
	       tna_kept_holds(p, route->until) &&
	       route->in == tna_device_ifindex(p->dev) && route->proto == p->ip_proto &&
	       route->flowinfo == p->flowinfo && tna_ipv6_same(route->saddr, p->saddr) &&
	       tna_ipv6_same(route->daddr, p->daddr) &&
	       route->net == tna_get(p->net, net_cookie);
}

/* What the answer depends on is in the entry: no rules ask for ports. */
static __always_inline bool tna_route6_keepable(struct tna_pkt *p)
{
	return !tna_routing_rules6(p);
}

/* The nexthops' number, too, is from before the FIB was asked. */
static __always_inline void tna_route6_keep(struct tna_route6 *route, struct tna_pkt *p,
					    __u64 generation, __u32 nexthops, __u16 mtu)
{
	if (route->generation == generation && route->nexthops == nexthops &&
	    tna_kept_holds(p, route->until)) /* another flow's */
		return;
	route->net = tna_get(p->net, net_cookie);
	route->generation = generation;
	route->nexthops = nexthops;
	route->flowinfo = p->flowinfo;
	__builtin_memcpy(route->saddr, p->saddr, sizeof(route->saddr));
	__builtin_memcpy(route->daddr, p->daddr, sizeof(route->daddr));
	__builtin_memcpy(route->next_hop, p->next_hop.words, sizeof(route->next_hop));
	route->in = tna_device_ifindex(p->dev);
	route->out = p->out_ifindex;
	route->until = (__u32)p->now + TNA_KEPT_JIFFIES;
	route->mtu = mtu;
	route->proto = p->ip_proto;
}

#endif
