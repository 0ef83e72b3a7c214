/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the controller can't learn by netlink: a look into kernel memory (fault-safe, read-only),
 * run by BPF_PROG_TEST_RUN and never attached. tna_probe_cast shows whether typed reads work at
 * all.
 */
#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "lib/kernel.h"
#include "probe.h"

extern unsigned long CONFIG_HZ __kconfig __weak;

struct tna_peek tna_peek = {};

SEC("xdp")
int tna_probe_peek(struct xdp_md *ctx)
{
	/* The context is the xdp_buff itself, which bpf_probe_read_kernel() may be told. */
	struct xdp_buff *xdp = (void *)ctx;
	struct xdp_rxq_info *rxq = NULL;
	struct net_device *dev = NULL;
	__u32 size = tna_peek.size;

	bpf_probe_read_kernel(&rxq, sizeof(rxq), &xdp->rxq);
	bpf_probe_read_kernel(&dev, sizeof(dev), &rxq->dev);
	tna_peek.device = (__u64)dev;
	bpf_probe_read_kernel(&tna_peek.net, sizeof(tna_peek.net), &dev->nd_net.net);
	tna_peek.jiffies = bpf_jiffies64();
	tna_peek.hz = CONFIG_HZ;
	tna_peek.error = 0;
	if (tna_peek.address && size && size <= TNA_PEEK_MAX)
		tna_peek.error =
		    bpf_probe_read_kernel(tna_peek.bytes, size, (void *)tna_peek.address);
	return XDP_PASS;
}

SEC("xdp")
int tna_probe_cast(struct xdp_md *ctx)
{
	struct xdp_buff *xdp = bpf_cast_to_kern_ctx(ctx);

	return tna_as(struct net_bridge_port, xdp->rxq->dev->rx_handler_data)->state;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
