// SPDX-License-Identifier: Apache-2.0
// BPF instructions as tests write them, besides those that the loader writes itself.
#pragma once

#include "deploy/instructions.h"

namespace tna {

constexpr bpf_insn instruction(int code, int to = 0, int from = 0, int off = 0,
                               std::int32_t value = 0) {
  return {.code = static_cast<__u8>(code),
          .dst_reg = static_cast<__u8>(to & 0xf),
          .src_reg = static_cast<__u8>(from & 0xf),
          .off = static_cast<__s16>(off),
          .imm = value};
}
constexpr bpf_insn load(int to, int from, int off, int size = BPF_DW) {
  return instruction(BPF_LDX | BPF_MEM | size, to, from, off);
}
constexpr bpf_insn store(int to, int off, int from, int size = BPF_DW) {
  return instruction(BPF_STX | BPF_MEM | size, to, from, off);
}
constexpr bpf_insn go(int distance) {
  return instruction(BPF_JMP | BPF_JA, 0, 0, distance);
}
constexpr bpf_insn helper(int id) {
  return instruction(BPF_JMP | BPF_CALL, 0, 0, 0, id);
}
// A call of the code's own function that is so far behind.
constexpr bpf_insn own(int distance) {
  return instruction(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, distance);
}

}  // namespace tna
