/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* device.h: what stands on a device, asked of the device itself. */
#ifndef TNA_DEVICE_H
#define TNA_DEVICE_H

#include "lib/kernel.h"

/* A packet socket for all protocols is bound to the device: net_device.ptype_all is not empty. */
static __always_inline bool tna_device_tapped(struct net_device *dev)
{
	return dev->ptype_all.next != &dev->ptype_all;
}

/* One is bound to no device (tcpdump -i any). */
static __always_inline bool tna_net_tapped(struct net *net)
{
	return net->ptype_all.next != &net->ptype_all;
}

#define TNA_ID8(a, b, c, d, e, f, g, h)                                                            \
	((__u64)(a) | (__u64)(b) << 8 | (__u64)(c) << 16 | (__u64)(d) << 24 | (__u64)(e) << 32 |   \
	 (__u64)(f) << 40 | (__u64)(g) << 48 | (__u64)(h) << 56)

/* Nothing shapes, polices or sorts at the root: no queue at all, or one of the defaults that pass
 * on as fast as the driver takes. The first eight characters of the name tell them apart from the
 * rest.
 */
static __always_inline bool tna_qdisc_plain(struct net_device *dev)
{
	struct Qdisc *qdisc = dev->qdisc;
	__u64 id;

	if (!qdisc->enqueue) /* noqueue, as in net/core/dev.c:__dev_queue_xmit */
		return true;
	id = tna_word(tna_member(qdisc->ops, struct Qdisc_ops, id));
	return id == TNA_ID8('m', 'q', 0, 0, 0, 0, 0, 0) ||
	       id == TNA_ID8('p', 'f', 'i', 'f', 'o', '_', 'f', 'a') ||
	       id == TNA_ID8('f', 'q', '_', 'c', 'o', 'd', 'e', 'l') ||
	       id == TNA_ID8('f', 'q', 0, 0, 0, 0, 0, 0);
}

#endif
