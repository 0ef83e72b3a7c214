// SPDX-License-Identifier: Apache-2.0
#include "deploy/inline.h"

#include <algorithm>
#include <map>
#include <optional>

namespace tna {
namespace {

constexpr int kFrame = 32;          // bytes: a frame of the stack takes a multiple
constexpr std::size_t kMost = 200;  // instructions of a small function
constexpr std::size_t kFarthest = INT16_MAX;
constexpr int kSaved = BPF_REG_6, kSavedEnd = BPF_REG_10;

struct Range {
  std::size_t begin, end;
};

Range function_around(const Instructions& code, std::size_t at) {
  std::size_t begin = 0;
  for (std::size_t i = 0; i < code.size(); i++)
    if (is_call(code[i]) && called(code, i) <= at) begin = std::max(begin, called(code, i));
  return {begin, end_of(code, begin)};
}

bool accesses(const bpf_insn& instruction) {
  const int kind = BPF_CLASS(instruction.code);
  return kind == BPF_LDX || kind == BPF_ST || kind == BPF_STX;
}

int base_of(const bpf_insn& access) {
  return BPF_CLASS(access.code) == BPF_LDX ? access.src_reg : access.dst_reg;
}

bool computes(const bpf_insn& instruction) {
  const int kind = BPF_CLASS(instruction.code);
  return kind == BPF_ALU || kind == BPF_ALU64;
}

bool copies_frame(const bpf_insn& instruction) {
  return instruction.code == (BPF_ALU64 | BPF_MOV | BPF_X) && instruction.src_reg == BPF_REG_10;
}

// What it may reach below the frame pointer. Each small number that is subtracted is taken for a
// way into the stack.
int depth(const bpf_insn& instruction) {
  if (accesses(instruction) && base_of(instruction) == BPF_REG_10) return -instruction.off;
  const bool adds = instruction.code == (BPF_ALU64 | BPF_ADD | BPF_K);
  return adds && instruction.imm < 0 && instruction.imm >= -kStack ? -instruction.imm : 0;
}

int depth(const Instructions& code, Range range) {
  int deepest = 0;
  for (std::size_t at = range.begin; at < range.end; at++)
    deepest = std::max(deepest, depth(code[at]));
  return (deepest + 7) / 8 * 8;
}

// Nothing is done with the frame pointer but what is moved along below.
bool frame_is_followed(const bpf_insn& instruction) {
  const bool as_source = instruction.src_reg == BPF_REG_10, as_base = accesses(instruction);
  if (BPF_CLASS(instruction.code) == BPF_LDX || !as_source) return true;
  if (as_base) return false;  // it is stored
  const bool by_register = BPF_SRC(instruction.code) == BPF_X;
  return copies_frame(instruction) || !computes(instruction) || !by_register;
}

bool is_leaf(const Instructions& function) {
  return std::ranges::none_of(
      function, [](const bpf_insn& each) { return is_call(each) || names_function(each); });
}

// Of those that a function has to leave as they were.
std::vector<int> written(const Instructions& function) {
  std::vector<int> registers;
  for (int reg = kSaved; reg < kSavedEnd; reg++) {
    const bool is_written = std::ranges::any_of(function, [&](const bpf_insn& each) {
      const int kind = BPF_CLASS(each.code);
      if (kind == BPF_STX && BPF_MODE(each.code) == BPF_ATOMIC) return each.src_reg == reg;
      return (computes(each) || kind == BPF_LDX || kind == BPF_LD) && each.dst_reg == reg;
    });
    if (is_written) registers.push_back(reg);
  }
  return registers;
}

bpf_insn kept_at(int kind, int reg, int offset) {
  const auto number = static_cast<__u8>(reg & 0xf);
  const bool load = kind == BPF_LDX;
  return {.code = static_cast<__u8>(kind | BPF_MEM | BPF_DW),
          .dst_reg = load ? number : static_cast<__u8>(BPF_REG_10),
          .src_reg = load ? static_cast<__u8>(BPF_REG_10) : number,
          .off = static_cast<__s16>(offset)};
}

// The function as a part of another one, whose stack it goes on below.
Instructions as_part(const Instructions& function, int below) {
  std::vector<std::size_t> lengths(function.size(), 1);
  for (std::size_t at = 0; at < function.size(); at++)
    if (copies_frame(function[at])) lengths[at] = 2;
  Instructions body = spread(function, lengths);
  for (std::size_t at = 0; at < body.size(); at++) {
    bpf_insn& each = body[at];
    if (is_exit(each))
      each = {.code = BPF_JMP | BPF_JA, .off = static_cast<__s16>(body.size() - at - 1)};
    else if (copies_frame(each))
      body[at + 1] = {.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = each.dst_reg, .imm = -below};
    else if (accesses(each) && base_of(each) == BPF_REG_10)
      each.off = static_cast<__s16>(each.off - below);
  }
  int at = -below - depth(function, {0, function.size()});
  Instructions part, restored;
  for (int reg : written(function)) {
    at -= 8;
    part.push_back(kept_at(BPF_STX, reg, at));
    restored.push_back(kept_at(BPF_LDX, reg, at));
  }
  append(part, body);
  append(part, restored);
  return part;
}

}  // namespace

int stack_of(const Instructions& code) {
  std::map<std::size_t, std::vector<std::size_t>> calls{{0, {}}};
  for (std::size_t at = 0; at < code.size(); at++)
    if (is_call(code[at]) || names_function(code[at])) calls[called(code, at)];
  for (auto function = calls.begin(); function != calls.end(); ++function) {
    const auto next = std::next(function);
    const std::size_t end = next == calls.end() ? code.size() : next->first;
    for (std::size_t at = function->first; at < end; at++)
      if (is_call(code[at]) || names_function(code[at]))
        function->second.push_back(called(code, at));
  }
  std::map<std::size_t, int> known;
  const auto chain = [&](const auto& self, std::size_t function) -> int {
    if (const auto found = known.find(function); found != known.end()) return found->second;
    known[function] = kStack;  // a function that calls itself, which the kernel refuses
    int below = 0;
    for (std::size_t each : calls[function]) below = std::max(below, self(self, each));
    const auto next = calls.upper_bound(function);
    const Range range{function, next == calls.end() ? code.size() : next->first};
    const int own = (std::max(depth(code, range), 1) + kFrame - 1) / kFrame * kFrame;
    return known[function] = own + below;
  };
  return chain(chain, 0);
}

void inline_calls(Instructions& code, std::size_t function) {
  const std::size_t end = end_of(code, function);
  const Instructions small(code.begin() + static_cast<std::ptrdiff_t>(function),
                           code.begin() + static_cast<std::ptrdiff_t>(end));
  if (small.size() > kMost || !is_leaf(small) || !std::ranges::all_of(small, frame_is_followed))
    return;
  for (std::size_t at = 0; at < code.size(); at++) {
    if (!is_call(code[at]) || called(code, at) != function) continue;
    const Instructions part = as_part(small, depth(code, function_around(code, at)));
    if (code.size() + part.size() > kFarthest) return;
    std::vector<std::size_t> lengths(code.size(), 1);
    lengths[at] = part.size();
    Instructions longer = spread(code, lengths);
    std::ranges::copy(part, longer.begin() + static_cast<std::ptrdiff_t>(at));
    if (stack_of(longer) > kStack) continue;
    code = std::move(longer);
    if (function > at) function += part.size() - 1;
    at += part.size() - 1;
  }
}

}  // namespace tna
