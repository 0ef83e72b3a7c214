/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Takes more stack than there is left below the path: the verifier's to refuse. */
#include <tna/hook.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

TNA_OBSERVER(deep)
{
	__u8 much[400] = {};

	bpf_ringbuf_output(&ring, much, sizeof(much), 0);
}
TNA_LICENSE("GPL");
