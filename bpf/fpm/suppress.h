/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* suppress: is this neighbour discovery, which a bridge with neighbour suppression or proxy ARP may
 * answer in the station's stead (net/bridge/br_arp_nd_proxy.c)? ARP has left in parse_l2 already.
 * Reads  the IPv6 next header.
 * Punts  SUPPRESS; in a program without this module, everything as soon as the bridge or the
 *        ingress port has such an option on.
 */
#ifndef TNA_FPM_SUPPRESS_H
#define TNA_FPM_SUPPRESS_H

#include "lib/pkt.h"

static __always_inline enum tna_verdict tna_suppress_look(struct tna_pkt *p)
{
	__u8 *next_header;

	if (p->proto != bpf_htons(0x86dd))
		return TNA_NEXT;
	next_header = tna_hdr(p, ETH_HLEN + tna_ctx_tag_length(p) + 6, 1);
	if (!next_header || *next_header == 58 /* ICMPv6 */)
		return tna_punt(p, TNA_R_SUPPRESS);
	return TNA_NEXT;
}

static __always_inline enum tna_verdict fpm_suppress(struct tna_pkt *p)
{
	if (TNA_ON(p, suppress))
		return tna_suppress_look(p);
	if (p->br_options & TNA_BRIDGE_OPTION(BROPT_NEIGH_SUPPRESS_ENABLED))
		return tna_punt(p, TNA_R_SUPPRESS);
	if (p->in_flags & (BR_PROXYARP | BR_PROXYARP_WIFI))
		return tna_punt(p, TNA_R_SUPPRESS);
	return TNA_NEXT;
}

#endif
