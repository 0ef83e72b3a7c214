// SPDX-License-Identifier: Apache-2.0
// instructions.h: the BPF instructions that the loader writes itself.
#pragma once

#include <linux/bpf.h>

#include <cstdint>

namespace tna {

constexpr bpf_insn move(int to, int from) {
  return {.code = BPF_ALU64 | BPF_MOV | BPF_X,
          .dst_reg = static_cast<__u8>(to & 0xf),
          .src_reg = static_cast<__u8>(from & 0xf)};
}
constexpr bpf_insn set(int to, std::int32_t value) {
  return {
      .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = static_cast<__u8>(to & 0xf), .imm = value};
}
constexpr bpf_insn add(int to, std::int32_t value) {
  return {
      .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = static_cast<__u8>(to & 0xf), .imm = value};
}
constexpr bpf_insn jump_if(int operation, int kind, int reg, std::int32_t value, int distance) {
  return {.code = static_cast<__u8>(kind | operation | BPF_K),
          .dst_reg = static_cast<__u8>(reg & 0xf),
          .off = static_cast<__s16>(distance),
          .imm = value};
}
inline constexpr bpf_insn kCall = {.code = BPF_JMP | BPF_CALL, .src_reg = BPF_PSEUDO_CALL};
inline constexpr bpf_insn kExit = {.code = BPF_JMP | BPF_EXIT};

}  // namespace tna
