/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* address.h: is that an address of this host? Asked of the device that the packet came in by and of the
 * loopback device; one that only another device has is not found.
 */
#ifndef TNA_ADDRESS_H
#define TNA_ADDRESS_H

#include "lib/ip.h"

#define TNA_ADDRESSES 8 /* of a device: those behind are not found */

/* Of the device: the address itself; with `on_link`, another one of its subnet. */
static __always_inline bool tna_device_has4(struct net_device *dev, __be32 address, bool on_link)
{
	struct in_ifaddr *each = tna_get(tna_get(dev, ip_ptr), ifa_list);
	bool found = false;

#pragma clang loop unroll(disable)
	for (int i = 0; i < TNA_ADDRESSES && each; i++) {
		__be32 local = tna_get(each, ifa_local), mask = tna_get(each, ifa_mask);

		if (local == address)
			return !on_link;
		found |= on_link && mask && !((local ^ address) & mask) && address & ~mask && ~(address | mask);
		each = tna_get(each, ifa_next);
	}
	return found;
}

static __always_inline bool tna_device_has6(struct net_device *dev, const __be32 *address)
{
	struct inet6_dev *of = tna_get(dev, ip6_ptr);
	__u64 list = tna_member(of, struct inet6_dev, addr_list), at = tna_word(list);
	__u64 first = address[0] | (__u64)address[1] << 32;
	__u64 second = address[2] | (__u64)address[3] << 32;

#pragma clang loop unroll(disable)
	for (int i = 0; i < TNA_ADDRESSES && at != list; i++) {
		__u64 each = at - bpf_core_field_offset(struct inet6_ifaddr, if_list);

		/* Linux does not take packets for one that it is not sure of yet. */
		if (tna_word(each) == first && tna_word(each + 8) == second)
			return !((__u32)tna_word(tna_member(each, struct inet6_ifaddr, flags)) &
				 (IFA_F_TENTATIVE | IFA_F_DADFAILED));
		at = tna_word(at);
	}
	return false;
}

static __always_inline bool tna_address_of_host(struct tna_pkt *p)
{
	struct net_device *loopback = tna_get(p->net, loopback_dev);

	if (p->ip_version == 4)
		return tna_device_has4(p->dev, p->daddr[0], false) ||
		       tna_device_has4(loopback, p->daddr[0], false);
	return tna_device_has6(p->dev, p->daddr) || tna_device_has6(loopback, p->daddr);
}

#endif
