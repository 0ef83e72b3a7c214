/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* parse_l3: an IP packet that may be forwarded, and what its way, its connection and rules are looked up
 * by.
 * Reads  the IP header, ports.   Sets  p->ip_at, p->ip_version and what follows it; p->trim.
 * Punts  SHORT, IP_INVALID (net/ipv4/ip_input.c:ip_rcv_core, net/ipv6/ip6_input.c:ip6_rcv_core),
 *        FRAGMENT, IP_ADDRESS (net/ipv4/route.c:ip_route_input_slow, net/ipv6/ip6_output.c:
 *        ip6_forward), TTL, ICMP_ERROR, GSO.
 */
#ifndef TNA_FPM_PARSE_L3_H
#define TNA_FPM_PARSE_L3_H

#include "lib/ip.h"

#define TNA_IP_FRAGMENT 0x3fff /* more to come, or an offset */

/* 0/8, 127/8, and all from 224/4 on; some of it Linux forwards. */
static __always_inline bool tna_ipv4_special(__be32 address)
{
	__u8 first = bpf_ntohl(address) >> 24;

	return first == 0 || first == 127 || first >= 224;
}

/* Unspecified, loopback, IPv4 in IPv6; link-local, site-local; multicast. */
static __always_inline bool tna_ipv6_special(const __be32 *address)
{
	__u32 first = bpf_ntohl(address[0]);

	return (!first && !address[1]) || first >> 23 == 0xfe80 >> 7 || first >> 24 == 0xff;
}

/* It tells of another packet; or is neighbour discovery (133 to 137), which keeps its interface in a
 * VRF (drivers/net/vrf.c:ipv6_ndisc_frame).
 */
static __always_inline bool tna_icmp6_special(struct tna_pkt *p, __u8 type)
{
	return type < 128 || (p->vrf && type >= 133 && type <= 137);
}

/* The words behind the IP header that rules and hashes see as ports (net/core/flow_dissector.c;
 * include/net/ip.h:proto_ports_offset), and the kinds of ICMP that tell of another packet.
 */
static __always_inline enum tna_verdict tna_parse_ports(struct tna_pkt *p, __u32 header)
{
	__be16 *ports = tna_hdr(p, p->ip_at + header, 2 * sizeof(*ports));
	__u8 type;

	if (p->ip_proto == TNA_PROTO_AH)
		return tna_punt(p, TNA_R_FRAGMENT);
	if (!ports || p->ip_len < header + 2 * sizeof(*ports))
		return tna_punt(p, TNA_R_SHORT);
	if (p->ip_proto == TNA_PROTO_ICMP && p->ip_version == 4) {
		type = *(__u8 *)ports;
		if (type != 0 && type != 8)
			return tna_punt(p, TNA_R_ICMP_ERROR);
		return TNA_NEXT;
	}
	if (p->ip_proto == TNA_PROTO_ICMPV6 && p->ip_version == 6)
		return tna_icmp6_special(p, *(__u8 *)ports) ? tna_punt(p, TNA_R_ICMP_ERROR)
							    : TNA_NEXT;
	if (p->ip_proto == TNA_PROTO_TCP || p->ip_proto == TNA_PROTO_UDP ||
	    p->ip_proto == TNA_PROTO_DCCP || p->ip_proto == TNA_PROTO_ESP ||
	    p->ip_proto == TNA_PROTO_SCTP || p->ip_proto == TNA_PROTO_UDPLITE) {
		p->sport = ports[0];
		p->dport = ports[1];
	}
	return TNA_NEXT;
}

/* Of a large packet that will be cut up the parts' length counts (net/core/gso.c:
 * skb_gso_network_seglen).
 */
static __always_inline enum tna_verdict tna_parse_gso(struct tna_pkt *p, __u32 header)
{
	__u32 size = tna_ctx_gso_size(p);
	__u8 offset;

	if (!size)
		return TNA_NEXT;
	if (p->ip_proto != TNA_PROTO_TCP)
		return tna_punt(p, TNA_R_GSO);
	if (!tna_ctx_byte(p, p->ip_at + header + 12, &offset))
		return tna_punt(p, TNA_R_SHORT);
	p->ip_len = header + (offset >> 4) * 4 + size;
	return TNA_NEXT;
}

static __always_inline enum tna_verdict tna_parse_ipv4(struct tna_pkt *p)
{
	struct tna_ipv4 *ip = tna_hdr(p, p->ip_at, sizeof(*ip));

	if (!ip || !tna_ipv4_sound(ip) || !tna_ip_length(p, p->ip_at, bpf_ntohs(ip->tot_len)))
		return tna_punt(p, TNA_R_IP_INVALID);
	if (ip->frag_off & bpf_htons(TNA_IP_FRAGMENT))
		return tna_punt(p, TNA_R_FRAGMENT);
	if (tna_ipv4_special(ip->saddr) || tna_ipv4_special(ip->daddr))
		return tna_punt(p, TNA_R_IP_ADDRESS);
	if (ip->ttl <= 1)
		return tna_punt(p, TNA_R_TTL);
	p->ip_version = 4;
	p->tos = ip->tos;
	p->ip_proto = ip->protocol;
	p->ip_len = bpf_ntohs(ip->tot_len);
	p->saddr[0] = ip->saddr;
	p->daddr[0] = ip->daddr;
	return tna_parse_ports(p, sizeof(*ip));
}

static __always_inline enum tna_verdict tna_parse_ipv6(struct tna_pkt *p)
{
	struct tna_ipv6 *ip = tna_hdr(p, p->ip_at, sizeof(*ip));

	if (!ip || !tna_ipv6_sound(ip) ||
	    !tna_ip_length(p, p->ip_at, sizeof(*ip) + bpf_ntohs(ip->payload_len)))
		return tna_punt(p, TNA_R_IP_INVALID);
	if (tna_ipv6_special(ip->saddr) || tna_ipv6_special(ip->daddr))
		return tna_punt(p, TNA_R_IP_ADDRESS);
	if (ip->hop_limit <= 1)
		return tna_punt(p, TNA_R_TTL);
	/* Ports and ICMP stand behind these headers. */
	if (ip->next_header == TNA_PROTO_FRAGMENT || ip->next_header == TNA_PROTO_ROUTING ||
	    ip->next_header == TNA_PROTO_DSTOPTS || ip->next_header == TNA_PROTO_MH)
		return tna_punt(p, TNA_R_FRAGMENT);
	p->ip_version = 6;
	p->ip_proto = ip->next_header;
	p->ip_len = sizeof(*ip) + bpf_ntohs(ip->payload_len);
	p->flowinfo = ip->version_flow & bpf_htonl(0x0fffffff);
	p->saddr[0] = ip->saddr[0];
	p->saddr[1] = ip->saddr[1];
	p->saddr[2] = ip->saddr[2];
	p->saddr[3] = ip->saddr[3];
	p->daddr[0] = ip->daddr[0];
	p->daddr[1] = ip->daddr[1];
	p->daddr[2] = ip->daddr[2];
	p->daddr[3] = ip->daddr[3];
	return tna_parse_ports(p, sizeof(*ip));
}

static __always_inline enum tna_verdict fpm_parse_l3(struct tna_pkt *p)
{
	bool v4 = p->proto == bpf_htons(ETH_P_IP);
	enum tna_verdict v;

	p->ip_at = ETH_HLEN;
	if (TNA_ON(p, vlan_up) || TNA_ON(p, frame_rules))
		p->ip_at += tna_ctx_tag_length(p);
	v = v4 ? tna_parse_ipv4(p) : tna_parse_ipv6(p);
	return v ? v : tna_parse_gso(p, v4 ? sizeof(struct tna_ipv4) : sizeof(struct tna_ipv6));
}

#endif
