/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* route_ingress: is the frame for this router, and does Linux hand it to nobody but IP?
 * Reads  the device's MAC, flags, rx_handler, its VRF, the lists of packet sockets for one protocol.
 * Sets   p->vrf.
 * Punts  TAGGED (without vlan_up: it belongs to a VLAN device, or is dropped), NOT_ROUTED (net/core/dev.c:
 *        __netif_receive_skb_core gives it to the rx_handler; a VRF is just taking the device),
 *        OTHER_HOST (net/ethernet/eth.c:eth_type_trans; IP drops it), TAP (on the VRF, too:
 *        drivers/net/vrf.c:vrf_ip_rcv), NOT_IP, MARK.
 *
 * Of what stands on a VRF only packet sockets get what its devices receive. Netfilter's hooks are run
 * again for it; routing isn't fast where there are any that act on routed packets.
 */
#ifndef TNA_FPM_ROUTE_INGRESS_H
#define TNA_FPM_ROUTE_INGRESS_H

#include "lib/device.h"
#include "lib/ip.h"
#include "lib/shared.h"
#include "lib/vrf.h"

#define TNA_TAKERS 4

/* Those in the list are after other protocols than the packet's, as VRRP daemons are after ARP; `own`,
 * the kernel's, and the list's head don't count.
 */
static __always_inline bool tna_none_takes(struct tna_pkt *p, __u64 list, __u64 own)
{
	__u64 at = tna_word(list);

	for (int i = 0; i < TNA_TAKERS; i++) {
		if (at == list)
			return true;
		if (at != own && (__be16)tna_word(at - bpf_core_field_offset(struct packet_type, list) +
						  bpf_core_field_offset(struct packet_type, type)) ==
					 p->proto)
			return false;
		at = tna_word(at);
	}
	return false;
}

/* Nobody but the kernel's own IP stands in the list of those who get packets of that protocol from
 * any interface: `only` is its first and last entry, or the list itself where it has a list
 * elsewhere (net/core/dev.c:ptype_head).
 */
static __always_inline bool tna_ip_alone(struct tna_pkt *p, __u64 list, __u64 only)
{
	return (tna_word(list) == only && tna_word(only) == list) ||
	       tna_none_takes(p, list, only);
}

static __always_inline bool tna_ip_tapped(struct tna_pkt *p)
{
	__u64 of_device = tna_member(p->dev, struct net_device, ptype_specific);

	if (tna_specific_taps(p) && !tna_none_takes(p, of_device, of_device))
		return true;
	return p->proto == bpf_htons(ETH_P_IP) ? !tna_ip_alone(p, tna_guard.takers4, tna_guard.only4)
					       : !tna_ip_alone(p, tna_guard.takers6, tna_guard.only6);
}

static __always_inline enum tna_verdict fpm_route_ingress(struct tna_pkt *p)
{
	if ((!TNA_ON(p, vlan_up) && (p->tagged || p->up_tagged)) || tna_is_tag(p->proto))
		return tna_punt(p, TNA_R_TAGGED);
	if (tna_see(p->stacked, rx_handler))
		return tna_punt(p, TNA_R_NOT_ROUTED);
	if (tna_see_bits(p->head, priv_flags) & IFF_L3MDEV_SLAVE) {
		p->vrf = tna_vrf_master(p->dev);
		if (!p->vrf)
			return tna_punt(p, TNA_R_NOT_ROUTED);
		if (tna_device_tapped(p->vrf, p->vrf))
			return tna_punt(p, TNA_R_TAP);
	}
	if ((tna_word(tna_get(p->dev, dev_addr)) & TNA_MAC_MASK) != p->dst)
		return tna_punt(p, TNA_R_OTHER_HOST);
	if (!((TNA_ON(p, route4) || TNA_APPS_ON(p)) && p->proto == bpf_htons(ETH_P_IP)) &&
	    !((TNA_ON(p, route6) || TNA_APPS_ON(p)) && p->proto == bpf_htons(ETH_P_IPV6)))
		return tna_punt(p, TNA_R_NOT_IP);
	if (tna_ctx_mark(p))
		return tna_punt(p, TNA_R_MARK);
	if (tna_ip_tapped(p))
		return tna_punt(p, TNA_R_TAP);
	return TNA_NEXT;
}

#endif
