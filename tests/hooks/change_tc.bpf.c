/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What change.h says, as a program for tc ingress, without TNA: what the hook is compared with. The facts are
 * found by other code than TNA's.
 */
#define TNA_PLACE_(name, number)                                                                   \
	static __attribute__((unused)) long name(struct tna_packet *packet, unsigned long a,       \
						 unsigned long b, unsigned long c, unsigned long d);
#include "change.h"
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>

#define PLACE(name)                                                                                \
	static __always_inline long tna_place_##name(struct tna_packet *packet, unsigned long a,   \
						     unsigned long b, unsigned long c,             \
						     unsigned long d)
PLACE(load)
{
	return bpf_skb_load_bytes(packet, a, (void *)b, c);
}
PLACE(store)
{
	return bpf_skb_store_bytes((void *)packet, a, (const void *)b, c, 0);
}
PLACE(sum_l3)
{
	return bpf_l3_csum_replace((void *)packet, a, b, c, d);
}
PLACE(sum_l4)
{
	return bpf_l4_csum_replace((void *)packet, a, b, c, d);
}
PLACE(tail_tc)
{
	return bpf_skb_change_tail((void *)packet, a, 0);
}
PLACE(head_tc)
{
	return bpf_skb_change_head((void *)packet, a, 0);
}
PLACE(tail_xdp)
{
	return -1;
}
PLACE(head_xdp)
{
	return -1;
}

static __always_inline void find_ports(struct __sk_buff *skb, struct tna_facts *facts, __u32 at)
{
	__be16 ports[2];

	if (bpf_skb_load_bytes(skb, at, ports, sizeof(ports)))
		return;
	if (facts->l4_protocol == IPPROTO_ICMP) {
		facts->icmp_type = *(__u8 *)ports;
		facts->l4_at = at;
	} else if (facts->l4_protocol == IPPROTO_TCP || facts->l4_protocol == IPPROTO_UDP) {
		facts->sport = ports[0];
		facts->dport = ports[1];
		facts->l4_at = at;
	}
}

static __always_inline void find_ipv4(struct __sk_buff *skb, struct tna_facts *facts)
{
	struct iphdr ip;

	if (bpf_skb_load_bytes(skb, ETH_HLEN, &ip, sizeof(ip)) || ip.version != 4)
		return;
	facts->version = 4;
	facts->l4_protocol = ip.protocol;
	facts->tos = ip.tos;
	facts->ttl = ip.ttl;
	facts->saddr[0] = ip.saddr;
	facts->daddr[0] = ip.daddr;
	if (ip.ihl >= 5 && !(ip.frag_off & bpf_htons(0x1fff)))
		find_ports(skb, facts, ETH_HLEN + ip.ihl * 4);
}

static __always_inline void find_ipv6(struct __sk_buff *skb, struct tna_facts *facts)
{
	struct ipv6hdr ip;

	if (bpf_skb_load_bytes(skb, ETH_HLEN, &ip, sizeof(ip)) || ip.version != 6)
		return;
	facts->version = 6;
	facts->l4_protocol = ip.nexthdr;
	facts->ttl = ip.hop_limit;
	find_ports(skb, facts, ETH_HLEN + sizeof(ip));
}

SEC("tc")
int change_tc(struct __sk_buff *skb)
{
	struct tna_facts facts = {.length = skb->len, .l3_at = ETH_HLEN};

	if (skb->protocol == bpf_htons(ETH_P_IP))
		find_ipv4(skb, &facts);
	else if (skb->protocol == bpf_htons(ETH_P_IPV6))
		find_ipv6(skb, &facts);
	return change_packet(&facts, (struct tna_packet *)skb) == TNA_DISCARD ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}
TNA_LICENSE("GPL");
