/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* parse_l2: addresses, VLAN tag and EtherType of the frame; what the bridge wants to see itself
 * leaves here.
 * Reads  the Ethernet header.   Sets  p->dst, p->src, p->tagged, p->tag_proto, p->tci, p->proto.
 * Punts  SHORT, GROUP (flooding, snooping, STP and other link-local protocols are Linux's work),
 *        SOURCE_INVALID (Linux drops), CONTROL (ARP and RARP, which proxy ARP may answer; CFM,
 *        MRP).
 *
 * A bridge that does not filter VLANs sends a tag out as it came in; but it, too, takes what follows
 * the tag for the frame's protocol (net/core/dev.c:__netif_receive_skb_core).
 */
#ifndef TNA_FPM_PARSE_L2_H
#define TNA_FPM_PARSE_L2_H

#include "lib/pkt.h"

#define TNA_GROUP_BIT 1 /* of the first byte of a MAC */

/* Linux drops a frame that ends within the tag or the PPPoE header that its EtherType announces
 * (net/core/skbuff.c:skb_vlan_untag, br_netfilter_hooks.c:nf_bridge_encap_header_len). None that is
 * as long as this one, with a tag of 4 bytes and a header of 8, does.
 */
#define TNA_SHORTEST (ETH_HLEN + VLAN_HLEN + 8)

static __always_inline enum tna_verdict fpm_parse_l2(struct tna_pkt *p)
{
	void *eth = tna_hdr(p, 0, ETH_HLEN);
	__u64 source_and_type;

	if (!eth || p->len < TNA_SHORTEST)
		return tna_punt(p, TNA_R_SHORT);
	/* Two overlapping loads instead of seven. */
	source_and_type = *(__u64 *)(eth + ETH_ALEN);
	p->dst = *(__u64 *)eth & TNA_MAC_MASK;
	p->src = source_and_type & TNA_MAC_MASK;
	p->proto = source_and_type >> 48;
	tna_ctx_tag(p);
	if (p->dst & TNA_GROUP_BIT)
		return tna_punt(p, TNA_R_GROUP);
	if (p->src & TNA_GROUP_BIT || !p->src)
		return tna_punt(p, TNA_R_SOURCE_INVALID);
	if (p->proto == bpf_htons(0x0806) || p->proto == bpf_htons(0x8035) ||
	    p->proto == bpf_htons(0x8902) || p->proto == bpf_htons(0x88e3))
		return tna_punt(p, TNA_R_CONTROL);
	return TNA_NEXT;
}

#endif
