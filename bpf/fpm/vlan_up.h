/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* vlan_up: a tagged frame, which IP gets from a VLAN device on the interface, or on the bridge: from
 * which, and does nobody stand between it and IP? (net/core/dev.c:__netif_receive_skb_core,
 * net/8021q/vlan_core.c:vlan_do_receive)
 * Reads  the VLAN devices of p->dev, the VLAN device, what stands on it.
 * Sets   p->dev, p->head, p->stacked: they are the VLAN device's from here on; p->priority.
 * Punts  TAGGED (no VLAN device takes the frame; or there is a second tag: one VLAN device on another
 *        is Linux's), VLAN_DEVICE (down, in another namespace, without reorder_hdr), NOT_ROUTED
 *        (generic XDP on it), TAP (a socket for IP alone on the interface gets it, too), and TAP, TC,
 *        NF_INGRESS on the VLAN device.
 *
 * Frames for the MAC of the interface are IP's as well where the VLAN device has another MAC;
 * route_ingress leaves them to Linux.
 */
#ifndef TNA_FPM_VLAN_UP_H
#define TNA_FPM_VLAN_UP_H

#include "lib/vlan_device.h"

static __always_inline enum tna_verdict fpm_vlan_up(struct tna_pkt *p)
{
	struct net_device *dev;
	__u64 device;

	if (tna_is_tag(p->proto))
		return tna_punt(p, TNA_R_TAGGED);
	if (TNA_ON(p, vlan) ? !p->up_tagged : !p->tagged)
		return TNA_NEXT;
	device = tna_vlan_device(p);
	if (!device)
		return tna_punt(p, TNA_R_TAGGED);
	dev = tna_as(struct net_device, device);
	if (!tna_vlan_plain(p, dev))
		return tna_punt(p, TNA_R_VLAN_DEVICE);
	if (tna_get(dev, xdp_prog))
		return tna_punt(p, TNA_R_NOT_ROUTED);
	if (tna_specific_taps(p))
		return tna_punt(p, TNA_R_TAP);
	p->priority = tna_word(tna_member(tna_device_priv(dev), struct vlan_dev_priv,
					  ingress_priority_map) +
			       sizeof(__u32) * (p->tci >> VLAN_PRIO_SHIFT));
	p->dev = dev;
	return tna_receives_free(p, dev);
}

#endif
