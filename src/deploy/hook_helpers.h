// SPDX-License-Identifier: Apache-2.0
// hook_helpers.h: the kernel's helpers that a hook may call.
#pragma once

#include <linux/bpf.h>

namespace tna {

struct HookHelper {
  int id;
  int arguments;  // registers from the first on that it looks at; the others may hold anything
  bool facts;     // may be handed a pointer to facts, which it only reads
};

inline constexpr HookHelper kHookHelpers[] = {
    {BPF_FUNC_map_lookup_elem, 2, true},
    {BPF_FUNC_map_update_elem, 4, true},
    {BPF_FUNC_map_delete_elem, 2, true},
    {BPF_FUNC_map_push_elem, 3, true},
    {BPF_FUNC_map_pop_elem, 2, false},
    {BPF_FUNC_map_peek_elem, 2, false},
    {BPF_FUNC_map_lookup_percpu_elem, 3, true},
    {BPF_FUNC_ktime_get_ns, 0, false},
    {BPF_FUNC_ktime_get_boot_ns, 0, false},
    {BPF_FUNC_ktime_get_coarse_ns, 0, false},
    {BPF_FUNC_jiffies64, 0, false},
    {BPF_FUNC_get_prandom_u32, 0, false},
    {BPF_FUNC_get_smp_processor_id, 0, false},
    {BPF_FUNC_get_numa_node_id, 0, false},
    {BPF_FUNC_ringbuf_output, 4, true},
    {BPF_FUNC_ringbuf_reserve, 3, false},
    {BPF_FUNC_ringbuf_submit, 2, false},
    {BPF_FUNC_ringbuf_discard, 2, false},
    {BPF_FUNC_ringbuf_query, 2, false},
    {BPF_FUNC_spin_lock, 1, false},
    {BPF_FUNC_spin_unlock, 1, false},
    {BPF_FUNC_csum_diff, 5, true},
    {BPF_FUNC_trace_printk, 5, false},
    {BPF_FUNC_strncmp, 3, true},
};

}  // namespace tna
