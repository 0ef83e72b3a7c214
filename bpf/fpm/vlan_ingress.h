/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* vlan_ingress: of which VLAN is the frame, and may it come in by this port in that VLAN?
 * Reads  the frame's tag, the bridge's VLAN protocol, the ingress port's VLANs.
 * Sets   p->vid, p->tci, p->tag_proto; p->dst and p->src become FDB keys of that VLAN.
 * Punts  VLAN_PROTO (to the bridge such a tag is payload), VLAN_MEMBER and VLAN_STATE (Linux drops,
 *        or learns only), BRIDGE_OPTION (filtering was switched off, or VLANs are counted)
 *        (net/bridge/br_vlan.c:__allowed_ingress).
 */
#ifndef TNA_FPM_VLAN_INGRESS_H
#define TNA_FPM_VLAN_INGRESS_H

#include "lib/vlan.h"

static __always_inline enum tna_verdict fpm_vlan_ingress(struct tna_pkt *p)
{
	const __u64 filtering = TNA_BRIDGE_OPTION(BROPT_VLAN_ENABLED);
	const __u64 counted = TNA_BRIDGE_OPTION(BROPT_VLAN_STATS_ENABLED);
	__be16 protocol = tna_see(p->br, vlan_proto);
	struct tna_vlans vlans;
	struct tna_vlan vlan = {};

	if ((p->br_options & (filtering | counted)) != filtering)
		return tna_punt(p, TNA_R_BRIDGE_OPTION);
	/* At tc a tag lies beside the frame, so one within it stands behind another. */
	if (p->tagged ? p->tag_proto != protocol : p->proto == protocol)
		return tna_punt(p, TNA_R_VLAN_PROTO);
	p->tag_proto = protocol;
	vlans = tna_vlans_open(p->in_vlans);
	p->vid = p->tci & VLAN_VID_MASK;
	if (p->vid) {
		if (!tna_vlan_find(p, &vlans, &vlan))
			return tna_punt(p, TNA_R_VLAN_MEMBER);
	} else {
		p->vid = vlans.pvid;
		if (!p->vid)
			return tna_punt(p, TNA_R_VLAN_MEMBER);
		p->tci |= p->vid; /* a tag without VLAN id keeps its priority ... */
		vlan.state = vlans.pvid_state;
		p->retag = TNA_TAG_SET; /* ... where it is sent with a tag: vlan_egress */
	}
	if (vlan.state != BR_STATE_FORWARDING)
		return tna_punt(p, TNA_R_VLAN_STATE);
	p->dst |= (__u64)p->vid << 48;
	p->src |= (__u64)p->vid << 48;
	return TNA_NEXT;
}

#endif
