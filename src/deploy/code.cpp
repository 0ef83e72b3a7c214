// SPDX-License-Identifier: Apache-2.0
#include "deploy/code.h"

#include <algorithm>

namespace tna {
namespace {

bool is_wide(const bpf_insn& instruction) {
  return instruction.code == (BPF_LD | BPF_IMM | BPF_DW);
}

bool is_always_taken(const bpf_insn& instruction) {
  return is_jump(instruction) && BPF_OP(instruction.code) == BPF_JA;
}

std::vector<std::size_t> reachable(const Instructions& code) {
  std::vector<std::size_t> seen(code.size());
  std::vector<std::size_t> to_see{0};
  while (!to_see.empty()) {
    const std::size_t at = to_see.back();
    to_see.pop_back();
    if (at >= code.size() || seen[at]) continue;
    seen[at] = 1;
    const bpf_insn& instruction = code[at];
    if (is_wide(instruction) && at + 1 < code.size()) seen[at + 1] = 1;
    if (is_jump(instruction)) to_see.push_back(jump_target(code, at));
    if (is_call(instruction) || names_function(instruction)) to_see.push_back(called(code, at));
    if (!is_exit(instruction) && !is_always_taken(instruction))
      to_see.push_back(at + (is_wide(instruction) ? 2 : 1));
  }
  return seen;
}

}  // namespace

bool is_call(const bpf_insn& instruction) {
  return instruction.code == (BPF_JMP | BPF_CALL) && instruction.src_reg == BPF_PSEUDO_CALL;
}

std::size_t called(const Instructions& code, std::size_t at) {
  return at + 1 + static_cast<std::size_t>(code[at].imm);
}

void call(Instructions& code, std::size_t at, std::size_t function) {
  code[at].imm = static_cast<std::int32_t>(function) - static_cast<std::int32_t>(at) - 1;
}

bool names_function(const bpf_insn& instruction) {
  return is_wide(instruction) && instruction.src_reg == BPF_PSEUDO_FUNC;
}

bool is_exit(const bpf_insn& instruction) {
  return instruction.code == (BPF_JMP | BPF_EXIT);
}

bool names_map(const bpf_insn& instruction) {
  return is_wide(instruction) &&
         (instruction.src_reg == BPF_PSEUDO_MAP_FD || instruction.src_reg == BPF_PSEUDO_MAP_VALUE);
}

bool is_jump(const bpf_insn& instruction) {
  const int kind = BPF_CLASS(instruction.code), operation = BPF_OP(instruction.code);
  return (kind == BPF_JMP && operation != BPF_CALL && operation != BPF_EXIT) || kind == BPF_JMP32;
}

std::size_t jump_target(const Instructions& code, std::size_t at) {
  const bool far = code[at].code == (BPF_JMP32 | BPF_JA);
  return at + 1 + static_cast<std::size_t>(far ? code[at].imm : code[at].off);
}

std::optional<std::size_t> function_that_returns(const Instructions& code, std::int32_t number) {
  for (std::size_t at = 0; at + 1 < code.size(); at++) {
    const bool move = code[at].code == (BPF_ALU | BPF_MOV | BPF_K) ||
                      code[at].code == (BPF_ALU64 | BPF_MOV | BPF_K);
    if (move && code[at].dst_reg == BPF_REG_0 && code[at].imm == number && is_exit(code[at + 1]))
      return at;
  }
  return std::nullopt;
}

void redirect(Instructions& code, std::size_t from, std::size_t to) {
  for (std::size_t at = 0; at < code.size(); at++)
    if (is_call(code[at]) && called(code, at) == from) call(code, at, to);
}

std::size_t end_of(const Instructions& code, std::size_t function) {
  std::size_t end = code.size();
  for (std::size_t at = 0; at < code.size(); at++)
    if (is_call(code[at]) && called(code, at) > function) end = std::min(end, called(code, at));
  return end;
}

std::size_t append(Instructions& code, const Instructions& function) {
  const std::size_t begin = code.size();
  code.insert(code.end(), function.begin(), function.end());
  return begin;
}

bool is_mark(const bpf_insn& instruction, std::int32_t mark) {
  return instruction.code == (BPF_JMP | BPF_JEQ | BPF_K) && instruction.dst_reg == BPF_REG_10 &&
         instruction.imm == mark;
}

void set_mark(bpf_insn& instruction, bool taken) {
  instruction = {.code = BPF_JMP | BPF_JA, .off = taken ? instruction.off : static_cast<__s16>(0)};
}

Instructions spread(const Instructions& code, const std::vector<std::size_t>& lengths) {
  std::vector<std::size_t> now(code.size() + 1);
  for (std::size_t at = 0; at < code.size(); at++) now[at + 1] = now[at] + lengths[at];
  Instructions made(now.back());
  for (std::size_t at = 0; at < code.size(); at++) {
    if (!lengths[at]) continue;
    bpf_insn instruction = code[at];
    const auto distance = [&](std::size_t to) {
      return static_cast<std::int32_t>(now[to]) - static_cast<std::int32_t>(now[at]) - 1;
    };
    if (is_call(instruction) || names_function(instruction))
      instruction.imm = distance(called(code, at));
    else if (instruction.code == (BPF_JMP32 | BPF_JA))
      instruction.imm = distance(jump_target(code, at));
    else if (is_jump(instruction))
      instruction.off = static_cast<std::int16_t>(distance(jump_target(code, at)));
    made[now[at]] = instruction;
  }
  return made;
}

Instructions without_unreachable(const Instructions& code) {
  Instructions made = spread(code, reachable(code));
  for (;;) {
    std::vector<std::size_t> kept(made.size(), 1);
    bool all = true;
    for (std::size_t at = 0; at < made.size(); at++) {
      if (!is_always_taken(made[at]) || jump_target(made, at) != at + 1) continue;
      kept[at] = 0;
      all = false;
    }
    if (all) return made;
    made = spread(made, kept);
  }
}

}  // namespace tna
