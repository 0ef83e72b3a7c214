/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The fast path at tc (tcx) ingress. */
#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include "ctx/skb.h"
#include "pipeline.h"

SEC("tc")
int tna_tc(struct __sk_buff *ctx)
{
	struct tna_pkt p = {};

	p.resume = tna_slot_resume();
	if (!tna_copies_open(&p))
		return TC_ACT_UNSPEC;
	tna_ctx_open(&p, ctx);
	switch (tna_pipeline(&p)) {
	case TNA_SENT:
		return tna_ctx_send(&p);
	case TNA_DROP:
		return TC_ACT_SHOT;
	case TNA_AGAIN:
		return TNA_HOOK_AGAIN + p.resume;
	default:
		return TC_ACT_UNSPEC;
	}
}

/* The kernel lets only GPL-compatible programs call what the fast path calls. */
char LICENSE[] SEC("license") = "Dual BSD/GPL";
