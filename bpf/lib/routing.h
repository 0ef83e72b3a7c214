/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* routing.h: what several modules ask of how this host routes. */
#ifndef TNA_ROUTING_H
#define TNA_ROUTING_H

#include "lib/device.h"

#define AF_INET 2
#define AF_INET6 10

/* Rules of the user's choose among tables; kernels that know one table have none. */
static __always_inline bool tna_routing_rules4(struct tna_pkt *p)
{
	return bpf_core_field_exists(p->net->ipv4.fib_has_custom_rules) &&
	       tna_get(p->net, ipv4.fib_has_custom_rules);
}

static __always_inline bool tna_routing_rules6(struct tna_pkt *p)
{
	return bpf_core_field_exists(p->net->ipv6.fib6_has_custom_rules) &&
	       tna_get(p->net, ipv6.fib6_has_custom_rules);
}

static __always_inline bool tna_routing_rules(struct tna_pkt *p)
{
	return p->ip_version == 4 ? tna_routing_rules4(p) : tna_routing_rules6(p);
}

/* The stricter one of two sysctls, as with IN_DEV_RPFILTER() (include/linux/inetdevice.h). */
static __always_inline int tna_rp_filter(struct tna_pkt *p)
{
	int all = tna_get(tna_get(p->net, ipv4.devconf_all), data[IPV4_DEVCONF_RP_FILTER]);
	int of_device = tna_get(tna_get(p->dev, ip_ptr), cnf.data[IPV4_DEVCONF_RP_FILTER]);

	return all > of_device ? all : of_device;
}

/* The interface that the way back to the source leads out by, for what leaves by `out`; 0: there is none, or
 * the source is an address of this host. Of several ways the helper tells one. `asked`: false where the
 * helper won't look, since packets from `out` are not forwarded.
 */
static __noinline __u32 tna_way_back(struct tna_pkt *p, __u32 out, bool *asked)
{
	struct bpf_fib_lookup back = {
		.family = AF_INET,
		.l4_protocol = p->ip_proto,
		.sport = p->dport,
		.dport = p->sport,
		.tot_len = 1, /* of no importance, but 0 would have the helper look at the packet's */
		.ifindex = out,
		.tos = p->tos,
		.ipv4_src = p->daddr[0],
		.ipv4_dst = p->saddr[0],
	};
	long code = bpf_fib_lookup(p->ctx, &back, sizeof(back), BPF_FIB_LOOKUP_SKIP_NEIGH);

	*asked = code != BPF_FIB_LKUP_RET_FWD_DISABLED;
	return code == BPF_FIB_LKUP_RET_SUCCESS ? back.ifindex : 0;
}

#endif
