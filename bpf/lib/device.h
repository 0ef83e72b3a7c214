/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* device.h: what stands on a device, asked of the device itself. */
#ifndef TNA_DEVICE_H
#define TNA_DEVICE_H

#include "lib/kernel.h"
#include "lib/shared.h"

/* What is stacked on the device, VLAN devices included where the kernel can have them. */
static __always_inline void tna_look_stacked(struct tna_pkt *p, struct net_device *dev)
{
	if (bpf_core_field_exists(dev->vlan_info))
		tna_look(p->stacked, p->copies->stacked, dev, vlan_info, nf_hooks_ingress);
	else
		tna_look(p->stacked, p->copies->stacked, dev, rx_handler_data, nf_hooks_ingress);
}

/* A packet socket for all protocols is bound to the device whose head the view shows:
 * net_device.ptype_all is not empty.
 */
#define tna_device_tapped(view, dev)                                                               \
	((__u64)tna_see(view, ptype_all.next) != tna_member(dev, struct net_device, ptype_all))

/* One is bound to no device (tcpdump -i any). The list is the namespace's, or in older kernels one
 * for all namespaces.
 */
static __always_inline bool tna_net_tapped(void)
{
	return tna_word(tna_guard.taps) != tna_guard.taps;
}

/* One for a single protocol is bound to p->dev, whose head is seen. */
static __always_inline bool tna_specific_taps(struct tna_pkt *p)
{
	return (__u64)tna_see(p->head, ptype_specific.next) !=
	       tna_member(p->dev, struct net_device, ptype_specific);
}

/* What Linux does with a frame that the device receives, before anything that is stacked on it gets
 * it, must be nothing where it is passed by: packet sockets, tc, netfilter's ingress hook
 * (net/core/dev.c:__netif_receive_skb_core).
 */
static __always_inline enum tna_verdict tna_receives_free(struct tna_pkt *p, struct net_device *dev)
{
	bool tc;

	tna_look(p->head, p->copies->head, dev, ptype_all, mtu);
	tna_look_stacked(p, dev);
	if (tna_device_tapped(p->head, dev) || tna_net_tapped())
		return tna_punt(p, TNA_R_TAP);
	tc = bpf_core_field_exists(dev->tcx_ingress) ? !!tna_see(p->stacked, tcx_ingress)
						     : !!tna_see(p->stacked, miniq_ingress);
	if (tc)
		return tna_punt(p, TNA_R_TC);
	if (tna_see(p->stacked, nf_hooks_ingress))
		return tna_punt(p, TNA_R_NF_INGRESS);
	return TNA_NEXT;
}

static __always_inline __u32 tna_device_ifindex(struct net_device *dev)
{
	return tna_get(dev, ifindex);
}

#define TNA_DEVICE_BUCKETS 256 /* include/linux/netdevice.h:NETDEV_HASHENTRIES */
#define TNA_DEVICE_CHAIN 8

/* Address of the namespace's device of that index, 0 where there is none, or where more than can be
 * looked through share its bucket (net/core/dev.c:dev_get_by_index_rcu).
 */
static __always_inline __u64 tna_device_by_index(struct net *net, __u32 ifindex)
{
	const __u32 at = bpf_core_field_offset(struct net_device, index_hlist);
	__u64 buckets = tna_word(tna_member(net, struct net, dev_index_head));
	__u64 entry = tna_word(buckets + 8ULL * (ifindex % TNA_DEVICE_BUCKETS));

#pragma clang loop unroll(disable)
	for (int i = 0; i < TNA_DEVICE_CHAIN && entry; i++) {
		if ((__u32)tna_word(tna_member(entry - at, struct net_device, ifindex)) == ifindex)
			return entry - at;
		entry = tna_word(entry);
	}
	return 0;
}

/* The private part of a device, whose type is its driver's (include/linux/netdevice.h:netdev_priv).
 */
static __always_inline __u64 tna_device_priv(struct net_device *dev)
{
	__u64 size = bpf_core_type_size(struct net_device);

	return (__u64)dev + ((size + NETDEV_ALIGN - 1) & ~(NETDEV_ALIGN - 1ULL));
}

/* The name that the device's kind goes by begins with these characters, the closing NUL among them. */
static __always_inline bool tna_kind(struct net_device *dev, __u64 name, __u64 mask)
{
	return (tna_word(tna_get(tna_get(dev, rtnl_link_ops), kind)) & mask) == name;
}
#define TNA_KIND_VETH 0x0068746576ULL, 0xffffffffffULL
#define TNA_KIND_TUN 0x006e7574ULL, 0xffffffffULL

/* The other end of a veth, NULL for any other device. Types of a module that may not be loaded can't
 * be cast to: its members are read as words.
 */
static __always_inline struct net_device *tna_veth_peer(struct net_device *dev)
{
	if (!tna_kind(dev, TNA_KIND_VETH))
		return NULL;
	return tna_as(struct net_device,
		      tna_word(tna_member(tna_device_priv(dev), struct veth_priv, peer)));
}

#define TNA_ID8(a, b, c, d, e, f, g, h)                                                            \
	((__u64)(a) | (__u64)(b) << 8 | (__u64)(c) << 16 | (__u64)(d) << 24 | (__u64)(e) << 32 |   \
	 (__u64)(f) << 40 | (__u64)(g) << 48 | (__u64)(h) << 56)

/* Nothing shapes, polices or sorts at the root: no queue at all, or one of the defaults that pass
 * on as fast as the driver takes. The first eight characters of the name tell them apart from the
 * rest.
 */
static __always_inline bool tna_qdisc_plain(struct tna_pkt *p, struct Qdisc *root)
{
	TNA_VIEW(struct Qdisc, qdisc);
	__u64 id;

	tna_look(qdisc, p->copies->qdisc, root, enqueue, ops);
	if (!tna_see(qdisc, enqueue)) /* noqueue, as in net/core/dev.c:__dev_queue_xmit */
		return true;
	id = tna_word(tna_member(tna_see(qdisc, ops), struct Qdisc_ops, id));
	return id == TNA_ID8('m', 'q', 0, 0, 0, 0, 0, 0) ||
	       id == TNA_ID8('p', 'f', 'i', 'f', 'o', '_', 'f', 'a') ||
	       id == TNA_ID8('f', 'q', '_', 'c', 'o', 'd', 'e', 'l') ||
	       id == TNA_ID8('f', 'q', 0, 0, 0, 0, 0, 0);
}

/* So must be what Linux does with a frame that the device sends, before its driver gets it
 * (net/core/dev.c:__dev_queue_xmit). p->head is the device's.
 */
static __always_inline enum tna_verdict tna_sends_free(struct tna_pkt *p, struct net_device *dev)
{
	TNA_VIEW(struct net_device, sending);
	bool tc;

	tna_look(sending, p->copies->sending, dev, qdisc, nf_hooks_egress);
	tc = bpf_core_field_exists(dev->tcx_egress) ? !!tna_see(sending, tcx_egress)
						    : !!tna_see(sending, miniq_egress);
	if (tc)
		return tna_punt(p, TNA_R_EGRESS_TC);
	if (tna_see(sending, nf_hooks_egress))
		return tna_punt(p, TNA_R_EGRESS_NF);
	if (tna_device_tapped(p->head, dev))
		return tna_punt(p, TNA_R_EGRESS_TAP);
	if (!tna_qdisc_plain(p, tna_see(sending, qdisc)))
		return tna_punt(p, TNA_R_EGRESS_QDISC);
	return TNA_NEXT;
}

#endif
