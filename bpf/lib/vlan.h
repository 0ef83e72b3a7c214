/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* vlan.h: a look into the kernel's own table of a port's VLANs, which is kept as a list and as a hash
 * table keyed by VLAN id (net/bridge/br_vlan.c).
 */
#ifndef TNA_VLAN_H
#define TNA_VLAN_H

#include "lib/rhash.h"

/* A port with no more VLANs than that has its list looked through: two loads for each VLAN, where
 * the hash table takes five loads and the hash.
 */
#define TNA_VLANS_LISTED 4

struct tna_vlans {
	struct net_bridge_vlan_group *group;
	__u16 count, pvid;
	__u8 pvid_state; /* BR_STATE_* */
};

struct tna_vlan {
	__u16 flags; /* BRIDGE_VLAN_INFO_* */
	__u8 state;  /* BR_STATE_* */
};

/* The numbers are neighbours so far: one word. */
static __always_inline struct tna_vlans tna_vlans_open(struct net_bridge_vlan_group *group)
{
	const __u32 at = bpf_core_field_offset(struct net_bridge_vlan_group, num_vlans);
	__u64 word = tna_word(tna_member(group, struct net_bridge_vlan_group, num_vlans));

	if (bpf_core_field_offset(struct net_bridge_vlan_group, pvid) == at + 2 &&
	    bpf_core_field_offset(struct net_bridge_vlan_group, pvid_state) == at + 4)
		return (struct tna_vlans){group, word, word >> 16, word >> 32};
	return (struct tna_vlans){
	    group, word, tna_word(tna_member(group, struct net_bridge_vlan_group, pvid)),
	    tna_word(tna_member(group, struct net_bridge_vlan_group, pvid_state))};
}

/* Whether the VLAN at the address is that one; so far the id and what is read of it are one word. */
static __always_inline bool tna_vlan_is(__u64 address, __u16 vid, struct tna_vlan *vlan)
{
	const __u32 at = bpf_core_field_offset(struct net_bridge_vlan, vid);
	__u64 word = tna_word(tna_member(address, struct net_bridge_vlan, vid));

	if ((__u16)word != vid)
		return false;
	if (bpf_core_field_offset(struct net_bridge_vlan, flags) == at + 2 &&
	    bpf_core_field_offset(struct net_bridge_vlan, state) == at + 6) {
		vlan->flags = word >> 16;
		vlan->state = word >> 48;
		return true;
	}
	vlan->flags = tna_word(tna_member(address, struct net_bridge_vlan, flags));
	vlan->state = tna_word(tna_member(address, struct net_bridge_vlan, state));
	return true;
}

static __always_inline bool tna_vlan_listed(const struct tna_vlans *vlans, __u16 vid,
					    struct tna_vlan *vlan)
{
	__u64 head = tna_member(vlans->group, struct net_bridge_vlan_group, vlan_list);
	__u64 link = tna_word(head);

#pragma clang loop unroll(disable)
	for (int i = 0; i < TNA_VLANS_LISTED && link != head; i++) {
		if (tna_vlan_is(link - bpf_core_field_offset(struct net_bridge_vlan, vlist), vid,
				vlan))
			return true;
		link = tna_word(link);
	}
	return false;
}

static __always_inline bool tna_vlan_hashed(struct tna_pkt *p, const struct tna_vlans *vlans,
					    struct tna_vlan *vlan)
{
	struct tna_rhash table = tna_rhash_open(p, tna_get(vlans->group, vlan_hash.tbl));
	__u64 address;

	if (table.nested)
		return false;
	address = tna_chain(&table, p->vid, sizeof(p->vid));
#pragma clang loop unroll(disable)
	for (int i = 0; i < TNA_CHAIN && !TNA_CHAIN_END(address); i++) {
		if (tna_vlan_is(address, p->vid, vlan))
			return true;
		address = tna_word(tna_member(address, struct net_bridge_vlan, vnode.next));
	}
	return false;
}

/* Whether the port is a member of p->vid; false, too, while the hash table is being resized or is
 * nested, or the list changes: then the frame is Linux's.
 */
static __always_inline bool tna_vlan_find(struct tna_pkt *p, const struct tna_vlans *vlans,
					  struct tna_vlan *vlan)
{
	return vlans->count <= TNA_VLANS_LISTED ? tna_vlan_listed(vlans, p->vid, vlan)
						: tna_vlan_hashed(p, vlans, vlan);
}

/* Whether a frame of p->vid may leave by a port with these VLANs (net/bridge/br_vlan.c:
 * br_allowed_egress, br_handle_vlan).
 */
static __always_inline bool tna_vlan_leaves(struct tna_pkt *p, struct net_bridge_vlan_group *group,
					    struct tna_vlan *vlan)
{
	struct tna_vlans vlans = tna_vlans_open(group);

	return tna_vlan_find(p, &vlans, vlan) && vlan->state == BR_STATE_FORWARDING;
}

#endif
