// SPDX-License-Identifier: Apache-2.0
#include "deploy/alone.h"

#include <bpf/bpf.h>

#include <cstddef>

#include "base/fd.h"
#include "deploy/instructions.h"
#include "slot_abi.h"

namespace tna {

bool taken_alone(const HookCode& hook, bpf_prog_type type) {
  Instructions code{
      move(BPF_REG_6, BPF_REG_1),
      {.code = BPF_ST | BPF_MEM | BPF_W, .dst_reg = BPF_REG_10, .off = -4},
      move(BPF_REG_2, BPF_REG_10),
      add(BPF_REG_2, -4),
      {.code = BPF_LD | BPF_IMM | BPF_DW,
       .dst_reg = BPF_REG_1,
       .src_reg = BPF_PSEUDO_MAP_FD,
       .imm = hook.memory},
      {},
      {.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_map_lookup_elem},
      jump_if(BPF_JEQ, BPF_JMP, BPF_REG_0, 0, 4),
      move(BPF_REG_1, BPF_REG_0),
      add(BPF_REG_1, offsetof(tna_hook_memory, facts)),
      move(BPF_REG_2, BPF_REG_6),
      kCall,
      set(BPF_REG_0, 0),
      kExit,
  };
  call(code, code.size() - 3, code.size());
  append(code, hook.code);
  code = without_unreachable(code);
  return Fd(bpf_prog_load(type, "tna_hook_alone", "Dual BSD/GPL", code.data(), code.size(),
                          nullptr))
             .get() >= 0;
}

}  // namespace tna
