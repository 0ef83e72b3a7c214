/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* kept.h: tables of what was found out a moment ago, of which each CPU has a part of its own. Programs run
 * with bottom halves off, so nobody else has a CPU's entries meanwhile.
 *
 * They are arrays that could be mapped, whose values begin at a page: an entry of 64 bytes is one line of
 * the cache, and its place is reckoned. In an array per CPU the place would have to be read first
 * (kernel/bpf/arraymap.c:array_map_alloc, percpu_array_map_gen_lookup).
 */
#ifndef TNA_KEPT_H
#define TNA_KEPT_H

#include "lib/pkt.h"
#include "lib/read.h"

#define TNA_KEPT_JIFFIES 256 /* that an answer of the kernel's is kept for */

/* Bottom halves of a real-time kernel can be interrupted by others: then nothing is kept. */
static __always_inline bool tna_preemptible(void)
{
	return bpf_core_field_exists(struct task_struct, softirq_disable_cnt);
}

/* The key of a place in this CPU's part, of which each has so many. */
static __always_inline __u32 tna_kept_key(__u32 place, __u32 places)
{
	return bpf_get_smp_processor_id() * places + place;
}

/* What is kept until then holds, and stays: of flows with the same place the first has it. */
static __always_inline bool tna_kept_holds(struct tna_pkt *p, __u32 until)
{
	return until - (__u32)p->now <= TNA_KEPT_JIFFIES;
}

#endif
