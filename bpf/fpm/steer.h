/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* steer: a hook has chosen the interface that the packet leaves by. It does so as it came in, as if a program
 * at tc ingress had called bpf_redirect(): is it there, and is the way out free?
 * Reads  p->resume, the device of that index in the ingress device's namespace.
 * Sets   p->out_ifindex, p->out_dev.
 * Punts  STEER (there is no such device, it is down, or takes no Ethernet frames); TOO_LONG and EGRESS_*: see
 *        ctx/.
 */
#ifndef TNA_FPM_STEER_H
#define TNA_FPM_STEER_H

#include "lib/device.h"
#include "lib/slots.h"

static __always_inline enum tna_verdict fpm_steer(struct tna_pkt *p)
{
	__u64 device = tna_device_by_index(p->net, p->resume);

	if (!device)
		return tna_punt(p, TNA_R_STEER);
	p->out_ifindex = p->resume;
	p->out_dev = tna_as(struct net_device, device);
	if (!(tna_get(p->out_dev, flags) & IFF_UP) || tna_get(p->out_dev, type) != ARPHRD_ETHER)
		return tna_punt(p, TNA_R_STEER);
	tna_look(p->head, p->copies->head, p->out_dev, ptype_all, mtu);
	return tna_ctx_path_to_free(p);
}

/* Never, to programs that have no such hook. */
static __always_inline bool tna_is_steered(enum tna_verdict v)
{
#ifndef TNA_PROBE_READS
	TNA_MARKED(TNA_STEER_MARK, may_be);
	return false;
may_be:
	return v == TNA_STEERED;
#else
	return false;
#endif
}

#endif
