/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* vrf.h: the VRF that a device belongs to. IP takes what comes in by such a device for the VRF's own
 * (drivers/net/vrf.c:vrf_l3_rcv). To the FIB it is IPv4 from the device still
 * (net/ipv4/ip_input.c:ip_rcv_finish), but IPv6 from the VRF (net/ipv6/route.c:ip6_route_input).
 */
#ifndef TNA_VRF_H
#define TNA_VRF_H

#include "lib/device.h"

/* NULL: none, or the device is just coming or going (include/net/l3mdev.h:l3mdev_l3_rcv,
 * net/core/dev.c:netdev_master_upper_dev_get_rcu). The device belongs to some master of that kind.
 */
static __always_inline struct net_device *tna_vrf_master(struct net_device *dev)
{
	__u64 list = tna_member(dev, struct net_device, adj_list.upper), first = tna_word(list);
	struct netdev_adjacent *adjacent;

	if (first == list)
		return NULL;
	adjacent = tna_as(struct netdev_adjacent,
			  first - bpf_core_field_offset(struct netdev_adjacent, list));
	return tna_get(adjacent, master) ? tna_get(adjacent, dev) : NULL;
}

static __always_inline struct net_device *tna_vrf_of(struct net_device *dev)
{
	return tna_get_bits(dev, priv_flags) & IFF_L3MDEV_SLAVE ? tna_vrf_master(dev) : NULL;
}

/* What the FIB takes the packet to have come in by. */
static __always_inline __u32 tna_route_iif(struct tna_pkt *p)
{
	return tna_device_ifindex(p->ip_version == 6 && p->vrf ? p->vrf : p->dev);
}

#endif
