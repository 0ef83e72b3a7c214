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

#include "lib/shared.h"

struct tna_ipv4 {
	__u8 version_ihl, tos;
	__be16 tot_len;
	__u32 rest[4];
} __attribute__((packed, aligned(2)));

struct tna_ipv6 {
	__be32 version_flow;
	__be16 payload_len;
	__u8 next_header;
} __attribute__((packed, aligned(2)));

static __always_inline enum tna_verdict tna_ip_length(struct tna_pkt *p, __u32 length)
{
	if (p->len < ETH_HLEN + length || (length > tna_see(p->head, mtu) && !tna_ctx_gso(p)))
		return tna_punt(p, TNA_R_IP_INVALID);
	if (p->len > ETH_HLEN + length)
		p->trim = ETH_HLEN + length;
	return TNA_NEXT;
}

static __always_inline enum tna_verdict tna_bridge_nf4(struct tna_pkt *p)
{
	TNA_VIEW(struct net, nf);
	struct tna_ipv4 *ip;
	__u64 sum;
	__u32 *word;

	if (!tna_int(tna_guard.call_iptables) &&
	    !(p->br_options & TNA_BRIDGE_OPTION(BROPT_NF_CALL_IPTABLES)))
		return TNA_NEXT;
	tna_look(nf, p->copies->hooks, p->net, nf.hooks_ipv4[0], nf.hooks_ipv4[4]);
	if (!TNA_SAME_HOOKS(nf, hooks_ipv4))
		return tna_punt(p, TNA_R_BRIDGE_NF);
	ip = tna_hdr(p, ETH_HLEN, sizeof(*ip));
	if (!ip || ip->version_ihl != 0x45)
		return tna_punt(p, TNA_R_IP_INVALID);
	word = (__u32 *)ip;
	sum = (__u64)word[0] + word[1] + word[2] + word[3] + word[4];
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	if (((sum & 0xffff) + (sum >> 16)) != 0xffff || bpf_ntohs(ip->tot_len) < sizeof(*ip))
		return tna_punt(p, TNA_R_IP_INVALID);
	return tna_ip_length(p, bpf_ntohs(ip->tot_len));
}

static __always_inline enum tna_verdict tna_bridge_nf6(struct tna_pkt *p)
{
	TNA_VIEW(struct net, nf);
	struct tna_ipv6 *ip;

	if (!tna_int(tna_guard.call_ip6tables) &&
	    !(p->br_options & TNA_BRIDGE_OPTION(BROPT_NF_CALL_IP6TABLES)))
		return TNA_NEXT;
	tna_look(nf, p->copies->hooks, p->net, nf.hooks_ipv6[0], nf.hooks_ipv6[4]);
	if (!TNA_ON(p, bridge_nf6) || !TNA_SAME_HOOKS(nf, hooks_ipv6))
		return tna_punt(p, TNA_R_BRIDGE_NF);
	ip = tna_hdr(p, ETH_HLEN, 40);
	/* Next header 0 are hop-by-hop options, which may carry the length of a jumbogram. */
	if (!ip || (bpf_ntohl(ip->version_flow) >> 28) != 6 || !ip->next_header)
		return tna_punt(p, TNA_R_IP_INVALID);
	return tna_ip_length(p, 40 + bpf_ntohs(ip->payload_len));
}

static __always_inline enum tna_verdict fpm_bridge_nf(struct tna_pkt *p)
{
	if (!p->tagged) {
		if (p->proto == bpf_htons(0x0800))
			return tna_bridge_nf4(p);
		if (p->proto == bpf_htons(0x86dd))
			return tna_bridge_nf6(p);
	}
	/* br_netfilter may be told to look behind VLAN tags and PPPoE headers. */
	if (tna_int(tna_guard.filter_vlan_tagged) || tna_int(tna_guard.filter_pppoe_tagged))
		return tna_punt(p, TNA_R_BRIDGE_NF);
	return TNA_NEXT;
}

#endif
