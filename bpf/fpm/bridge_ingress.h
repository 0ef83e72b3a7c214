/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* bridge_ingress: may this frame come in by this port, and has Linux nothing to learn from it?
 * Reads  the bridge port, its bridge, the FDB entry of the source.
 * Sets   p->in, p->br, p->br_options, p->in_flags, p->src_chain, p->dst_chain.
 * Punts  NOT_PORT, VLAN_DEVICE, BRIDGE_OPTION, BRIDGE_PROMISC (a copy goes up), PORT_FLAG,
 * PORT_STATE, FDB_BUSY, SOURCE_UNKNOWN, SOURCE_LOCAL, SOURCE_MOVED, SOURCE_REFRESH, LOCKED: in each
 * of them Linux drops the frame or changes the FDB (net/bridge/br_input.c:br_handle_frame_finish,
 *        br_fdb.c:br_fdb_update).
 *
 * The source's entry must not age while its frames go by Linux: when it was not refreshed for a
 * second (less where entries age fast: src/assemble/guard.h), frames go to Linux until it has been.
 */
#ifndef TNA_FPM_BRIDGE_INGRESS_H
#define TNA_FPM_BRIDGE_INGRESS_H

#include "lib/fdb.h"
#include "lib/shared.h"

static __always_inline enum tna_verdict tna_source_known(struct tna_pkt *p)
{
	struct tna_fdb_entry entry;
	__u64 flags;
	bool here;

	if (!tna_fdb_find(p, p->src_chain, p->src, &entry))
		return tna_punt(p, TNA_R_SOURCE_UNKNOWN);
	flags = tna_see(entry.as, flags);
	if (flags & 1UL << BR_FDB_LOCAL)
		return tna_punt(p, TNA_R_SOURCE_LOCAL);
	here = tna_see(entry.as, dst) == p->in;
	if (p->in_flags & BR_PORT_LOCKED && (!here || flags & 1UL << BR_FDB_LOCKED))
		return tna_punt(p, TNA_R_LOCKED);
	if (!(p->in_flags & BR_LEARNING))
		return TNA_NEXT;
	if (!here && !(flags & 1UL << BR_FDB_STICKY))
		return tna_punt(p, TNA_R_SOURCE_MOVED);
	if ((__s64)(p->now - tna_see(entry.as, updated)) > (__s64)tna_guard.refresh_after)
		return tna_punt(p, TNA_R_SOURCE_REFRESH);
	return TNA_NEXT;
}

static __always_inline enum tna_verdict fpm_bridge_ingress(struct tna_pkt *p)
{
	const __u64 options = 1UL << bpf_core_enum_value(enum net_bridge_opts, BROPT_VLAN_ENABLED) |
			      1UL << bpf_core_enum_value(enum net_bridge_opts, BROPT_MST_ENABLED);

	TNA_VIEW(struct net_bridge_port, port);
	TNA_VIEW(struct net_bridge, br);
	struct vlan_info *vlans;
	struct tna_fdb fdb;

	if (!(tna_see_bits(p->head, priv_flags) & IFF_BRIDGE_PORT))
		return tna_punt(p, TNA_R_NOT_PORT);
	/* VLAN devices take their frames before the bridge does (net/core/dev.c); absent without
	 * 8021q. */
	if (bpf_core_field_exists(p->dev->vlan_info)) {
		vlans = tna_see(p->stacked, vlan_info);
		if (vlans && tna_get(vlans, grp.nr_vlan_devs))
			return tna_punt(p, TNA_R_VLAN_DEVICE);
	}
	p->in = tna_as(struct net_bridge_port, tna_see(p->stacked, rx_handler_data));
	tna_look(port, p->copies->port, p->in, br, state);
	tna_look(br, p->copies->bridge, tna_see(port, br), dev, fdb_hash_tbl.tbl);
	p->br_options = tna_see(br, options);
	p->in_flags = tna_see(port, flags);
	if (p->br_options & options)
		return tna_punt(p, TNA_R_BRIDGE_OPTION);
	if (p->in_flags & BR_VLAN_TUNNEL)
		return tna_punt(p, TNA_R_PORT_FLAG);
	if (tna_get(tna_see(br, dev), flags) & IFF_PROMISC)
		return tna_punt(p, TNA_R_BRIDGE_PROMISC);
	if (tna_see(port, state) != BR_STATE_FORWARDING)
		return tna_punt(p, TNA_R_PORT_STATE);
	fdb = tna_fdb_open(p, tna_see(br, fdb_hash_tbl.tbl));
	if (fdb.nested)
		return tna_punt(p, TNA_R_FDB_BUSY);
	p->src_chain = tna_fdb_chain(&fdb, p->src);
	p->dst_chain = tna_fdb_chain(&fdb, p->dst);
	if (p->in_flags & (BR_LEARNING | BR_PORT_LOCKED))
		return tna_source_known(p);
	return TNA_NEXT;
}

#endif
