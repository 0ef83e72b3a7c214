/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* bridge_xmit: a packet that is routed to a bridge: by which port does the bridge send it, and is
 * its own way out free? (net/bridge/br_device.c:br_dev_xmit, br_forward.c:br_forward) The bridge
 * learns nothing from what it sends itself, and no port is isolated from it.
 * Reads  the netfilter hooks of such frames, the bridge's device, options, FDB, the port.
 * Sets   p->out_dev, p->out_ifindex, p->head: the port's. Other devices are left as they are.
 *        With vlan_xmit: p->leaves_tagged, p->tag_proto, p->tci; p->vid.
 * Punts  STALE (other netfilter hooks), EGRESS_STATE (the bridge is down, the port not forwarding),
 *        BRIDGE_OPTION (VLANs are filtered, and there is no vlan_xmit, or they are counted; or it is
 *        ICMPv6 and the bridge may answer neighbour discovery), VLAN_PROTO, EGRESS_VLAN (the bridge
 *        itself, or the port, is not in the VLAN, or does not forward there), EGRESS_* of the bridge,
 *        FDB_BUSY, FDB_MISS (Linux floods), LOCAL, PORT_FLAG, BACKUP.
 */
#ifndef TNA_FPM_BRIDGE_XMIT_H
#define TNA_FPM_BRIDGE_XMIT_H

#include "lib/device.h"
#include "lib/fdb.h"
#include "lib/vlan.h"

static __always_inline enum tna_verdict tna_bridge_may_send(struct tna_pkt *p, __u64 options)
{
	if ((__u64)tna_get(p->net, nf.hooks_bridge[NF_BR_LOCAL_OUT]) !=
		tna_guard.hooks_bridge_local[TNA_HOOK_LOCAL_OUT] ||
	    (__u64)tna_get(p->net, nf.hooks_bridge[NF_BR_POST_ROUTING]) !=
		tna_guard.hooks_bridge[TNA_HOOK_POSTROUTING])
		return tna_punt(p, TNA_R_STALE);
	if (!(tna_get(p->out_dev, flags) & IFF_UP))
		return tna_punt(p, TNA_R_EGRESS_STATE);
	if (options & TNA_BRIDGE_OPTION(BROPT_VLAN_ENABLED) &&
	    (!TNA_ON(p, vlan_xmit) || options & TNA_BRIDGE_OPTION(BROPT_VLAN_STATS_ENABLED)))
		return tna_punt(p, TNA_R_BRIDGE_OPTION);
	if (options & TNA_BRIDGE_OPTION(BROPT_NEIGH_SUPPRESS_ENABLED) && p->ip_version == 6 &&
	    p->ip_proto == TNA_PROTO_ICMPV6)
		return tna_punt(p, TNA_R_BRIDGE_OPTION);
	if (tna_net_tapped()) /* at tc they have seen it come in, but not leave the bridge */
		return tna_punt(p, TNA_R_EGRESS_TAP);
	return tna_sends_free(p, p->out_dev);
}

/* Of which VLAN is what the bridge itself sends? (net/bridge/br_vlan.c:br_allowed_ingress) */
static __always_inline enum tna_verdict tna_bridge_vlan(struct tna_pkt *p, struct net_bridge *br)
{
	struct tna_vlans vlans = tna_vlans_open(tna_get(br, vlgrp));
	__be16 protocol = tna_get(br, vlan_proto);
	struct tna_vlan vlan = {.flags = BRIDGE_VLAN_INFO_BRENTRY, .state = vlans.pvid_state};

	if (!p->leaves_tagged)
		p->tci = 0;
	else if (p->tag_proto != protocol)
		return tna_punt(p, TNA_R_VLAN_PROTO);
	p->vid = p->tci & VLAN_VID_MASK;
	if (!p->vid) {
		p->vid = vlans.pvid;
		p->tci |= p->vid;
		if (!p->vid)
			return tna_punt(p, TNA_R_EGRESS_VLAN);
	} else if (!tna_vlan_find(p, &vlans, &vlan)) {
		return tna_punt(p, TNA_R_EGRESS_VLAN);
	}
	if (!(vlan.flags & BRIDGE_VLAN_INFO_BRENTRY) || vlan.state != BR_STATE_FORWARDING)
		return tna_punt(p, TNA_R_EGRESS_VLAN);
	p->tag_proto = protocol;
	p->dst |= (__u64)p->vid << 48;
	return TNA_NEXT;
}

static __always_inline enum tna_verdict tna_bridge_send_to(struct tna_pkt *p, __u64 address,
							    bool filters)
{
	struct net_bridge_port *port = tna_as(struct net_bridge_port, address);
	struct tna_vlan vlan = {};

	if (tna_get(port, state) != BR_STATE_FORWARDING)
		return tna_punt(p, TNA_R_EGRESS_STATE);
	if (tna_get(port, flags) & BR_VLAN_TUNNEL)
		return tna_punt(p, TNA_R_PORT_FLAG);
	if (tna_get(port, backup_port))
		return tna_punt(p, TNA_R_BACKUP);
	if (filters) {
		if (!tna_vlan_leaves(p, tna_get(port, vlgrp), &vlan))
			return tna_punt(p, TNA_R_EGRESS_VLAN);
		p->leaves_tagged = !(vlan.flags & BRIDGE_VLAN_INFO_UNTAGGED);
	}
	p->out_dev = tna_get(port, dev);
	tna_look(p->head, p->copies->head, p->out_dev, ptype_all, mtu);
	p->out_ifindex = tna_see(p->head, ifindex);
	return TNA_NEXT;
}

static __always_inline enum tna_verdict fpm_bridge_xmit(struct tna_pkt *p)
{
	struct tna_fdb_entry entry;
	struct net_bridge *br;
	struct tna_rhash fdb;
	enum tna_verdict v;
	__u64 options;
	bool filters;

	if (!(tna_see_bits(p->head, priv_flags) & IFF_EBRIDGE))
		return TNA_NEXT;
	br = tna_as(struct net_bridge, tna_device_priv(p->out_dev));
	options = tna_get(br, options);
	if ((v = tna_bridge_may_send(p, options)))
		return v;
	filters = TNA_ON(p, vlan_xmit) && options & TNA_BRIDGE_OPTION(BROPT_VLAN_ENABLED);
	if (filters && (v = tna_bridge_vlan(p, br)))
		return v;
	fdb = tna_rhash_open(p, tna_get(br, fdb_hash_tbl.tbl));
	if (fdb.nested)
		return tna_punt(p, TNA_R_FDB_BUSY);
	if (!tna_fdb_find(p, tna_fdb_chain(&fdb, p->dst), p->dst, &entry))
		return tna_punt(p, TNA_R_FDB_MISS);
	if (tna_see(entry.as, flags) & 1UL << BR_FDB_LOCAL || !tna_see(entry.as, dst))
		return tna_punt(p, TNA_R_LOCAL);
	return tna_bridge_send_to(p, (__u64)tna_see(entry.as, dst), filters);
}

#endif
