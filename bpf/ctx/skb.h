/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* skb.h: the packet as tc (tcx) gives it; see ctx/xdp.h for the other context layer.
 *
 * tc stands behind the packet sockets and before netfilter's ingress hook, and a redirected sk_buff
 * goes through the whole egress side of its device. So most of what XDP has to look for is simply
 * done.
 */
#ifndef TNA_CTX_SKB_H
#define TNA_CTX_SKB_H

#define TNA_AT_XDP 0

#include "lib/ip.h"
#include "lib/pkt.h"
#include "lib/device.h"

struct bpf_ct_opts;
extern struct nf_conn *bpf_skb_ct_lookup(struct __sk_buff *, struct bpf_sock_tuple *, __u32,
					  struct bpf_ct_opts *, __u32) __ksym __weak;
#define tna_ctx_ct_lookup(p, tuple, size, options, options_size)                                   \
	bpf_skb_ct_lookup((p)->ctx, tuple, size, options, options_size)

/* The bytes [off, off + len) of the packet, or NULL where they are not all in its linear part. */
static __always_inline void *tna_hdr(struct tna_pkt *p, __u32 off, __u32 len)
{
	struct __sk_buff *ctx = p->ctx;
	void *data = (void *)(long)ctx->data + off;

	return data + len <= (void *)(long)ctx->data_end ? data : NULL;
}

static __always_inline __u32 tna_ctx_ifindex(struct tna_pkt *p)
{
	return ((struct __sk_buff *)p->ctx)->ifindex;
}

static __always_inline __u32 tna_ctx_length(struct tna_pkt *p)
{
	return ((struct __sk_buff *)p->ctx)->len;
}

static __always_inline void tna_ctx_open(struct tna_pkt *p, struct __sk_buff *ctx)
{
	struct sk_buff *skb = tna_kernel_ctx(struct sk_buff, ctx);

	p->ctx = ctx;
	p->dev = tna_get(skb, dev);
	p->len = tna_ctx_length(p);
}

/* The outer VLAN tag lies beside the frame, taken out on its way here (net/core/skbuff.c:
 * skb_vlan_untag); p->proto is what follows it.
 */
static __always_inline void tna_ctx_tag(struct tna_pkt *p)
{
	struct __sk_buff *ctx = p->ctx;

	if (!ctx->vlan_present)
		return;
	p->tagged = true;
	p->tag_proto = ctx->vlan_proto;
	p->tci = ctx->vlan_tci;
}

/* The Ethernet header from its 13th byte on, with the tag in it, as netfilter sees it (net/netfilter/
 * nft_payload.c:nft_payload_rebuild_vlan_hdr).
 */
static __always_inline void tna_ctx_link(struct tna_pkt *p, __u8 *link)
{
	struct __sk_buff *ctx = p->ctx;

	if (!p->tagged)
		return;
	*(__be16 *)(link + 2 * ETH_ALEN) = ctx->vlan_proto;
	*(__be16 *)(link + 2 * ETH_ALEN + 2) = bpf_htons(ctx->vlan_tci);
	*(__be16 *)(link + 2 * ETH_ALEN + VLAN_HLEN) = p->proto;
}

/* Bytes that the outer tag takes in the frame. */
static __always_inline __u32 tna_ctx_tag_length(struct tna_pkt *p)
{
	return 0;
}

/* Bytes of payload that each part of a large packet will have, 0 for a packet of one part. */
static __always_inline __u32 tna_ctx_gso_size(struct tna_pkt *p)
{
	return ((struct __sk_buff *)p->ctx)->gso_size;
}

/* XDP: a checksum is left to a device, which no helper knows of. */
static __always_inline bool tna_ctx_unfinished(struct tna_pkt *p)
{
	return false;
}

/* A byte that need not be in the linear part; false: the packet ends before it. */
static __always_inline bool tna_ctx_byte(struct tna_pkt *p, __u32 at, __u8 *byte)
{
	return bpf_skb_load_bytes(p->ctx, at, byte, 1) == 0;
}

/* IP will find a hash of the flow with the packet: nobody makes one from here on. */
static __always_inline bool tna_ctx_hashed(struct tna_pkt *p)
{
	return tna_get_bits(tna_kernel_ctx(struct sk_buff, p->ctx), l4_hash);
}

static __always_inline __u32 tna_ctx_mark(struct tna_pkt *p)
{
	return ((struct __sk_buff *)p->ctx)->mark;
}

static __always_inline bool tna_ctx_marks(struct tna_pkt *p)
{
	return true;
}

static __always_inline void tna_ctx_set_mark(struct tna_pkt *p, __u32 mark)
{
	((struct __sk_buff *)p->ctx)->mark = mark;
}

/* The device may have summed up the whole packet, of which 16 bits are now less by that much. */
static __always_inline void tna_ctx_sum_changed(struct tna_pkt *p, __be16 less)
{
	bpf_csum_update(p->ctx, (__u16)~less);
}

static __always_inline void tna_ctx_priority(struct tna_pkt *p, __u32 priority)
{
	((struct __sk_buff *)p->ctx)->priority = priority;
}

/* No tc program or filter beside ours, and no netfilter ingress hook behind it: kernel/bpf/mprog.c
 * keeps the programs of a device in one array, the classic filters hang on the same entry.
 */
static __always_inline enum tna_verdict tna_ctx_device_free(struct tna_pkt *p)
{
	struct bpf_mprog_entry *entry;
	__u64 bundle;

	tna_look(p->head, p->copies->head, p->dev, priv_flags, mtu);
	tna_look_stacked(p, p->dev);
	entry = tna_see(p->stacked, tcx_ingress);
	bundle = (__u64)tna_get(entry, parent);
	if (tna_get(entry, fp_items[1].prog) ||
	    tna_word(bundle - bpf_core_field_offset(struct tcx_entry, bundle) +
		     bpf_core_field_offset(struct tcx_entry, miniq)))
		return tna_punt(p, TNA_R_TC);
	if (tna_see(p->stacked, nf_hooks_ingress))
		return tna_punt(p, TNA_R_NF_INGRESS);
	return TNA_NEXT;
}

/* A checksum is left to the device, and the IP header is behind a second tag: for such a packet the
 * bridge notes where that header is, since drivers ask (net/bridge/br_forward.c:
 * br_dev_queue_push_xmit).
 */
static __always_inline bool tna_unfinished_behind_tags(struct tna_pkt *p)
{
	return tna_is_tag(p->proto) &&
	       tna_get_bits(tna_kernel_ctx(struct sk_buff, p->ctx), ip_summed) ==
		   CHECKSUM_PARTIAL;
}

/* Length as in net/core/dev.c:is_skb_forwardable. Of the egress side a packet redirected by tc
 * skips netfilter's egress hook (dev.c:nf_skip_egress), and the mark that it was redirected makes
 * generic XDP behind a veth skip it (dev.c:netif_receive_generic_xdp).
 */
static __always_inline enum tna_verdict tna_ctx_path_to_free(struct tna_pkt *p)
{
	struct net_device *dev = p->out_dev;

	if (p->len > tna_see(p->head, mtu) + ETH_HLEN + VLAN_HLEN && !tna_ctx_gso_size(p))
		return tna_punt(p, TNA_R_TOO_LONG);
	if (tna_unfinished_behind_tags(p))
		return tna_punt(p, TNA_R_CHECKSUM);
	if (tna_get(dev, nf_hooks_egress))
		return tna_punt(p, TNA_R_EGRESS_NF);
	if (TNA_ON(p, veth_out)) {
		p->peer = tna_veth_peer(dev);
		if (p->peer && tna_get(p->peer, xdp_prog))
			return tna_punt(p, TNA_R_PEER_XDP);
	}
	return TNA_NEXT;
}

/* False: no memory for it. */
static __always_inline bool tna_ctx_retag(struct tna_pkt *p)
{
	if (p->retag != TNA_TAG_PUSH && bpf_skb_vlan_pop(p->ctx))
		return false;
	return p->retag == TNA_TAG_POP ||
	       bpf_skb_vlan_push(p->ctx, p->tag_proto, p->tci) == 0;
}

static __always_inline bool tna_ctx_trim(struct tna_pkt *p, __u32 length)
{
	return bpf_skb_change_tail(p->ctx, length, 0) == 0;
}

/* bpf_redirect_peer() puts the packet behind a veth's queue right away. What it goes by must be
 * nothing: qdisc, tc and packet sockets of this end, XDP of the other. And since it takes every
 * packet for one to the other end itself, it must be: same MAC, and in another namespace
 * (net/core/filter.c:skb_do_redirect). Of a connection that Linux follows it had the packets before
 * this one a moment ago, and again when it closes: they may still wait in that queue, and must not
 * be overtaken.
 */
static __always_inline bool tna_peer_free(struct tna_pkt *p)
{
	struct net_device *dev = p->out_dev, *peer = p->peer;

	if (p->followed)
		return false;
	if (tna_get(tna_get(dev, qdisc), enqueue) || tna_get(dev, tcx_egress) ||
	    tna_device_tapped(p->head, dev) ||
	    tna_net_tapped())
		return false;
	if (!(tna_get(peer, flags) & IFF_UP) || tna_get(peer, nd_net.net) == p->net ||
	    (tna_word(tna_get(peer, dev_addr)) & TNA_MAC_MASK) != (p->dst & TNA_MAC_MASK))
		return false;
	if (tna_word(tna_member(tna_device_priv(peer), struct veth_priv, _xdp_prog)))
		return false;
	return p->len <= tna_get(peer, mtu) + ETH_HLEN + VLAN_HLEN || tna_ctx_gso_size(p) != 0;
}

static __always_inline bool tna_ctx_sum_ip(struct tna_pkt *p, __u32 at, __u32 from, __u32 to)
{
	return bpf_l3_csum_replace(p->ctx, at, from, to, sizeof(to)) == 0;
}

/* The helper knows of checksums that are left to the device, and of those that it has made. */
static __always_inline bool tna_ctx_sum_l4(struct tna_pkt *p, __u32 at, __u32 from, __u32 to,
					   __u32 size, bool pseudo)
{
	__u64 flags = size | (pseudo ? BPF_F_PSEUDO_HDR : 0) |
		      (p->ip_proto == TNA_PROTO_UDP ? BPF_F_MARK_MANGLED_0 : 0);

	return bpf_l4_csum_replace(p->ctx, at, from, to, flags) == 0;
}

/* tc can't hand packets to AF_XDP. */
#define TNA_APPS_ON(p) false

static __always_inline __u32 tna_ctx_queue(struct tna_pkt *p)
{
	return 0;
}

static __always_inline enum tna_reason tna_ctx_app_room(struct tna_pkt *p, __u32 at)
{
	return TNA_R_APP_GONE;
}

static __always_inline int tna_ctx_send(struct tna_pkt *p)
{
	if (TNA_ON(p, veth_out) && p->peer && tna_peer_free(p)) {
		struct __sk_buff *ctx = p->ctx;

		/* drivers/net/veth.c:veth_forward_skb clears them on the way into another
		 * namespace. */
		ctx->mark = 0;
		ctx->priority = 0;
		return bpf_redirect_peer(p->out_ifindex, 0);
	}
	return bpf_redirect(p->out_ifindex, 0);
}

#endif
