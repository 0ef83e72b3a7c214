/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* bridge_forward: may the frame leave by that port, and is its way out free?
 * Reads  the egress port and its device.   Sets  p->out_dev, p->out_ifindex.
 * A port whose device goes down is disabled before `ip link set down` returns, so its state says
 * both.
 * Punts  SAME_PORT (Linux drops, or sends back where hairpin is on), EGRESS_STATE, ISOLATED,
 * PORT_FLAG, BACKUP (net/bridge/br_forward.c:should_deliver, br_forward); TOO_LONG and EGRESS_*:
 * see ctx/.
 */
#ifndef TNA_FPM_BRIDGE_FORWARD_H
#define TNA_FPM_BRIDGE_FORWARD_H

#include "lib/pkt.h"

static __always_inline enum tna_verdict fpm_bridge_forward(struct tna_pkt *p)
{
	TNA_VIEW(struct net_bridge_port, port);
	__u64 flags;

	if (p->out == p->in)
		return tna_punt(p, TNA_R_SAME_PORT);
	tna_look(port, p->copies->port, p->out, dev, state);
	flags = tna_see(port, flags);
	if (tna_see(port, state) != BR_STATE_FORWARDING &&
	    !(tna_mst(p) && tna_get(tna_see(port, dev), flags) & IFF_UP))
		return tna_punt(p, TNA_R_EGRESS_STATE);
	if (flags & p->in_flags & BR_ISOLATED)
		return tna_punt(p, TNA_R_ISOLATED);
	if (flags & (BR_VLAN_TUNNEL | (TNA_ON(p, suppress) ? 0 : BR_PROXYARP_WIFI)))
		return tna_punt(p, TNA_R_PORT_FLAG);
	if (tna_see(port, backup_port))
		return tna_punt(p, TNA_R_BACKUP);
	p->out_dev = tna_see(port, dev);
	tna_look(p->head, p->copies->head, p->out_dev, ptype_all, mtu);
	p->out_ifindex = tna_see(p->head, ifindex);
	return tna_ctx_path_to_free(p);
}

#endif
