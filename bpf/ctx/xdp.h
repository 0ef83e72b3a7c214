/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* xdp.h: the packet as XDP gives it. The other context layer is ctx/skb.h; both offer
 * tna_ctx_open(), tna_ctx_length(), tna_ctx_ifindex(), tna_hdr(), tna_ctx_tag(), tna_ctx_tag_length(), tna_ctx_link(),
 * tna_ctx_gso_size(), tna_ctx_byte(), tna_ctx_device_free(), tna_ctx_path_to_free(), tna_ctx_trim(),
 * tna_ctx_retag(), tna_ctx_hashed(), tna_ctx_mark(), tna_ctx_marks(),
 * tna_ctx_set_mark(), tna_ctx_sum_changed(), tna_ctx_sum_ip(), tna_ctx_sum_l4(), tna_ctx_ct_lookup(),
 * tna_ctx_priority() and tna_ctx_send(); and TNA_APPS_ON(), tna_ctx_queue(), tna_ctx_app_room() of
 * applications, which only XDP can hand packets to.
 */
#ifndef TNA_CTX_XDP_H
#define TNA_CTX_XDP_H

#define TNA_AT_XDP 1

#include "lib/csum.h"
#include "lib/ip.h"
#include "lib/pkt.h"
#include "lib/device.h"

struct bpf_ct_opts;
extern struct nf_conn *bpf_xdp_ct_lookup(struct xdp_md *, struct bpf_sock_tuple *, __u32,
					  struct bpf_ct_opts *, __u32) __ksym __weak;
#define tna_ctx_ct_lookup(p, tuple, size, options, options_size)                                   \
	bpf_xdp_ct_lookup((p)->ctx, tuple, size, options, options_size)

/* The bytes [off, off + len) of the packet, or NULL where they are not all there. */
static __always_inline void *tna_hdr(struct tna_pkt *p, __u32 off, __u32 len)
{
	struct xdp_md *ctx = p->ctx;
	void *data = (void *)(long)ctx->data + off;

	return data + len <= (void *)(long)ctx->data_end ? data : NULL;
}

static __always_inline __u32 tna_ctx_ifindex(struct tna_pkt *p)
{
	return ((struct xdp_md *)p->ctx)->ingress_ifindex;
}

/* Of the first buffer. */
static __always_inline __u32 tna_ctx_length(struct tna_pkt *p)
{
	struct xdp_md *ctx = p->ctx;
	__u64 len = (void *)(long)ctx->data_end - (void *)(long)ctx->data;

	/* Keep clang from subtracting the lower halves of the pointers: the verifier would refuse.
	 */
	asm volatile("" : "+r"(len));
	return len;
}

static __always_inline void tna_ctx_open(struct tna_pkt *p, struct xdp_md *ctx)
{
	TNA_VIEW(struct xdp_buff, xdp);

	tna_look(xdp, p->copies->context, tna_kernel_ctx(struct xdp_buff, ctx), rxq, flags);
	p->ctx = ctx;
	p->frags = tna_see(xdp, flags) & XDP_FLAGS_HAS_FRAGS;
	p->dev = tna_get(tna_see(xdp, rxq), dev);
	p->len = tna_ctx_length(p);
}

/* The outer VLAN tag, which stands in the frame: those beside it have been punted. */
static __always_inline void tna_ctx_tag(struct tna_pkt *p)
{
	__be16 *tag;

	if (!tna_is_tag(p->proto))
		return;
	tag = tna_hdr(p, ETH_HLEN, VLAN_HLEN);
	if (!tag) /* a frame of that length has it */
		return;
	p->tagged = true;
	p->tag_proto = p->proto;
	p->tci = bpf_ntohs(tag[0]);
	p->proto = tag[1];
}

/* The Ethernet header from its 13th byte on is as netfilter sees it. */
static __always_inline void tna_ctx_link(struct tna_pkt *p, __u8 *link)
{
}

/* Bytes that the outer tag takes in the frame. */
static __always_inline __u32 tna_ctx_tag_length(struct tna_pkt *p)
{
	return p->tagged ? VLAN_HLEN : 0;
}

/* Several packets of a stream in one, to be cut by whoever sends them: never seen here. */
static __always_inline __u32 tna_ctx_gso_size(struct tna_pkt *p)
{
	return 0;
}

/* A byte that need not be in the linear part; false: the packet ends before it. */
static __always_inline bool tna_ctx_byte(struct tna_pkt *p, __u32 at, __u8 *byte)
{
	return bpf_xdp_load_bytes(p->ctx, at, byte, 1) == 0;
}

/* The packet has no mark, no checksum of its own, and no priority: these are the sk_buff's. */
static __always_inline __u32 tna_ctx_mark(struct tna_pkt *p)
{
	return 0;
}

/* A mark that the packet gets is lost; whoever could see it is the other end of a veth in the same
 * namespace (drivers/net/veth.c:veth_forward_skb, net/core/skbuff.c:skb_scrub_packet).
 */
static __always_inline bool tna_ctx_marks(struct tna_pkt *p)
{
	struct net_device *peer;

	if (!bpf_core_field_exists(struct veth_priv, peer))
		return true; /* nobody has loaded veth */
	peer = tna_veth_peer(p->out_dev);
	return !peer || (__u64)tna_get(peer, nd_net.net) != (__u64)p->net;
}

static __always_inline void tna_ctx_set_mark(struct tna_pkt *p, __u32 mark)
{
}

static __always_inline void tna_ctx_sum_changed(struct tna_pkt *p, __be16 less)
{
}

static __always_inline void tna_ctx_priority(struct tna_pkt *p, __u32 priority)
{
}

/* The sk_buff behind a frame that veth runs XDP on, NULL where there is none: the frame was
 * redirected here, or no veth driver runs the program but BPF_PROG_TEST_RUN or generic XDP, which
 * use the device's own receive queues where the driver has its private ones
 * (drivers/net/veth.c:veth_xdp_buff).
 */
static __always_inline struct sk_buff *tna_veth_skb(struct tna_pkt *p, struct xdp_buff *xdp)
{
	__u64 skb = tna_word(tna_member(xdp, struct veth_xdp_buff, skb));
	struct xdp_md *ctx = p->ctx;
	__u64 queue;

	if (!skb)
		return NULL;
	queue = (__u64)tna_get(p->dev, _rx) +
		(__u64)ctx->rx_queue_index * bpf_core_type_size(struct netdev_rx_queue) +
		bpf_core_field_offset(struct netdev_rx_queue, xdp_rxq);

	return (__u64)tna_get(xdp, rxq) == queue ? NULL : tna_as(struct sk_buff, skb);
}

/* Whether the queue's packets are spread over CPUs by a hash, which they then carry along
 * (net/core/dev.c:get_rps_cpu).
 */
static __always_inline bool tna_queue_spread(struct tna_pkt *p)
{
	struct xdp_md *ctx = p->ctx;
	__u64 queue = (__u64)tna_get(p->dev, _rx) +
		      (__u64)ctx->rx_queue_index * bpf_core_type_size(struct netdev_rx_queue);

	if (!bpf_core_field_exists(struct netdev_rx_queue, rps_map))
		return false;
	if (bpf_core_field_exists(struct netdev_rx_queue___tagged, rps_flow_table) &&
	    tna_word(tna_member(queue, struct netdev_rx_queue___tagged, rps_flow_table)))
		return true;
	if (bpf_core_field_exists(struct netdev_rx_queue, rps_flow_table) &&
	    tna_word(tna_member(queue, struct netdev_rx_queue, rps_flow_table)))
		return true;
	return tna_word(tna_member(queue, struct netdev_rx_queue, rps_map));
}

/* IP would find a hash of the flow with the packet (sk_buff.l4_hash). Cards make one, and their
 * drivers alone know when; veth carries on what the sender's sk_buff has, and nothing with a frame
 * that was redirected to it.
 */
static __always_inline bool tna_ctx_hashed(struct tna_pkt *p)
{
	struct sk_buff *skb;

	if (!TNA_ON(p, veth) || tna_queue_spread(p))
		return true;
	skb = tna_veth_skb(p, tna_kernel_ctx(struct xdp_buff, p->ctx));
	return skb && tna_get_bits(skb, l4_hash);
}

/* What only the sk_buff tells: a tag beside the frame, a checksum still to be made. */
static __always_inline enum tna_verdict tna_veth_frame_whole(struct tna_pkt *p,
							     struct xdp_buff *xdp)
{
	struct sk_buff *skb = tna_veth_skb(p, xdp);

	if (!skb)
		return TNA_NEXT;
	if (tna_get(skb, vlan_all))
		return tna_punt(p, TNA_R_TAG_ASIDE);
	if (tna_get_bits(skb, ip_summed) == CHECKSUM_PARTIAL)
		return tna_punt(p, TNA_R_CHECKSUM);
	return TNA_NEXT;
}

/* The same for hooks, of a packet that nothing is known of yet. */
static __always_inline bool tna_ctx_unfinished(struct tna_pkt *p)
{
	struct xdp_buff *xdp = tna_kernel_ctx(struct xdp_buff, p->ctx);
	struct sk_buff *skb;

	if (!TNA_ON(p, veth))
		return false;
	p->dev = tna_get(tna_get(xdp, rxq), dev);
	skb = tna_veth_skb(p, xdp);
	return skb && tna_get_bits(skb, ip_summed) == CHECKSUM_PARTIAL;
}

/* Everything that Linux would do between XDP and the bridge must be nothing. And the frame must be
 * all that there is: no second buffer, no tag or checksum work that only the sk_buff behind it tells
 * of.
 */
static __always_inline enum tna_verdict tna_ctx_device_free(struct tna_pkt *p)
{
	enum tna_verdict v;

	if ((v = tna_receives_free(p, p->dev)))
		return v;
	if (p->frags)
		return tna_punt(p, TNA_R_MULTI_BUFFER);
	if (TNA_ON(p, veth))
		return tna_veth_frame_whole(p, tna_kernel_ctx(struct xdp_buff, p->ctx));
	return TNA_NEXT;
}

/* Does the driver take redirected frames at this moment? Kernels before 6.3 don't say. There most
 * drivers do while they have an XDP program of their own, a veth while its peer polls
 * (drivers/net/veth.c:veth_xdp_xmit), a tap always (drivers/net/tun.c:tun_xdp_xmit).
 */
static __always_inline bool tna_takes_redirects(struct tna_pkt *p)
{
	struct net_device *dev = p->out_dev, *peer;
	TNA_VIEW(struct net_device, own);
	__u64 rq;

	/* A bond does, but not as it sends else: for tagged frames it may choose another member, and
	 * it passes by what stands on the member (drivers/net/bonding/bond_main.c:bond_xdp_xmit).
	 */
	if (tna_see_bits(p->head, priv_flags) & IFF_BONDING)
		return false;
	if (bpf_core_field_exists(dev->xdp_features))
		return tna_see(p->head, xdp_features) & NETDEV_XDP_ACT_NDO_XMIT;
	if (TNA_ON(p, veth_out)) {
		peer = tna_veth_peer(dev);
		if (peer) {
			rq = tna_word(tna_member(tna_device_priv(peer), struct veth_priv, rq));
			return rq && tna_word(tna_member(rq, struct veth_rq, napi));
		}
	}
	tna_look(own, p->copies->xdp, dev, xdp_state[XDP_MODE_DRV].prog,
		 xdp_state[XDP_MODE_DRV].link);
	if (!tna_see(own, xdp_state[XDP_MODE_DRV].link) &&
	    !tna_see(own, xdp_state[XDP_MODE_DRV].prog))
		return tna_kind(dev, TNA_KIND_TUN);
	return tna_get(tna_see(p->head, netdev_ops), ndo_xdp_xmit);
}

/* A redirected frame passes by all of the egress side but the driver: it must be nothing, too, and
 * the driver must take the frame, since a redirect that fails is a silent loss
 * (net/core/filter.c:xdp_do_redirect, net/core/xdp.c:xdp_ok_fwd_dev).
 */
static __always_inline enum tna_verdict tna_ctx_path_to_free(struct tna_pkt *p)
{
	__u32 len = p->len;
	enum tna_verdict v;

	if (TNA_RETAGS(p))
		len += tna_retag_grows(p);
	if (len > tna_see(p->head, mtu) + ETH_HLEN + VLAN_HLEN)
		return tna_punt(p, TNA_R_TOO_LONG);
	if ((v = tna_sends_free(p, p->out_dev)))
		return v;
	return tna_takes_redirects(p) ? TNA_NEXT : tna_punt(p, TNA_R_EGRESS_XMIT);
}

/* The addresses are moved to where the frame begins with a tag more or less. */
static __always_inline bool tna_ctx_retag(struct tna_pkt *p)
{
	int grows = tna_retag_grows(p);
	__be16 *tag, tci = bpf_htons(p->tci), proto = p->tag_proto;
	__u32 *macs, saved[3];

	if (grows) {
		macs = tna_hdr(p, 0, 2 * ETH_ALEN);
		if (!macs)
			return false;
		saved[0] = macs[0];
		saved[1] = macs[1];
		saved[2] = macs[2];
		if (bpf_xdp_adjust_head(p->ctx, -grows))
			return false;
		macs = tna_hdr(p, 0, 2 * ETH_ALEN);
		if (!macs) /* can't be: there were as many bytes before */
			return false;
		macs[0] = saved[0];
		macs[1] = saved[1];
		macs[2] = saved[2];
	}
	if (p->retag == TNA_TAG_POP)
		return true;
	tag = tna_hdr(p, 2 * ETH_ALEN, VLAN_HLEN);
	if (!tag)
		return false;
	tag[0] = proto;
	tag[1] = tci;
	return true;
}

static __always_inline bool tna_ctx_trim(struct tna_pkt *p, __u32 length)
{
	return bpf_xdp_adjust_tail(p->ctx, (int)length - (int)p->len) == 0;
}

#ifndef TNA_PROBE_READS
/* 16 or 32 bits that the header's checksum sums up have changed; of an IP header all that it sums up. */
static __always_inline bool tna_ctx_sum_ip(struct tna_pkt *p, __u32 at, __u32 from, __u32 to)
{
	__u16 *check;

	asm volatile("" ::: "memory"); /* as in fpm/nat.h */
	check = tna_hdr(p, at, sizeof(*check));
	if (!check)
		return false;
	*check = tna_csum_changed(*check, from, to);
	return true;
}

/* A TCP or UDP checksum; of UDP 0 means that there is none. `pseudo`: it is an address. */
static __always_inline bool tna_ctx_sum_l4(struct tna_pkt *p, __u32 at, __u32 from, __u32 to,
					   __u32 size, bool pseudo)
{
	bool udp = p->ip_proto == TNA_PROTO_UDP;
	__u16 *check;

	asm volatile("" ::: "memory");
	check = tna_hdr(p, at, sizeof(*check));
	if (!check)
		return false;
	if (udp && !*check)
		return true;
	*check = tna_csum_changed(*check, from, to);
	if (udp && !*check)
		*check = 0xffff;
	return true;
}
#endif

/* AF_XDP sockets of applications: lib/shared.h. */
#define TNA_APPS_ON(p) TNA_ON(p, apps)

#ifndef TNA_PROBE_READS
struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, TNA_APPS * TNA_APP_QUEUES);
	__type(key, __u32);
	__type(value, __u32);
} tna_app_sockets SEC(".maps");

static __always_inline __u32 tna_ctx_queue(struct tna_pkt *p)
{
	return ((struct xdp_md *)p->ctx)->rx_queue_index;
}

/* TNA_R_COUNT: the socket takes the frame. A driver that has no buffers of the socket copies it into one
 * of those that lie ready (net/xdp/xsk.c:__xsk_rcv, net/xdp/xsk_queue.h:xskq_prod_nb_free).
 */
static __always_inline enum tna_reason tna_ctx_app_room(struct tna_pkt *p, __u32 at)
{
	void *found = bpf_map_lookup_elem(&tna_app_sockets, &at);
	struct xdp_sock *socket;
	struct xsk_buff_pool *pool;
	struct xsk_queue *queue;

	if (!found)
		return TNA_R_APP_GONE;
	socket = tna_as(struct xdp_sock, found);
	queue = tna_get(socket, rx);
	pool = tna_get(socket, pool);
	if (tna_get(queue, nentries) ==
	    tna_get(queue, cached_prod) - tna_get(tna_get(queue, ring), consumer))
		return TNA_R_APP_FULL;
	if (tna_get(socket, zc))
		return TNA_R_COUNT;
	if (p->len > tna_get(pool, frame_len))
		return TNA_R_APP_FULL;
	queue = tna_get(pool, fq);
	return tna_get(pool, free_list_cnt) ||
			       tna_get(tna_get(queue, ring), producer) != tna_get(queue, cached_cons)
		       ? TNA_R_COUNT
		       : TNA_R_APP_FULL;
}

static __always_inline int tna_ctx_send(struct tna_pkt *p)
{
	/* XDP_PASS: to Linux, where the application has just died. */
	if (TNA_APPS_ON(p) && p->app_socket)
		return bpf_redirect_map(&tna_app_sockets, p->app_socket - 1, XDP_PASS);
	return bpf_redirect(p->out_ifindex, 0);
}
#else
static __always_inline int tna_ctx_send(struct tna_pkt *p)
{
	return bpf_redirect(p->out_ifindex, 0);
}
#endif

#endif
