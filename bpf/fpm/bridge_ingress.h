/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* bridge_ingress: may this frame come in by this port?
 * Reads  the VLAN devices on the port, the bridge port, its bridge.
 * Sets   p->in, p->br, p->br_options, p->in_flags, p->in_vlans.
 * Punts  NOT_PORT, VLAN_DEVICE, BRIDGE_OPTION, BRIDGE_PROMISC (a copy goes up), PORT_FLAG,
 *        PORT_STATE (net/bridge/br_input.c:br_handle_frame, br_handle_frame_finish).
 */
#ifndef TNA_FPM_BRIDGE_INGRESS_H
#define TNA_FPM_BRIDGE_INGRESS_H

#include "lib/vlan_device.h"

static __always_inline enum tna_verdict fpm_bridge_ingress(struct tna_pkt *p)
{
	TNA_VIEW(struct net_bridge_port, port);

	if (!(tna_see_bits(p->head, priv_flags) & IFF_BRIDGE_PORT))
		return tna_punt(p, TNA_R_NOT_PORT);
	/* A VLAN device takes the frames of its VLAN before the bridge does. */
	if (bpf_core_field_exists(p->dev->vlan_info) && p->tagged && tna_vlan_device(p))
		return tna_punt(p, TNA_R_VLAN_DEVICE);
	p->in = tna_as(struct net_bridge_port, tna_see(p->stacked, rx_handler_data));
	tna_look(port, p->copies->port, p->in, br, state);
	tna_look(p->br, p->copies->bridge, tna_see(port, br), dev, fdb_hash_tbl.tbl);
	p->br_options = tna_see(p->br, options);
	p->in_flags = tna_see(port, flags);
	if (TNA_ON(p, vlan))
		p->in_vlans = tna_see(port, vlgrp);
	else if (p->br_options & TNA_BRIDGE_OPTION(BROPT_VLAN_ENABLED))
		return tna_punt(p, TNA_R_BRIDGE_OPTION);
	if (p->in_flags & BR_VLAN_TUNNEL)
		return tna_punt(p, TNA_R_PORT_FLAG);
	if (tna_get(tna_see(p->br, dev), flags) & IFF_PROMISC)
		return tna_punt(p, TNA_R_BRIDGE_PROMISC);
	if (tna_see(port, state) != BR_STATE_FORWARDING && !tna_mst(p))
		return tna_punt(p, TNA_R_PORT_STATE);
	return TNA_NEXT;
}

#endif
