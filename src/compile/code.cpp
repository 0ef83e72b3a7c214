// SPDX-License-Identifier: Apache-2.0
#include "compile/code.h"

#include <limits>

#include "compile/compiled_rules.h"

namespace tna {
namespace {

int size_code(int size) {
  switch (size) {
    case 1:
      return BPF_B;
    case 2:
      return BPF_H;
    case 4:
      return BPF_W;
    default:
      return BPF_DW;
  }
}

bpf_insn instruction(int code, int to = 0, int from = 0, int offset = 0, std::int32_t value = 0) {
  bpf_insn made{};
  made.code = static_cast<__u8>(code);
  made.dst_reg = static_cast<__u8>(to & 0xf);
  made.src_reg = static_cast<__u8>(from & 0xf);
  made.off = static_cast<__s16>(offset);
  made.imm = value;
  return made;
}

}  // namespace

void Code::emit(bpf_insn made) {
  if (reachable_) code_.push_back(made);
}

Code::Label Code::label() {
  places_.push_back(-1);
  wanted_.push_back(false);
  return places_.size() - 1;
}

void Code::place(Label label) {
  places_[label] = static_cast<std::ptrdiff_t>(code_.size());
  reachable_ |= wanted_[label];
  if (wanted_[label]) last_place_ = code_.size();
}

void Code::move(int to, int from) {
  emit(instruction(BPF_ALU64 | BPF_MOV | BPF_X, to, from));
}
void Code::set(int to, std::int32_t value) {
  emit(instruction(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value));
}
void Code::set_wide(int to, std::uint64_t value) {
  emit(instruction(BPF_LD | BPF_IMM | BPF_DW, to, 0, 0, static_cast<std::int32_t>(value)));
  emit(instruction(0, 0, 0, 0, static_cast<std::int32_t>(value >> 32)));
}
void Code::set_map(int to, int map) {
  emit(instruction(BPF_LD | BPF_IMM | BPF_DW, to, BPF_PSEUDO_MAP_FD, 0, map));
  emit(instruction(0));
}
void Code::load(int size, int to, int from, int offset) {
  emit(instruction(BPF_LDX | BPF_MEM | size_code(size), to, from, offset));
}
void Code::store(int size, int to, int offset, int from) {
  emit(instruction(BPF_STX | BPF_MEM | size_code(size), to, from, offset));
}
void Code::store_value(int size, int to, int offset, std::int32_t value) {
  emit(instruction(BPF_ST | BPF_MEM | size_code(size), to, 0, offset, value));
}
void Code::add(int to, int from) {
  emit(instruction(BPF_ALU64 | BPF_ADD | BPF_X, to, from));
}
void Code::add_value(int to, std::int32_t value) {
  emit(instruction(BPF_ALU64 | BPF_ADD | BPF_K, to, 0, 0, value));
}
void Code::change(int operation, int of, std::uint32_t value) {
  emit(instruction(BPF_ALU | operation | BPF_K, of, 0, 0, static_cast<std::int32_t>(value)));
}
void Code::either(int to, int from) {
  emit(instruction(BPF_ALU | BPF_OR | BPF_X, to, from));
}
void Code::differ(int to, int from) {
  emit(instruction(BPF_ALU | BPF_XOR | BPF_X, to, from));
}
void Code::swap(int of, int bits) {
  emit(instruction(BPF_ALU | BPF_END | BPF_TO_BE, of, 0, 0, bits));
}

void Code::jump(Label to) {
  if (!reachable_) return;
  jumps_.emplace_back(code_.size(), to);
  wanted_[to] = true;
  emit(instruction(BPF_JMP | BPF_JA));
  reachable_ = false;
}
void Code::jump_if(int relation, int of, std::uint32_t value, Label to) {
  if (!reachable_) return;
  ++branches_;
  jumps_.emplace_back(code_.size(), to);
  wanted_[to] = true;
  emit(instruction(BPF_JMP32 | relation | BPF_K, of, 0, 0, static_cast<std::int32_t>(value)));
}
void Code::jump_if_wide(int relation, int of, int than, Label to) {
  if (!reachable_) return;
  ++branches_;
  jumps_.emplace_back(code_.size(), to);
  wanted_[to] = true;
  emit(instruction(BPF_JMP | relation | BPF_X, of, than));
}
void Code::jump_if_null(int of, Label to) {
  if (!reachable_) return;
  ++branches_;
  jumps_.emplace_back(code_.size(), to);
  wanted_[to] = true;
  emit(instruction(BPF_JMP | BPF_JEQ | BPF_K, of));
}
bool Code::turn_round(Label outside, Label inside) {
  if (!reachable_ || last_place_ == code_.size() || jumps_.empty() ||
      jumps_.back() != std::pair(code_.size() - 1, outside))
    return false;
  constexpr std::pair<int, int> kOpposites[] = {
      {BPF_JEQ, BPF_JNE}, {BPF_JGT, BPF_JLE}, {BPF_JLT, BPF_JGE}};
  bpf_insn& jump = code_.back();
  const int relation = BPF_OP(jump.code);
  for (auto [one, other] : kOpposites) {
    if (relation != one && relation != other) continue;
    jump.code = static_cast<__u8>(jump.code ^ relation ^ (relation == one ? other : one));
    jumps_.back().second = inside;
    wanted_[inside] = true;
    return true;
  }
  return false;
}
void Code::call(int helper) {
  emit(instruction(BPF_JMP | BPF_CALL, 0, 0, 0, helper));
}
void Code::find_rule() {
  emit(instruction(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, kFindRule));
}
void Code::exit() {
  emit(instruction(BPF_JMP | BPF_EXIT));
  reachable_ = false;
}

Result<std::vector<bpf_insn>> Code::finish() {
  for (const auto& [at, label] : jumps_) {
    std::ptrdiff_t distance = places_[label] - static_cast<std::ptrdiff_t>(at) - 1;
    if (distance > std::numeric_limits<__s16>::max() ||
        distance < std::numeric_limits<__s16>::min())
      return error("a jump over " + std::to_string(distance) + " instructions");
    code_[at].off = static_cast<__s16>(distance);
  }
  return std::move(code_);
}

}  // namespace tna
