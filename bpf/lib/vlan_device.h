/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* vlan_device.h: VLAN devices, as the device below and they themselves tell of them
 * (net/8021q/vlan_core.c, vlan_dev.c). What is a VLAN device's own is read as words: its type is a
 * module's in some kernels.
 */
#ifndef TNA_VLAN_DEVICE_H
#define TNA_VLAN_DEVICE_H

#include "lib/device.h"

/* Address of the VLAN device that takes frames with the tag p->tag_proto, p->tci from the device
 * whose p->stacked is seen; 0: there is none (vlan_core.c:vlan_do_receive).
 */
static __always_inline __u64 tna_vlan_device(struct tna_pkt *p)
{
	__u32 vid = p->tci & VLAN_VID_MASK, at = vid / VLAN_GROUP_ARRAY_PART_LEN;
	struct vlan_info *vlans = tna_see(p->stacked, vlan_info);
	__u64 arrays, devices;

	if (!vlans)
		return 0;
	if (p->tag_proto == bpf_htons(ETH_P_8021AD))
		at += 8;
	arrays = bpf_core_field_exists(struct vlan_group, vlan_devices_arrays)
		     ? bpf_core_field_offset(struct vlan_group, vlan_devices_arrays)
		     : bpf_core_field_offset(struct vlan_group___flat, vlan_devices_arrays);
	devices = tna_word(tna_member(vlans, struct vlan_info, grp) + arrays + 8ULL * at);
	return devices ? tna_word(devices + 8ULL * (vid % VLAN_GROUP_ARRAY_PART_LEN)) : 0;
}

#define tna_vlan_own(dev, member)                                                                  \
	tna_word(tna_member(tna_device_priv(dev), struct vlan_dev_priv, member))

/* Such a device does what a tag says and nothing else: it is up, in this namespace, and the tag is in
 * nobody's way.
 */
static __always_inline bool tna_vlan_plain(struct tna_pkt *p, struct net_device *dev)
{
	return tna_get(dev, flags) & IFF_UP && tna_get(dev, nd_net.net) == p->net &&
	       tna_vlan_own(dev, flags) & VLAN_FLAG_REORDER_HDR;
}

#define TNA_VLAN_MAPPINGS 4 /* looked through for one priority; 16 lists share them all */

/* Adds the priority bits to p->tci that the device's tags have for packets of that priority; false:
 * there are too many rows to be looked through (include/linux/if_vlan.h:
 * vlan_dev_get_egress_qos_mask).
 */
static __always_inline bool tna_vlan_priority(struct tna_pkt *p, struct net_device *dev,
					      __u32 priority)
{
	__u64 row = tna_word(tna_member(tna_device_priv(dev), struct vlan_dev_priv,
					egress_priority_map) + 8ULL * (priority & 0xf));

#pragma clang loop unroll(disable)
	for (int i = 0; i < TNA_VLAN_MAPPINGS && row; i++) {
		if ((__u32)tna_word(tna_member(row, struct vlan_priority_tci_mapping, priority)) ==
		    priority) {
			p->tci |= (__u16)tna_word(
			    tna_member(row, struct vlan_priority_tci_mapping, vlan_qos));
			return true;
		}
		row = tna_word(tna_member(row, struct vlan_priority_tci_mapping, next));
	}
	return !row;
}

#endif
