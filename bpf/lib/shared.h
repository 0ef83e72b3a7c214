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
	__u64 word;
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

#endif
