/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* vlan_xmit: a packet that is routed to a VLAN device leaves by the device below, with a tag
 * (net/8021q/vlan_dev.c:vlan_dev_hard_start_xmit).
 * Reads  the VLAN device, what stands on its way out, its priorities.
 * Sets   p->leaves_tagged, p->tag_proto, p->tci; p->out_dev, p->out_ifindex, p->head: they are those of
 *        the device below. Other devices are left as they are.
 * Punts  EGRESS_VLAN_DEVICE (down, without reorder_hdr, more priorities than can be looked through; it,
 *        or the device below, is in another namespace), EGRESS_* of the VLAN device.
 *
 * A VLAN device on another, on a bond or a team goes no further than to that one: none takes
 * redirected frames (EGRESS_XMIT).
 */
#ifndef TNA_FPM_VLAN_XMIT_H
#define TNA_FPM_VLAN_XMIT_H

#include "lib/ip.h"
#include "lib/vlan_device.h"

/* As net/ipv4/ip_forward.c sets it; IPv6 leaves it as it came. */
static __always_inline __u32 tna_routed_priority(struct tna_pkt *p)
{
	return p->ip_version == 4 && tna_get(p->net, ipv4.sysctl_ip_fwd_update_priority)
		   ? tna_service_priority(p->tos)
		   : p->priority;
}

static __always_inline enum tna_verdict fpm_vlan_xmit(struct tna_pkt *p)
{
	struct net_device *dev = p->out_dev;
	enum tna_verdict v;

	if (!(tna_see_bits(p->head, priv_flags) & IFF_802_1Q_VLAN))
		return TNA_NEXT;
	p->tci = tna_vlan_own(dev, vlan_id);
	p->tag_proto = tna_vlan_own(dev, vlan_proto);
	p->leaves_tagged = true;
	if (!tna_vlan_plain(p, dev) || !tna_vlan_priority(p, dev, tna_routed_priority(p)))
		return tna_punt(p, TNA_R_EGRESS_VLAN_DEVICE);
	if ((v = tna_sends_free(p, dev)))
		return v;
	p->out_dev = tna_as(struct net_device, tna_vlan_own(dev, real_dev));
	if (tna_get(p->out_dev, nd_net.net) != p->net)
		return tna_punt(p, TNA_R_EGRESS_VLAN_DEVICE);
	tna_look(p->head, p->copies->head, p->out_dev, ptype_all, mtu);
	p->out_ifindex = tna_see(p->head, ifindex);
	return TNA_NEXT;
}

#endif
