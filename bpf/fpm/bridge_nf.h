/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* bridge_nf: would br_netfilter let this frame pass as it is, and which rules does it meet?
 *
 * Where br_netfilter is loaded, its hooks are on every bridged frame, and by default it takes IP
 * packets through the rules of iptables and nftables, and connection tracking, as if they were routed.
 * Without such rules it still checks the IP header and cuts off what follows the packet
 * (net/bridge/br_netfilter_hooks.c:br_validate_ipv4, br_netfilter_ipv6.c:br_validate_ipv6).
 * Reads  br_netfilter's sysctls of the namespace, the bridge's options, the IP hooks, the IP header.
 * Sets   p->trim: the length that the frame is to be cut to, 0 for as it is; p->facts: the frame is to
 *        be judged by what facts->bridged says, NULL: by nothing.
 * Punts  BRIDGE_NF (there are rules that the program was not made for, or packets within tags are to be
 *        seen; or the frame comes or goes with a tag, so that it meets some of the hooks only), IP_INVALID
 *        (Linux drops, fragments, or reads options), RULE (rules for frames, and it says its length where
 *        others say their protocol).
 */
#ifndef TNA_FPM_BRIDGE_NF_H
#define TNA_FPM_BRIDGE_NF_H

#include "lib/ip.h"
#include "lib/shared.h"

#ifndef TNA_PROBE_READS
#include "lib/facts.h"

static __always_inline enum tna_verdict tna_bridge_judge(struct tna_pkt *p, __u32 how)
{
	p->facts = tna_facts();
	if (!p->facts)
		return tna_punt(p, TNA_R_RULE);
	p->facts->bridged = how;
	return TNA_NEXT;
}

/* There are rules for frames. */
static __always_inline enum tna_verdict tna_frame_rules(struct tna_pkt *p)
{
	if (bpf_ntohs(p->proto) < ETH_P_802_3_MIN)
		return tna_punt(p, TNA_R_RULE);
	return p->facts ? TNA_NEXT : tna_bridge_judge(p, TNA_BRIDGED_FRAME);
}
#else
#define tna_bridge_judge(p, how) tna_punt(p, TNA_R_BRIDGE_NF)
#endif

/* Something acts on IP at these hooks. */
static __always_inline enum tna_verdict tna_bridge_nf_acts(struct tna_pkt *p, bool same)
{
	if (!TNA_ON(p, bridge_rules) || !same || p->retag != TNA_TAG_KEEP)
		return tna_punt(p, TNA_R_BRIDGE_NF);
	return tna_bridge_judge(p, TNA_BRIDGED_FRAME | TNA_BRIDGED_IP);
}

static __always_inline enum tna_verdict tna_bridge_nf_length(struct tna_pkt *p, __u32 length)
{
	if ((length > tna_see(p->head, mtu) && !tna_ctx_gso_size(p)) || !tna_ip_length(p, ETH_HLEN, length))
		return tna_punt(p, TNA_R_IP_INVALID);
	return TNA_NEXT;
}

static __always_inline enum tna_verdict tna_bridge_nf4(struct tna_pkt *p)
{
	struct tna_ipv4 *ip;
	enum tna_verdict v;

	if (!tna_int(tna_guard.call_iptables) &&
	    !(p->br_options & TNA_BRIDGE_OPTION(BROPT_NF_CALL_IPTABLES)))
		return TNA_NEXT;
	if (!TNA_SAME_HOOKS(p, hooks_ipv4, hooks_ipv4) &&
	    (v = tna_bridge_nf_acts(p, TNA_SAME_HOOKS(p, hooks_ipv4, routed_ipv4))))
		return v;
	ip = tna_hdr(p, ETH_HLEN, sizeof(*ip));
	if (!ip || !tna_ipv4_sound(ip))
		return tna_punt(p, TNA_R_IP_INVALID);
	return tna_bridge_nf_length(p, bpf_ntohs(ip->tot_len));
}

static __always_inline enum tna_verdict tna_bridge_nf6(struct tna_pkt *p)
{
	struct tna_ipv6 *ip;
	enum tna_verdict v;

	if (!tna_int(tna_guard.call_ip6tables) &&
	    !(p->br_options & TNA_BRIDGE_OPTION(BROPT_NF_CALL_IP6TABLES)))
		return TNA_NEXT;
	if (!TNA_ON(p, bridge_nf6))
		return tna_punt(p, TNA_R_BRIDGE_NF);
	if (!TNA_SAME_HOOKS(p, hooks_ipv6, hooks_ipv6) &&
	    (v = tna_bridge_nf_acts(p, TNA_SAME_HOOKS(p, hooks_ipv6, routed_ipv6))))
		return v;
	ip = tna_hdr(p, ETH_HLEN, sizeof(*ip));
	if (!ip || !tna_ipv6_sound(ip))
		return tna_punt(p, TNA_R_IP_INVALID);
	return tna_bridge_nf_length(p, sizeof(*ip) + bpf_ntohs(ip->payload_len));
}

static __always_inline enum tna_verdict fpm_bridge_nf(struct tna_pkt *p)
{
	if (!p->tagged) {
		if (p->proto == bpf_htons(ETH_P_IP))
			return tna_bridge_nf4(p);
		if (p->proto == bpf_htons(ETH_P_IPV6))
			return tna_bridge_nf6(p);
	}
	/* br_netfilter may be told to look behind VLAN tags and PPPoE headers. */
	if (tna_int(tna_guard.filter_vlan_tagged) || tna_int(tna_guard.filter_pppoe_tagged))
		return tna_punt(p, TNA_R_BRIDGE_NF);
	return TNA_NEXT;
}

#endif
