/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* vlan_egress: may the frame leave by that port in its VLAN, and with a tag or without?
 * Reads  the egress port's VLANs.   Sets  p->retag.
 * Punts  EGRESS_VLAN (Linux drops).
 */
#ifndef TNA_FPM_VLAN_EGRESS_H
#define TNA_FPM_VLAN_EGRESS_H

#include "lib/vlan.h"

static __always_inline enum tna_verdict fpm_vlan_egress(struct tna_pkt *p)
{
	struct tna_vlan vlan = {};

	if (!tna_vlan_leaves(p, tna_get(p->out, vlgrp), &vlan))
		return tna_punt(p, TNA_R_EGRESS_VLAN);
	if (vlan.flags & BRIDGE_VLAN_INFO_UNTAGGED)
		p->retag = p->tagged ? TNA_TAG_POP : TNA_TAG_KEEP;
	else if (!p->tagged)
		p->retag = TNA_TAG_PUSH;
	return TNA_NEXT;
}

#endif
