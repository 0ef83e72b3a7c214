/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* bridge_up: a frame for the bridge itself, which IP gets from the bridge's own device: does nobody
 * stand between its port and IP? (net/bridge/br_input.c:br_pass_frame_up)
 * Reads  the netfilter hook of such frames, the bridge device, its own VLANs, what stands on it.
 * Sets   p->dev, p->head, p->stacked: they are the bridge's from here on; p->up_tagged; p->dst
 *        without the VLAN.
 * Punts  EGRESS_VLAN (the bridge itself is not in the frame's VLAN, or it does not forward there),
 *        BRIDGE_NF (br_netfilter looks into tags, and says that what is tagged came in by the bridge),
 *        STALE (other netfilter hooks), LOCAL (the MAC of a port: only that of the very port makes a
 *        packet for this host), PORT_STATE (the bridge is down), NOT_ROUTED (generic XDP on the
 *        bridge), TAP, TC, NF_INGRESS: on the bridge.
 *
 * br_netfilter, which sees such frames too, does nothing here that IP does not do as well: parse_l3
 * leaves to Linux what either would drop. Where it hands them to rules and connection tracking, they pass
 * the hooks of prerouting at the port, as if they had come in by the bridge, and no second time
 * (net/bridge/br_netfilter_hooks.c:ip_sabotage_in, but for VRFs, which rules.h leaves to Linux).
 */
#ifndef TNA_FPM_BRIDGE_UP_H
#define TNA_FPM_BRIDGE_UP_H

#include "lib/device.h"
#include "lib/vlan.h"

static __always_inline enum tna_verdict fpm_bridge_up(struct tna_pkt *p)
{
	struct net_device *dev = tna_see(p->br, dev);
	struct tna_vlan vlan = {};

	if (TNA_ON(p, vlan_up) && TNA_ON(p, bridge_nf4) && p->tagged &&
	    tna_int(tna_guard.filter_vlan_tagged))
		return tna_punt(p, TNA_R_BRIDGE_NF);
	if (TNA_ON(p, vlan)) {
		if (!tna_vlan_leaves(p, tna_see(p->br, vlgrp), &vlan) ||
		    !(vlan.flags & BRIDGE_VLAN_INFO_BRENTRY))
			return tna_punt(p, TNA_R_EGRESS_VLAN);
		p->up_tagged = !(vlan.flags & BRIDGE_VLAN_INFO_UNTAGGED);
		p->dst &= TNA_MAC_MASK;
	}
	if ((__u64)tna_get(p->net, nf.hooks_bridge[NF_BR_LOCAL_IN]) !=
	    tna_guard.hooks_bridge_local[TNA_HOOK_LOCAL_IN])
		return tna_punt(p, TNA_R_STALE);
	if ((tna_word(tna_get(dev, dev_addr)) & TNA_MAC_MASK) != p->dst)
		return tna_punt(p, TNA_R_LOCAL);
	if (!(tna_get(dev, flags) & IFF_UP))
		return tna_punt(p, TNA_R_PORT_STATE);
	if (tna_get(dev, xdp_prog))
		return tna_punt(p, TNA_R_NOT_ROUTED);
	p->dev = dev;
	return tna_receives_free(p, dev);
}

#endif
