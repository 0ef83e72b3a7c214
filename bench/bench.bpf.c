/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* bench: the benchmark's traffic generator, its sink, and what to compare with: a bare redirect, bare
 * echoes and programs that do nothing.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "frame.h"

#define ETH_TYPE_OFFSET 12
#define IPV4_UDP_PORT_OFFSET 36
#define IPV6_UDP_PORT_OFFSET 56

const volatile struct bench_const bench_const;
struct bench_state bench_state;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, BENCH_EPOCHS);
	__type(key, __u32);
	__type(value, __u64);
} received SEC(".maps");

/* A number for each number, which look like chance. */
static __always_inline __u32 mixed(__u32 number)
{
	number = (number ^ number >> 16) * 0x7feb352dU;
	number = (number ^ number >> 15) * 0x846ca68bU;
	return number ^ number >> 16;
}

/* Another host behind the same route, another source address and port; the IP checksum stays right. */
static __always_inline void scatter(__u8 *data)
{
	__u16 *source = (__u16 *)(data + 28), *destination = (__u16 *)(data + 32);
	__u16 *check = (__u16 *)(data + 24);
	__u32 sum = (__u16)~*check + (__u16)~*source + (__u16)~*destination;
	__u32 chance = mixed(bench_state.scattered++);

	*source = chance;
	data[33] = chance >> 16;
	*(__u16 *)(data + IPV4_UDP_PORT_OFFSET - 2) = mixed(chance);
	sum += *source + *destination;
	sum = (sum & 0xffff) + (sum >> 16);
	*check = ~((sum & 0xffff) + (sum >> 16));
}

/* Run by BPF_PROG_TEST_RUN with live frames. The pages come back with what became of the frame
 * before (any header may have been rewritten), so every byte is written each time.
 */
SEC("xdp")
int generate(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data;
	__u32 turn = bench_state.next, epoch = bench_state.epoch & (BENCH_EPOCHS - 1);

	if (data + bench_const.frame_length > (__u8 *)(long)ctx->data_end)
		return XDP_ABORTED;
	bench_state.next = turn + 1 < bench_state.frame_count ? turn + 1 : 0;
	/* Told that it is aligned, clang copies words instead of bytes; the processor does not mind. */
	if (bench_const.frame_length == BENCH_FRAME_LENGTH)
		__builtin_memcpy(__builtin_assume_aligned(data, 8),
				 &bench_state.frames[turn & (BENCH_FRAMES - 1)], BENCH_FRAME_LENGTH);
	else
		__builtin_memcpy(__builtin_assume_aligned(data, 8),
				 &bench_state.frames[turn & (BENCH_FRAMES - 1)], BENCH_IPV6_FRAME_LENGTH);
	if (bench_state.scatter && bench_const.frame_length == BENCH_FRAME_LENGTH)
		scatter(data);
	*(__u16 *)(data + bench_const.frame_length - BENCH_EPOCH_BYTES) = epoch;
	bench_state.generated[epoch]++;
	return bpf_redirect(bench_const.generate_ifindex, 0);
}

/* Counts and drops the generator's frames, and answers to them; ARP and all else passes. */
SEC("xdp")
int sink(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data;
	__u32 ipv4 = bench_const.frame_length == BENCH_FRAME_LENGTH;
	__u32 port = ipv4 ? IPV4_UDP_PORT_OFFSET : IPV6_UDP_PORT_OFFSET;
	__u32 key;
	__u64 *count;

	if (data + bench_const.frame_length > (__u8 *)(long)ctx->data_end)
		return XDP_PASS;
	if (*(__u16 *)(data + ETH_TYPE_OFFSET) != bpf_htons(ipv4 ? 0x0800 : 0x86dd) ||
	    (*(__u16 *)(data + port) != bpf_htons(BENCH_UDP_PORT) &&
	     *(__u16 *)(data + port - 2) != bpf_htons(BENCH_UDP_PORT)))
		return XDP_PASS;
	key = *(__u16 *)(data + bench_const.frame_length - BENCH_EPOCH_BYTES) & (BENCH_EPOCHS - 1);
	count = bpf_map_lookup_elem(&received, &key);
	if (count)
		(*count)++;
	return XDP_DROP;
}

SEC("xdp")
int redirect(struct xdp_md *ctx)
{
	return bpf_redirect(bench_const.redirect_ifindex, 0);
}

/* The least that routes: the same look into the FIB, the same rewriting, no questions. */
static __always_inline int route_ipv4(struct xdp_md *ctx, struct iphdr *ip)
{
	struct bpf_fib_lookup way = {.family = 2, .ifindex = ctx->ingress_ifindex};
	__u8 *data = (__u8 *)ip - ETH_HLEN;
	__u32 check;

	way.tos = ip->tos;
	way.l4_protocol = ip->protocol;
	way.tot_len = bpf_ntohs(ip->tot_len);
	way.ipv4_src = ip->saddr;
	way.ipv4_dst = ip->daddr;
	if (bpf_fib_lookup(ctx, &way, sizeof(way), 0))
		return XDP_PASS;
	__builtin_memcpy(data, way.dmac, 6);
	__builtin_memcpy(data + 6, way.smac, 6);
	ip->ttl--;
	check = (__u32)ip->check + bpf_htons(0x0100);
	ip->check = check + (check >= 0xffff);
	return bpf_redirect(way.ifindex, 0);
}

SEC("xdp")
int route(struct xdp_md *ctx)
{
	struct iphdr *ip = (void *)(long)ctx->data + ETH_HLEN;

	return (void *)(ip + 1) > (void *)(long)ctx->data_end ? XDP_PASS : route_ipv4(ctx, ip);
}

struct nf_conn {
	__u32 timeout;
};
struct bpf_ct_opts {
	__s32 netns_id, error;
	__u8 l4proto, dir, unused[2];
};
extern struct nf_conn *bpf_xdp_ct_lookup(struct xdp_md *, struct bpf_sock_tuple *, __u32,
					 struct bpf_ct_opts *, __u32) __ksym __weak;
extern void bpf_ct_release(struct nf_conn *) __ksym __weak;

/* The same, and the packet's connection. */
SEC("xdp")
int route_tracked(struct xdp_md *ctx)
{
	struct iphdr *ip = (void *)(long)ctx->data + ETH_HLEN;
	struct bpf_ct_opts options = {};
	struct bpf_sock_tuple tuple = {};
	struct nf_conn *ct;
	__be16 *ports;

	ports = (void *)(ip + 1);
	if ((void *)(ports + 2) > (void *)(long)ctx->data_end)
		return XDP_PASS;
	options.netns_id = -1;
	options.l4proto = ip->protocol;
	tuple.ipv4.saddr = ip->saddr;
	tuple.ipv4.daddr = ip->daddr;
	tuple.ipv4.sport = ports[0];
	tuple.ipv4.dport = ports[1];
	ct = bpf_xdp_ct_lookup(ctx, &tuple, sizeof(tuple.ipv4), &options, sizeof(options));
	if (!ct)
		return XDP_PASS;
	bpf_ct_release(ct);
	return route_ipv4(ctx, ip);
}

SEC("xdp")
int route_ipv6(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data;
	struct ipv6hdr *ip = (struct ipv6hdr *)(data + ETH_HLEN);
	struct bpf_fib_lookup way = {.family = 10, .ifindex = ctx->ingress_ifindex};

	if ((__u8 *)(ip + 1) > (__u8 *)(long)ctx->data_end)
		return XDP_PASS;
	way.flowinfo = *(__be32 *)ip & bpf_htonl(0x0fffffff);
	way.l4_protocol = ip->nexthdr;
	way.tot_len = bpf_ntohs(ip->payload_len);
	__builtin_memcpy(way.ipv6_src, &ip->saddr, 16);
	__builtin_memcpy(way.ipv6_dst, &ip->daddr, 16);
	if (bpf_fib_lookup(ctx, &way, sizeof(way), 0))
		return XDP_PASS;
	__builtin_memcpy(data, way.dmac, 6);
	__builtin_memcpy(data + 6, way.smac, 6);
	ip->hop_limit--;
	return bpf_redirect(way.ifindex, 0);
}

struct udp_frame {
	struct ethhdr eth;
	struct iphdr ip;
	struct udphdr udp;
	__u8 data[BENCH_FRAME_LENGTH - ETH_HLEN - sizeof(struct iphdr) - sizeof(struct udphdr)];
} __attribute__((packed));

static __always_inline struct udp_frame *udp_frame(struct xdp_md *ctx)
{
	struct udp_frame *frame = (void *)(long)ctx->data;

	if ((void *)(frame + 1) > (void *)(long)ctx->data_end ||
	    frame->eth.h_proto != bpf_htons(0x0800) || frame->ip.protocol != 17)
		return NULL;
	return frame;
}

/* Back to where it came from, without a checksum: a socket leaves that to the device, and what a veth
 * would know of it is lost on the way back.
 */
static __always_inline void turn_round(struct udp_frame *frame)
{
	__be32 address = frame->ip.saddr;
	__be16 port = frame->udp.source;
	__u8 mac[6];

	__builtin_memcpy(mac, frame->eth.h_source, 6);
	__builtin_memcpy(frame->eth.h_source, frame->eth.h_dest, 6);
	__builtin_memcpy(frame->eth.h_dest, mac, 6);
	frame->ip.saddr = frame->ip.daddr;
	frame->ip.daddr = address;
	frame->udp.source = frame->udp.dest;
	frame->udp.dest = port;
	frame->udp.check = 0;
}

/* Each answer becomes its slot's next request. XDP_TX would leave a peer without a program of its own
 * asleep (drivers/net/veth.c:veth_xdp_flush); a redirect does not.
 */
SEC("xdp")
int ask_again(struct xdp_md *ctx)
{
	struct udp_frame *frame = udp_frame(ctx);
	struct bench_slot *slot;
	__u32 number;

	if (!frame || frame->udp.source != bpf_htons(BENCH_UDP_PORT))
		return XDP_PASS;
	number = bpf_ntohs(frame->udp.dest) - BENCH_STATION_PORT;
	if (number >= bench_state.window || number >= BENCH_SLOTS)
		return XDP_DROP;
	slot = &bench_state.slots[number];
	if (*(__u16 *)(frame->data + sizeof(frame->data) - BENCH_EPOCH_BYTES) != slot->epoch)
		return XDP_DROP;
	slot->answers++;
	turn_round(frame);
	return bpf_redirect(bench_const.generate_ifindex, 0);
}

/* The least that answers: by XDP, and by AF_XDP. */
SEC("xdp")
int echo(struct xdp_md *ctx)
{
	struct udp_frame *frame = udp_frame(ctx);

	if (!frame || frame->udp.dest != bpf_htons(BENCH_UDP_PORT))
		return XDP_PASS;
	turn_round(frame);
	return XDP_TX;
}

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} sockets SEC(".maps");

SEC("xdp")
int to_socket(struct xdp_md *ctx)
{
	struct udp_frame *frame = udp_frame(ctx);

	if (!frame || frame->udp.dest != bpf_htons(BENCH_UDP_PORT))
		return XDP_PASS;
	return bpf_redirect_map(&sockets, 0, XDP_PASS);
}

SEC("xdp")
int discard(struct xdp_md *ctx)
{
	return XDP_DROP;
}

SEC("xdp")
int empty_xdp(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("tc")
int empty_tc(struct __sk_buff *skb)
{
	return TC_ACT_OK;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
