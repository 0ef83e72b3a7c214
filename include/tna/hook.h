/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* hook.h: for eBPF code of your own in the path that TNA makes (docs/hooks.md). A file has one hook:
 *
 *   #include <tna/hook.h>
 *
 *   TNA_FILTER(no_telnet)
 *   {
 *           return facts->l4_protocol == 6 && facts->dport == bpf_htons(23) ? TNA_DISCARD : TNA_CONTINUE;
 *   }
 *   TNA_LICENSE("GPL");
 *
 *   clang -target bpf -mcpu=v3 -g -O2 -c no_telnet.bpf.c -o no_telnet.o
 *   tna hook add no_telnet.o --at start
 *
 * An observer (TNA_OBSERVER) returns nothing and is not given the packet. A filter says TNA_CONTINUE,
 * TNA_LEAVE or TNA_DISCARD, and may read the packet. A transformer (TNA_TRANSFORMER) may change it, and
 * then says TNA_CHANGED. A steer (TNA_STEER) is a filter that may choose the interface that the packet
 * leaves by, as it is: tna_steer_to(). All have `facts`; maps and global variables of their own are kept
 * as long as the hook is.
 */
#ifndef TNA_HOOK_H
#define TNA_HOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "tna/hook_abi.h"

struct tna_packet; /* to be handed to the functions below */

#define TNA_SECTION_(kind, abi) SEC("tna/" #kind "/" #abi)
#define TNA_SECTION(kind, abi) TNA_SECTION_(kind, abi)
#define TNA_LICENSE(text) char tna_license[] SEC("license") = text

#define TNA_OBSERVER(name)                                                                         \
	static __always_inline void name##_observes(const struct tna_facts *facts);                \
	TNA_SECTION(observer, TNA_HOOK_ABI) int name(const struct tna_facts *facts)                \
	{                                                                                          \
		name##_observes(facts);                                                            \
		return 0;                                                                          \
	}                                                                                          \
	static __always_inline void name##_observes(const struct tna_facts *facts)

#define TNA_FILTER(name)                                                                           \
	TNA_SECTION(filter, TNA_HOOK_ABI)                                                          \
	enum tna_word_of_hook name(const struct tna_facts *facts, struct tna_packet *packet)

#define TNA_TRANSFORMER(name)                                                                      \
	TNA_SECTION(transformer, TNA_HOOK_ABI)                                                     \
	enum tna_word_of_hook name(const struct tna_facts *facts, struct tna_packet *packet)

#define TNA_STEER(name)                                                                            \
	TNA_SECTION(steer, TNA_HOOK_ABI)                                                           \
	enum tna_word_of_hook name(const struct tna_facts *facts, struct tna_packet *packet)

/* Steer: what to return for a packet that is to leave by that interface. */
static __always_inline enum tna_word_of_hook tna_steer_to(__u32 ifindex)
{
	if (!ifindex || ifindex >= TNA_STEER_INDEXES)
		return TNA_LEAVE;
	return (enum tna_word_of_hook)(ifindex << 8 | TNA_LEAVES_BY);
}

/* What these do is put in their place when the hook is linked in; whoever wants to run the same code
 * elsewhere declares them otherwise (tests/hooks/change_tc.bpf.c).
 */
#ifndef TNA_PLACE_
#define TNA_PLACE_(name, number)                                                                   \
	__weak __hidden long name(struct tna_packet *packet, unsigned long a, unsigned long b,     \
				  unsigned long c, unsigned long d)                                \
	{                                                                                          \
		return number;                                                                     \
	}
#endif
TNA_PLACE_(tna_place_load, TNA_PLACE_LOAD)
TNA_PLACE_(tna_place_store, TNA_PLACE_STORE)
TNA_PLACE_(tna_place_sum_l3, TNA_PLACE_SUM_L3)
TNA_PLACE_(tna_place_sum_l4, TNA_PLACE_SUM_L4)
TNA_PLACE_(tna_place_tail_xdp, TNA_PLACE_TAIL_XDP)
TNA_PLACE_(tna_place_tail_tc, TNA_PLACE_TAIL_TC)
TNA_PLACE_(tna_place_head_xdp, TNA_PLACE_HEAD_XDP)
TNA_PLACE_(tna_place_head_tc, TNA_PLACE_HEAD_TC)
TNA_PLACE_(tna_place_pull, TNA_PLACE_PULL)

/* Filter, transformer: `size` bytes from `at` on (0: the Ethernet header) to where `to` points. 0, or a
 * negative error: the packet ends before.
 */
static __always_inline long tna_load(struct tna_packet *packet, __u32 at, void *to, __u32 size)
{
	return tna_place_load(packet, at, (unsigned long)to, size, 0);
}

/* Transformer: writes to the packet. Checksums are yours to mend: see below. */
static __always_inline long tna_store(struct tna_packet *packet, __u32 at, const void *from,
				      __u32 size)
{
	return tna_place_store(packet, at, (unsigned long)from, size, 0);
}

/* Transformer: the packet is `length` bytes long from now on; what is new at its end is zero, or what
 * lies there. A longer one needs room that not every driver has.
 */
static __always_inline long tna_set_length(const struct tna_facts *facts, struct tna_packet *packet,
					   __u32 length)
{
	if (facts->xdp)
		return tna_place_tail_xdp(packet, (long)length - (long)facts->length, 0, 0, 0);
	return tna_place_tail_tc(packet, length, 0, 0, 0);
}

/* Transformer: `more` bytes of room before the Ethernet header. The packet begins there, with bytes that
 * are yours to write, a new Ethernet header first.
 */
static __always_inline long tna_grow_head(const struct tna_facts *facts, struct tna_packet *packet,
					  __u32 more)
{
	if (facts->xdp)
		return tna_place_head_xdp(packet, -(long)more, 0, 0, 0);
	return tna_place_head_tc(packet, more, 0, 0, 0);
}

/* A sum of which `from` has become `to` (RFC 1624). */
static __always_inline __u16 tna_sum_changed(__u16 sum, __u32 from, __u32 to)
{
	__u64 all = (__u16)~sum;

	all += (~from & 0xffff) + (~from >> 16 & 0xffff) + (to & 0xffff) + (to >> 16);
	all = (all & 0xffff) + (all >> 16);
	all = (all & 0xffff) + (all >> 16);
	return ~all;
}

/* Of the IPv4 header's checksum: 4 bytes, as they are on the wire, have changed. */
static __always_inline long tna_mend_ipv4(const struct tna_facts *facts, struct tna_packet *packet,
					  __be32 from, __be32 to)
{
	__u32 at = facts->l3_at + 10;
	__u16 sum;
	long failed;

	if (!facts->xdp)
		return tna_place_sum_l3(packet, at, from, to, sizeof(to));
	failed = tna_load(packet, at, &sum, sizeof(sum));
	if (failed)
		return failed;
	sum = tna_sum_changed(sum, from, to);
	return tna_store(packet, at, &sum, sizeof(sum));
}

/* Of TCP's or UDP's: `size` bytes, 2 or 4, have changed; `address`: in the IP header, which is summed up
 * there, too. UDP without a checksum stays so.
 */
static __always_inline long tna_mend_l4(const struct tna_facts *facts, struct tna_packet *packet,
					__u32 from, __u32 to, __u32 size, bool address)
{
	bool udp = facts->l4_protocol == 17;
	__u32 at = facts->l4_at + (udp ? 6 : 16);
	__u16 sum;
	long failed;

	if (!facts->l4_at || (!udp && facts->l4_protocol != 6))
		return 0;
	if (!facts->xdp)
		return tna_place_sum_l4(packet, at, from, to,
					size | (address ? BPF_F_PSEUDO_HDR : 0) |
						(udp ? BPF_F_MARK_MANGLED_0 : 0));
	failed = tna_load(packet, at, &sum, sizeof(sum));
	if (failed)
		return failed;
	if (facts->unfinished) { /* there is a sum of the addresses alone, not yet inverted */
		if (!address)
			return 0;
		sum = ~tna_sum_changed(~sum, from, to);
		return tna_store(packet, at, &sum, sizeof(sum));
	}
	if (udp && !sum)
		return 0;
	sum = tna_sum_changed(sum, from, to);
	if (udp && !sum)
		sum = 0xffff;
	return tna_store(packet, at, &sum, sizeof(sum));
}

/* Another address of an IPv4 packet, with all checksums mended. */
static __always_inline long tna_rewrite_ipv4_(const struct tna_facts *facts,
					      struct tna_packet *packet, __u32 at, __be32 from,
					      __be32 to)
{
	long failed;

	if (facts->version != 4)
		return -1;
	failed = tna_mend_l4(facts, packet, from, to, sizeof(to), true);
	if (!failed)
		failed = tna_mend_ipv4(facts, packet, from, to);
	return failed ? failed : tna_store(packet, facts->l3_at + at, &to, sizeof(to));
}
static __always_inline long tna_set_saddr4(const struct tna_facts *facts, struct tna_packet *packet,
					   __be32 to)
{
	return tna_rewrite_ipv4_(facts, packet, 12, facts->saddr[0], to);
}
static __always_inline long tna_set_daddr4(const struct tna_facts *facts, struct tna_packet *packet,
					   __be32 to)
{
	return tna_rewrite_ipv4_(facts, packet, 16, facts->daddr[0], to);
}

/* Another port of TCP or UDP, with the checksum mended. */
static __always_inline long tna_rewrite_port_(const struct tna_facts *facts,
					      struct tna_packet *packet, __u32 at, __be16 from,
					      __be16 to)
{
	long failed;

	if (!facts->l4_at || (facts->l4_protocol != 6 && facts->l4_protocol != 17))
		return -1;
	failed = tna_mend_l4(facts, packet, from, to, sizeof(to), false);
	return failed ? failed : tna_store(packet, facts->l4_at + at, &to, sizeof(to));
}
static __always_inline long tna_set_sport(const struct tna_facts *facts, struct tna_packet *packet,
					  __be16 to)
{
	return tna_rewrite_port_(facts, packet, 0, facts->sport, to);
}
static __always_inline long tna_set_dport(const struct tna_facts *facts, struct tna_packet *packet,
					  __be16 to)
{
	return tna_rewrite_port_(facts, packet, 2, facts->dport, to);
}

#endif
