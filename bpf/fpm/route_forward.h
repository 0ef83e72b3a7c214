/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* route_forward: is the next hop known to be there, and the way out free?
 * Reads  the egress device, found by its index; the neighbour's state.
 * Sets   p->out_dev; p->dst and p->src: the MACs that the frame is sent on with.
 * Punts  EGRESS_STATE (the device has just gone or gone down), NEIGHBOUR,
 *        FORWARDING (IPv6 is disabled there), EGRESS_*: see ctx/.
 */
#ifndef TNA_FPM_ROUTE_FORWARD_H
#define TNA_FPM_ROUTE_FORWARD_H

#include "lib/device.h"
#include "lib/neigh.h"

static __always_inline enum tna_verdict fpm_route_forward(struct tna_pkt *p)
{
	__u64 device = tna_device_by_index(p->net, p->out_ifindex);

	if (!device)
		return tna_punt(p, TNA_R_EGRESS_STATE);
	if (!(tna_neigh_state(device, &p->next_hop) & TNA_NUD_USABLE))
		return tna_punt(p, TNA_R_NEIGHBOUR);
	p->out_dev = tna_as(struct net_device, device);
	if (p->ip_version == 6 && tna_get(tna_get(p->out_dev, ip6_ptr), cnf.disable_ipv6))
		return tna_punt(p, TNA_R_FORWARDING);
	p->dst = p->dst_mac;
	p->src = p->src_mac;
	tna_look(p->head, p->copies->head, p->out_dev, ptype_all, mtu);
	return tna_ctx_path_to_free(p);
}

/* The frame as it is sent on: other MACs, one hop less (net/ipv4/ip_forward.c:ip_forward,
 * net/ipv6/ip6_output.c:ip6_forward).
 */
static __always_inline bool tna_route_rewrite(struct tna_pkt *p)
{
	bool v4 = p->ip_version == 4;
	void *eth = tna_hdr(p, 0, ETH_HLEN + (v4 ? sizeof(struct tna_ipv4) : sizeof(struct tna_ipv6)));
	struct tna_ipv4 *ip4 = eth + ETH_HLEN;
	struct tna_ipv6 *ip6 = eth + ETH_HLEN;
	__u32 check;

	if (!eth) /* can't be: it was read before */
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
	tna_ctx_priority(p);
	return true;
}

#endif
