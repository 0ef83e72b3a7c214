/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* change.h: changes packets of the kinds that the differential machine sends, in as many ways as
 * tna/hook.h has: once as a hook (change.bpf.c), once as a tc program (change_tc.bpf.c).
 */
#ifndef CHANGE_H
#define CHANGE_H

#include <tna/hook.h>

/* Nobody sends to that port: rules in the machine's worlds know changed packets by it. */
#define CHANGED_PORT 4003

/* 16 bits of the IPv4 header at an even place. */
static __always_inline long set_in_ipv4(const struct tna_facts *facts, struct tna_packet *packet, __u32 at,
					__be16 mask, __be16 bits)
{
	__be16 from, to;
	long failed;

	failed = tna_load(packet, facts->l3_at + at, &from, sizeof(from));
	if (failed)
		return failed;
	to = (from & ~mask) | bits;
	failed = tna_mend_ipv4(facts, packet, from, to);
	return failed ? failed : tna_store(packet, facts->l3_at + at, &to, sizeof(to));
}

static __always_inline long set_ttl(const struct tna_facts *facts, struct tna_packet *packet, __u8 ttl)
{
	if (facts->version == 4)
		return set_in_ipv4(facts, packet, 8, bpf_htons(0xff00), bpf_htons(ttl << 8));
	return tna_store(packet, facts->l3_at + 7, &ttl, sizeof(ttl));
}

/* Padding behind the IPv4 packet is cut off. */
static __always_inline long cut_padding(const struct tna_facts *facts, struct tna_packet *packet)
{
	__be16 length = 0;
	__u32 end;

	if (tna_load(packet, facts->l3_at + 2, &length, sizeof(length)))
		return -1;
	end = facts->l3_at + bpf_ntohs(length);
	return end < 34 || end >= facts->length ? -1 : tna_set_length(facts, packet, end);
}

static __always_inline enum tna_word_of_hook change_ports(const struct tna_facts *facts,
							  struct tna_packet *packet)
{
	const __be32 station = bpf_htonl(0xc0000223), other = bpf_htonl(0xc0000206); /* 192.0.2.35, .6 */
	long failed;

	switch (bpf_ntohs(facts->dport)) {
	case 4001:
	case 4002:
		failed = tna_set_dport(facts, packet, bpf_htons(CHANGED_PORT));
		break;
	case 53:
		if (facts->version != 4)
			return TNA_LEAVE;
		failed = tna_set_daddr4(facts, packet, station) ||
			 tna_set_dport(facts, packet, bpf_htons(CHANGED_PORT));
		break;
	case 80:
		if (facts->sport == bpf_htons(80))
			return TNA_DISCARD;
		failed = tna_set_sport(facts, packet, bpf_htons(4004));
		break;
	case 4000:
		if (facts->sport != bpf_htons(53))
			return TNA_CONTINUE;
		failed = facts->version == 4 ? tna_set_saddr4(facts, packet, other) :
					       set_ttl(facts, packet, 2);
		break;
	default:
		return TNA_CONTINUE;
	}
	return failed ? TNA_LEAVE : TNA_CHANGED;
}

static __always_inline enum tna_word_of_hook change_packet(const struct tna_facts *facts,
							   struct tna_packet *packet)
{
	if (!facts->version)
		return TNA_CONTINUE;
	if (facts->l4_at && (facts->l4_protocol == 6 || facts->l4_protocol == 17))
		return change_ports(facts, packet);
	if (facts->l4_at && facts->icmp_type == 8 && facts->version == 4)
		return cut_padding(facts, packet) ? TNA_CONTINUE : TNA_CHANGED;
	if (facts->ttl != 64)
		return set_ttl(facts, packet, facts->ttl + 30) ? TNA_LEAVE : TNA_CHANGED;
	if (facts->version == 4 && facts->tos)
		return set_in_ipv4(facts, packet, 0, bpf_htons(0xff), bpf_htons(0x28)) ? TNA_LEAVE :
										   TNA_CHANGED;
	return TNA_CONTINUE;
}

#endif
