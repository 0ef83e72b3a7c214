/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The fast path at XDP. */
#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include "ctx/xdp.h"
#include "pipeline.h"

SEC("xdp.frags")
int tna_xdp(struct xdp_md *ctx)
{
	struct tna_pkt p = {};

	p.resume = tna_slot_resume();
	if (!tna_copies_open(&p))
		return XDP_PASS;
	tna_ctx_open(&p, ctx);
	switch (tna_pipeline(&p)) {
	case TNA_SENT:
		return tna_ctx_send(&p);
	case TNA_DROP:
		return XDP_DROP;
	case TNA_AGAIN:
		return TNA_HOOK_AGAIN + p.resume;
	default:
		return XDP_PASS;
	}
}

/* The kernel lets only GPL-compatible programs call what the fast path calls. */
char LICENSE[] SEC("license") = "Dual BSD/GPL";
