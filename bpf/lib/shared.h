/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* shared.h: the memory that the controller shares with the fast path: constants, guards, lease,
 * counters, events. Sections of their own, so that each is a map of its own: .data.guard belongs to
 * one program, .data.lease and the maps to all programs of a daemon.
 */
#ifndef TNA_SHARED_H
#define TNA_SHARED_H

#include "tna.h"
#include "lib/pkt.h"

const volatile union {
	struct tna_const by_name;
	__u64 words[TNA_CONST_WORDS];
} tna_const SEC(".rodata") = {};
volatile struct tna_guard tna_guard SEC(".data.guard") = {};
volatile struct tna_lease tna_lease SEC(".data.lease") = {};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TNA_SLOTS);
	__type(key, __u32);
	__type(value, struct tna_slot);
} tna_slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1); /* the controller sets it */
	__type(key, __u32);
	__type(value, struct tna_counters);
} tna_counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} tna_events SEC(".maps");

#ifdef TNA_PROBE_READS
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tna_copies);
} tna_copies SEC(".maps");
#endif

/* False: there is no memory to read into. Can't be, but the verifier wants to hear it. */
static __always_inline bool tna_copies_open(struct tna_pkt *p)
{
#ifdef TNA_PROBE_READS
	__u32 key = 0;

	p->copies = bpf_map_lookup_elem(&tna_copies, &key);
	return p->copies;
#else
	return true;
#endif
}

#endif
