/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* bridge_nf: would br_netfilter let this frame pass as it is?
 *
 * Where br_netfilter is loaded, its hooks are on every bridged frame, and by default it takes IP
 * packets through the rules of iptables and nftables as if they were routed. Without such rules it
 * still checks the IP header and cuts off what follows the packet
 * (net/bridge/br_netfilter_hooks.c:br_validate_ipv4, br_netfilter_ipv6.c:br_validate_ipv6).
 * Reads  br_netfilter's sysctls of the namespace, the bridge's options, the IP hooks, the IP
 * header. Sets   p->trim: the length that the frame is to be cut to, 0 for as it is. Punts
 * BRIDGE_NF (there are rules, or packets within tags are to be seen), IP_INVALID (Linux drops,
 *        fragments, or reads options).
 */
#ifndef TNA_FPM_BRIDGE_NF_H
#define TNA_FPM_BRIDGE_NF_H

#include "lib/ip.h"
#include "lib/shared.h"

static __always_inline enum tna_verdict tna_bridge_nf_length(struct tna_pkt *p, __u32 length)
{
	if ((length > tna_see(p->head, mtu) && !tna_ctx_gso_size(p)) || !tna_ip_length(p, ETH_HLEN, length))
		return tna_punt(p, TNA_R_IP_INVALID);
	return TNA_NEXT;
}

static __always_inline enum tna_verdict tna_bridge_nf4(struct tna_pkt *p)
{
	struct tna_ipv4 *ip;

	if (!tna_int(tna_guard.call_iptables) &&
	    !(p->br_options & TNA_BRIDGE_OPTION(BROPT_NF_CALL_IPTABLES)))
		return TNA_NEXT;
	if (!TNA_SAME_HOOKS(p, hooks_ipv4, hooks_ipv4))
		return tna_punt(p, TNA_R_BRIDGE_NF);
	ip = tna_hdr(p, ETH_HLEN, sizeof(*ip));
	if (!ip || !tna_ipv4_sound(ip))
		return tna_punt(p, TNA_R_IP_INVALID);
	return tna_bridge_nf_length(p, bpf_ntohs(ip->tot_len));
}

static __always_inline enum tna_verdict tna_bridge_nf6(struct tna_pkt *p)
{
	struct tna_ipv6 *ip;

	if (!tna_int(tna_guard.call_ip6tables) &&
	    !(p->br_options & TNA_BRIDGE_OPTION(BROPT_NF_CALL_IP6TABLES)))
		return TNA_NEXT;
	if (!TNA_ON(p, bridge_nf6) || !TNA_SAME_HOOKS(p, hooks_ipv6, hooks_ipv6))
		return tna_punt(p, TNA_R_BRIDGE_NF);
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
