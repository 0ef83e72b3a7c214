/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* route_forward: is the next hop known to be there?
 * Reads  the egress device, found by its index; the neighbour's state.
 * Sets   p->out_dev; p->dst and p->src: the MACs that the frame is sent on with.
 * Punts  EGRESS_STATE (the device has just gone or gone down), NEIGHBOUR,
 *        FORWARDING (IPv6 is disabled there), ROUTE_MTU (that of IPv6 there), VRF (an IPv4 source is
 *        looked for in the VRF that the packet came in by, as if it had come in by the egress device:
 *        net/ipv4/fib_frontend.c:__fib_validate_source. The helper asks in the egress device's).
 */
#ifndef TNA_FPM_ROUTE_FORWARD_H
#define TNA_FPM_ROUTE_FORWARD_H

#include "lib/device.h"
#include "lib/ip.h"
#include "lib/neigh.h"
#include "lib/vrf.h"

static __always_inline enum tna_verdict fpm_route_forward(struct tna_pkt *p)
{
	__u64 device = tna_device_by_index(p->net, p->out_ifindex), neigh;

	if (!device)
		return tna_punt(p, TNA_R_EGRESS_STATE);
	neigh = tna_neigh_find(device, &p->next_hop);
	p->dst_mac = neigh ? tna_neigh_mac(neigh) : 0;
	if (!p->dst_mac)
		return tna_punt(p, TNA_R_NEIGHBOUR);
	p->out_dev = tna_as(struct net_device, device);
	if (p->ip_version == 6) {
		if (tna_get(tna_get(p->out_dev, ip6_ptr), cnf.disable_ipv6))
			return tna_punt(p, TNA_R_FORWARDING);
		if (p->ip_len > tna_get(tna_get(p->out_dev, ip6_ptr), cnf.mtu6))
			return tna_punt(p, TNA_R_ROUTE_MTU);
	}
	if (p->ip_version == 4 && p->vrf && (__u64)tna_vrf_of(p->out_dev) != (__u64)p->vrf)
		return tna_punt(p, TNA_R_VRF);
	p->src_mac = tna_word(tna_get(p->out_dev, dev_addr)) & TNA_MAC_MASK;
	p->dst = p->dst_mac;
	p->src = p->src_mac;
	tna_look(p->head, p->copies->head, p->out_dev, ptype_all, mtu);
	return TNA_NEXT;
}

/* The tag that the frame came with is not the one that it leaves with. */
static __always_inline void tna_route_retag(struct tna_pkt *p)
{
	if (p->leaves_tagged)
		p->retag = p->tagged ? TNA_TAG_SET : TNA_TAG_PUSH;
	else
		p->retag = p->tagged ? TNA_TAG_POP : TNA_TAG_KEEP;
}

/* The frame as it is sent on: other MACs, one hop less (net/ipv4/ip_forward.c:ip_forward,
 * net/ipv6/ip6_output.c:ip6_forward).
 */
static __always_inline bool tna_route_rewrite(struct tna_pkt *p)
{
	bool v4 = p->ip_version == 4;
	void *ip = tna_hdr(p, p->ip_at, v4 ? sizeof(struct tna_ipv4) : sizeof(struct tna_ipv6));
	void *eth = tna_hdr(p, 0, ETH_HLEN);
	struct tna_ipv4 *ip4 = ip;
	struct tna_ipv6 *ip6 = ip;
	__u32 check;

	if (!eth || !ip) /* can't be: they were read before */
		return false;
	*(__u64 *)eth = p->dst_mac | p->src_mac << 48;
	*(__u32 *)(eth + 8) = p->src_mac >> 16;
	if (!v4) {
		ip6->hop_limit--;
		tna_ctx_sum_changed(p, bpf_htons(0x0001));
		return true;
	}
	ip4->ttl--;
	check = (__u32)ip4->check + bpf_htons(0x0100);
	ip4->check = check + (check >= 0xffff);
	if (tna_get(p->net, ipv4.sysctl_ip_fwd_update_priority))
		tna_ctx_priority(p, tna_service_priority(p->tos));
	return true;
}

#endif
