/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* slots.h: the places for users' own code (slot_abi.h). Where nothing is linked in, nothing of this is in
 * the program. A hook is told its facts by memory of its own, so that the spine's values can stay in
 * registers.
 */
#ifndef TNA_SLOTS_H
#define TNA_SLOTS_H

#include "slot_abi.h"
#include "lib/hook_facts.h"
#include "lib/pkt.h"

#ifndef TNA_PROBE_READS
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1); /* each hook has its own in the place of this one */
	__type(key, __u32);
	__type(value, struct tna_hook_memory);
} tna_hook_memory SEC(".maps");

/* A jump that the loader makes an unconditional one, or takes out. */
#define TNA_MARKED(mark, label) asm goto("if r10 == %0 goto %l[" #label "]" ::"i"(mark)::label)

__weak __hidden int tna_hook_code(const struct tna_facts *facts, void *packet)
{
	return TNA_HOOK_CODE;
}

/* Calls one hook. The loader copies it for each of them. `egress`, `followed`: struct tna_facts;
 * `resume`: hooks with lower numbers have seen this packet before it was changed. Says a verdict, and
 * with TNA_AGAIN from the ninth bit on the number of the hook behind this one, with TNA_STEERED the index of
 * the interface that it has chosen. Weak, so that clang does not
 * leave out what this file's one call need not hand over.
 */
__weak __hidden int tna_hook_step(void *ctx, __u32 egress, bool followed, __u32 resume)
{
	struct tna_hook_memory *m;
	struct tna_pkt p = {.ctx = ctx};
	__u32 key = 0, number;
	__u64 begin = 0;
	int says;

	asm volatile("%0 = %1" : "=r"(number) : "i"(TNA_HOOK_NUMBER));
	if (number < resume)
		return TNA_NEXT;
	m = bpf_map_lookup_elem(&tna_hook_memory, &key);
	if (!m) /* can't be */
		return TNA_NEXT;
	TNA_MARKED(TNA_HOOK_MARK_FACTS, facts);
	goto known;
facts:
	m->facts.ingress = tna_ctx_ifindex(&p);
	m->facts.egress = egress;
	m->facts.length = tna_ctx_length(&p);
	m->facts.xdp = TNA_AT_XDP;
	m->facts.followed = followed;
	TNA_MARKED(TNA_HOOK_MARK_HEADERS, headers);
	goto known;
headers:
	tna_hook_headers(&p, &m->facts);
known:
	if (!(m->counters.runs++ % TNA_HOOK_TIMED))
		begin = bpf_ktime_get_ns();
	says = tna_hook_code(&m->facts, ctx);
	if (begin) {
		m->counters.timed++;
		m->counters.nanoseconds += bpf_ktime_get_ns() - begin;
	}
	TNA_MARKED(TNA_HOOK_MARK_SAYS, heard);
	return TNA_NEXT;
heard:
	if (says == TNA_LEAVE) {
		m->counters.left++;
		return TNA_PUNT;
	}
	if (says == TNA_DISCARD) {
		m->counters.discarded++;
		return TNA_DROP;
	}
	if (says == TNA_CHANGED) {
		TNA_MARKED(TNA_HOOK_MARK_CHANGES, changed);
		return TNA_NEXT;
changed:
		m->counters.changed++;
		asm volatile("%0 = %1" : "=r"(number) : "i"(TNA_HOOK_NUMBER));
		return TNA_AGAIN | (number + 1) << 8;
	}
	if ((says & 0xff) == TNA_LEAVES_BY) {
		TNA_MARKED(TNA_HOOK_MARK_STEERS, steers);
		return TNA_NEXT;
steers:
		m->counters.steered++;
		return TNA_STEERED | (says & ~0xff);
	}
	return TNA_NEXT;
}

#define TNA_SLOT_DEFINE(slot)                                                                      \
	__weak __hidden int tna_slot_##slot(void *ctx, __u32 egress, bool followed, __u32 resume)  \
	{                                                                                          \
		return TNA_SLOT_CALL + TNA_SLOT_##slot;                                            \
	}
#define TNA_SLOTS_DEFINE(module) TNA_SLOT_DEFINE(before_##module) TNA_SLOT_DEFINE(after_##module)
TNA_MODULES(TNA_SLOTS_DEFINE)
TNA_SLOT_DEFINE(end)

static __always_inline enum tna_verdict tna_slot_said(struct tna_pkt *p, int said)
{
	p->reason = TNA_R_HOOK;
	p->resume = (__u32)said >> 8;
	return said & 0xff;
}

#define TNA_SLOT(p, slot)                                                                          \
	({                                                                                         \
		__label__ linked, on;                                                              \
		enum tna_verdict heard = TNA_NEXT;                                                 \
		TNA_MARKED(TNA_SLOT_MARK + TNA_SLOT_##slot, linked);                               \
		goto on;                                                                           \
	linked:                                                                                    \
		heard = tna_slot_##slot((p)->ctx, (p)->out_ifindex, (p)->followed, (p)->resume); \
		if (heard)                                                                         \
			heard = tna_slot_said(p, heard);                                           \
	on:                                                                                        \
		heard;                                                                             \
	})

/* Never called from here: it keeps the function in the object, and tells the loader where it is. */
static __always_inline enum tna_verdict tna_slots_kept(struct tna_pkt *p)
{
	TNA_MARKED(TNA_HOOK_STEP, never);
	return TNA_NEXT;
never:
	return tna_hook_step(p->ctx, p->out_ifindex, false, p->resume);
}

/* To be the first of all: r2 must not have been written. */
static __always_inline __u32 tna_slot_resume(void)
{
	__u32 resume;

	asm volatile("%0 = %1" : "=r"(resume) : "i"(TNA_HOOK_RESUME));
	return resume;
}
#else
/* The stack has no room for hooks where every read is a call of a helper. */
#define TNA_SLOT(p, slot) TNA_NEXT
#define tna_slots_kept(p) TNA_NEXT
#define tna_slot_resume() 0
#endif

/* A module's work, between its two slots. */
#define TNA_STEP(p, module, work)                                                                  \
	({                                                                                         \
		enum tna_verdict step = TNA_SLOT(p, before_##module);                              \
		if (!step)                                                                         \
			step = (work);                                                             \
		if (!step)                                                                         \
			step = TNA_SLOT(p, after_##module);                                        \
		step;                                                                              \
	})

#endif
