/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* skb.h: the packet as tc (tcx) gives it; see ctx/xdp.h for the other context layer.
 *
 * tc stands behind the packet sockets and before netfilter's ingress hook, and a redirected sk_buff goes
 * through the whole egress side of its device. So most of what XDP has to look for is simply done.
 */
#ifndef TNA_CTX_SKB_H
#define TNA_CTX_SKB_H

#include "lib/pkt.h"
#include "lib/device.h"

/* The bytes [off, off + len) of the packet, or NULL where they are not all in its linear part. */
static __always_inline void *tna_hdr(struct tna_pkt *p, __u32 off, __u32 len)
{
	struct __sk_buff *ctx = p->ctx;
	void *data = (void *)(long)ctx->data + off;

	return data + len <= (void *)(long)ctx->data_end ? data : NULL;
}

static __always_inline void tna_ctx_open(struct tna_pkt *p, struct __sk_buff *ctx)
{
	struct sk_buff *skb = bpf_cast_to_kern_ctx(ctx);

	p->ctx = ctx;
	p->dev = skb->dev;
	p->len = ctx->len;
}

/* The frame's VLAN tag lies beside it; p->proto is what follows the tag. */
static __always_inline bool tna_ctx_tagged(struct tna_pkt *p)
{
	return ((struct __sk_buff *)p->ctx)->vlan_present;
}

static __always_inline bool tna_ctx_gso(struct tna_pkt *p)
{
	return ((struct __sk_buff *)p->ctx)->gso_size != 0;
}

/* No tc program or filter beside ours, and no netfilter ingress hook behind it: kernel/bpf/mprog.c
 * keeps the programs of a device in one array, the classic filters hang on the same entry.
 */
static __always_inline enum tna_verdict tna_ctx_device_free(struct tna_pkt *p)
{
	struct bpf_mprog_entry *entry = p->dev->tcx_ingress;
	__u64 bundle = (__u64)entry->parent;

	if (entry->fp_items[1].prog ||
	    tna_word(bundle - bpf_core_field_offset(struct tcx_entry, bundle) +
		     bpf_core_field_offset(struct tcx_entry, miniq)))
		return tna_punt(p, TNA_R_TC);
	if (p->dev->nf_hooks_ingress)
		return tna_punt(p, TNA_R_NF_INGRESS);
	return TNA_NEXT;
}

/* net/core/dev.c:is_skb_forwardable. */
static __always_inline enum tna_verdict tna_ctx_path_to_free(struct tna_pkt *p)
{
	if (!(p->out_dev->flags & IFF_UP))
		return tna_punt(p, TNA_R_EGRESS_STATE);
	if (p->len > p->out_dev->mtu + ETH_HLEN + VLAN_HLEN && !tna_ctx_gso(p))
		return tna_punt(p, TNA_R_TOO_LONG);
	return TNA_NEXT;
}

static __always_inline bool tna_ctx_trim(struct tna_pkt *p, __u32 length)
{
	return bpf_skb_change_tail(p->ctx, length, 0) == 0;
}

/* bpf_redirect_peer() puts the packet behind a veth's queue right away. What it goes by must be nothing:
 * qdisc, tc, netfilter and packet sockets of this end, XDP of the other; and the other end must be in
 * another namespace (net/core/filter.c:skb_do_redirect).
 */
static __always_inline bool tna_peer_free(struct tna_pkt *p)
{
	struct net_device *dev = p->out_dev, *peer;
	struct veth_priv *priv;

	/* "veth\0" */
	if ((tna_word(dev->rtnl_link_ops->kind) & 0xffffffffffULL) != 0x0068746576ULL)
		return false;
	priv = tna_as(struct veth_priv, tna_member(dev, struct net_device, priv));
	peer = priv->peer;
	if (dev->qdisc->enqueue || dev->tcx_egress || dev->nf_hooks_egress ||
	    tna_device_tapped(dev) || tna_net_tapped(p->net))
		return false;
	if (!(peer->flags & IFF_UP) || peer->nd_net.net == p->net)
		return false;
	if (tna_as(struct veth_priv, tna_member(peer, struct net_device, priv))->_xdp_prog)
		return false;
	return p->len <= peer->mtu + ETH_HLEN + VLAN_HLEN || tna_ctx_gso(p);
}

static __always_inline int tna_ctx_send(struct tna_pkt *p)
{
	if (tna_const.redirect_peer && tna_peer_free(p)) {
		struct __sk_buff *ctx = p->ctx;

		/* drivers/net/veth.c:veth_forward_skb would have cleared them on the way into the
		 * other namespace
		 */
		ctx->mark = 0;
		ctx->priority = 0;
		return bpf_redirect_peer(p->out_ifindex, 0);
	}
	return bpf_redirect(p->out_ifindex, 0);
}

#endif
