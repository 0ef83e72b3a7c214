/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* guards: is the configuration still the one that this program was made for, and does nothing else
 * stand between the driver and the bridge?
 * Reads  the lease, the guard words, the device's and the namespace's hooks.   Sets  p->net,
 * p->now. Punts  LEASE (tnad is gone), STALE (other namespace or other netfilter hooks on bridged
 * packets), TAP, TC, NF_INGRESS, MULTI_BUFFER, TAG_ASIDE, CHECKSUM (see ctx/).
 */
#ifndef TNA_FPM_GUARDS_H
#define TNA_FPM_GUARDS_H

#include "lib/pkt.h"
#include "lib/shared.h"

/* The namespace has the very hooks of the family that these words are of. */
#define TNA_SAME_HOOKS(p, family, guard)                                                                  \
	({                                                                                         \
		TNA_VIEW(struct net, hooks_view);                                                  \
		tna_look(hooks_view, (p)->copies->hooks, (p)->net, nf.family[0], nf.family[4]);    \
		(__u64)tna_see(hooks_view, nf.family[0]) ==                                        \
			tna_guard.guard[TNA_HOOK_PREROUTING] &&                                   \
		    (__u64)tna_see(hooks_view, nf.family[2]) ==                                    \
			tna_guard.guard[TNA_HOOK_FORWARD] &&                                      \
		    (__u64)tna_see(hooks_view, nf.family[4]) ==                                    \
			tna_guard.guard[TNA_HOOK_POSTROUTING];                                    \
	})

static __always_inline enum tna_verdict fpm_guards(struct tna_pkt *p)
{
	p->now = bpf_jiffies64();
	if ((__s64)(tna_lease.until - p->now) < 0)
		return tna_punt(p, TNA_R_LEASE);
	p->net = tna_get(p->dev, nd_net.net);
	if ((__u64)p->net != tna_guard.net || !tna_guard.armed)
		return tna_punt(p, TNA_R_STALE);
	if (TNA_ON(p, bridge) && !TNA_SAME_HOOKS(p, hooks_bridge, hooks_bridge))
		return tna_punt(p, TNA_R_STALE);
	return tna_ctx_device_free(p);
}

#endif
