// SPDX-License-Identifier: Apache-2.0
#include "deploy/alone.h"

#include <bpf/bpf.h>

#include <cstddef>

#include "base/fd.h"
#include "slot_abi.h"

namespace tna {

bool taken_alone(const HookCode& hook, bpf_prog_type type) {
  Code code{
      {.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_6, .src_reg = BPF_REG_1},
      {.code = BPF_ST | BPF_MEM | BPF_W, .dst_reg = BPF_REG_10, .off = -4},
      {.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_2, .src_reg = BPF_REG_10},
      {.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_2, .imm = -4},
      {.code = BPF_LD | BPF_IMM | BPF_DW,
       .dst_reg = BPF_REG_1,
       .src_reg = BPF_PSEUDO_MAP_FD,
       .imm = hook.memory},
      {},
      {.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_map_lookup_elem},
      {.code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = BPF_REG_0, .off = 4},
      {.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_0},
      {.code = BPF_ALU64 | BPF_ADD | BPF_K,
       .dst_reg = BPF_REG_1,
       .imm = offsetof(tna_hook_memory, facts)},
      {.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_2, .src_reg = BPF_REG_6},
      {.code = BPF_JMP | BPF_CALL, .src_reg = BPF_PSEUDO_CALL, .imm = 2},
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
      {.code = BPF_JMP | BPF_EXIT},
  };
  append(code, hook.code);
  code = without_unreachable(code);
  return Fd(bpf_prog_load(type, "tna_hook_alone", "Dual BSD/GPL", code.data(), code.size(),
                          nullptr))
             .get() >= 0;
}

}  // namespace tna
