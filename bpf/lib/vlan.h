/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* vlan.h: a look into the kernel's own table of a port's VLANs, keyed by VLAN id
 * (net/bridge/br_vlan.c).
 */
#ifndef TNA_VLAN_H
#define TNA_VLAN_H

#include "lib/rhash.h"

struct tna_vlan {
	__u16 flags; /* BRIDGE_VLAN_INFO_* */
	__u8 state;  /* BR_STATE_* */
};

/* The id and its neighbours so far are one word. */
static __always_inline void tna_vlan_read(struct tna_vlan *vlan, __u64 address, __u64 id_and_more)
{
	const __u32 id_at = bpf_core_field_offset(struct net_bridge_vlan, vid);

	if (bpf_core_field_offset(struct net_bridge_vlan, flags) == id_at + 2 &&
	    bpf_core_field_offset(struct net_bridge_vlan, state) == id_at + 6) {
		vlan->flags = id_and_more >> 16;
		vlan->state = id_and_more >> 48;
		return;
	}
	vlan->flags = tna_word(tna_member(address, struct net_bridge_vlan, flags));
	vlan->state = tna_word(tna_member(address, struct net_bridge_vlan, state));
}

/* Whether the port is a member of p->vid; false, too, while the table is being resized or nested. */
static __always_inline bool tna_vlan_find(struct tna_pkt *p, struct bucket_table *tbl,
					  struct tna_vlan *vlan)
{
	struct tna_rhash table = tna_rhash_open(p, tbl);
	TNA_VIEW(struct net_bridge_vlan, as);
	__u64 address, id_and_more;

	if (table.nested)
		return false;
	address = tna_chain(&table, p->vid, sizeof(p->vid));
	asm volatile("" : "+r"(address)); /* see lib/fdb.h */
#pragma clang loop unroll(disable)
	for (int i = 0; i < TNA_CHAIN; i++) {
		if (TNA_CHAIN_END(address))
			return false;
		tna_look(as, p->copies->vlan, tna_plain(struct net_bridge_vlan, address), vnode,
			 state);
		id_and_more = tna_see_as(as, __u64, vid);
		if ((__u16)id_and_more == p->vid) {
			tna_vlan_read(vlan, address, id_and_more);
			return true;
		}
		address = (__u64)tna_see(as, vnode.next);
	}
	return false;
}

#endif
