/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* count.h: counters per CPU and interface, and the word to the controller when a guard fails. */
#ifndef TNA_COUNT_H
#define TNA_COUNT_H

#include "lib/shared.h"

/* The counters of the ingress interface, NULL where none were set up. */
static __always_inline struct tna_counters *tna_counters_of(struct tna_pkt *p)
{
	__u32 ifindex = tna_ctx_ifindex(p), key = ifindex % TNA_SLOTS;
	struct tna_slot *slot = bpf_map_lookup_elem(&tna_slots, &key);

	if (!slot || slot->ifindex != ifindex)
		return NULL;
	return bpf_map_lookup_elem(&tna_counters, &slot->index);
}

/* Once until the controller asks again: the change may have sent no other notification. */
static __always_inline void tna_report(struct tna_pkt *p, __u32 kind)
{
	struct tna_event event = {.kind = kind, .ifindex = tna_ctx_ifindex(p)};

	if (tna_guard.reported)
		return;
	tna_guard.reported = 1;
	bpf_ringbuf_output(&tna_events, &event, sizeof(event), 0);
}

static __always_inline void tna_count_punt(struct tna_pkt *p)
{
	struct tna_counters *c = tna_counters_of(p);
	__u32 reason = p->reason;

	/* Keep clang from working out ahead of every single check what is to be done here if it
	 * fails. */
	asm volatile("" : "+r"(reason));
	if (c && reason < TNA_R_COUNT)
		c->punts[reason]++;
	if (reason == TNA_R_STALE || reason == TNA_R_RULES_NEW)
		tna_report(p, TNA_EVENT_STALE);
	if (reason == TNA_R_SUPPRESS && !TNA_ON(p, suppress))
		tna_report(p, TNA_EVENT_SUPPRESS);
}

#endif
