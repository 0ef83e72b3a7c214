// SPDX-License-Identifier: Apache-2.0
// tcx in words of linux/bpf.h that are newer than Debian 12's headers (6.6).
#pragma once

#include <linux/types.h>

namespace tna {

inline constexpr int kTcxIngress = 46;  // BPF_TCX_INGRESS

// The head of struct bpf_link_info; for XDP and tcx links the interface comes first in the union.
struct LinkInfo {
  __u32 type, id, prog_id, pad;
  __u32 ifindex, attach_type;
  __u64 rest[8];
};

}  // namespace tna
