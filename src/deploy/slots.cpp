// SPDX-License-Identifier: Apache-2.0
#include "deploy/slots.h"

#include <algorithm>
#include <map>

#include "deploy/inline.h"
#include "deploy/instructions.h"
#include "slot_abi.h"

namespace tna {
namespace {

bool sets(const bpf_insn& instruction, std::int32_t number) {
  const bool move = instruction.code == (BPF_ALU | BPF_MOV | BPF_K) ||
                    instruction.code == (BPF_ALU64 | BPF_MOV | BPF_K);
  return move && instruction.imm == number;
}

void set_marks(Instructions& code, std::int32_t mark, bool taken) {
  for (bpf_insn& instruction : code)
    if (is_mark(instruction, mark)) set_mark(instruction, taken);
}

// The function that calls one hook, as the spine has it.
Result<Instructions> step_of(const Instructions& spine) {
  for (std::size_t at = 0; at < spine.size(); at++) {
    if (!is_mark(spine[at], TNA_HOOK_STEP)) continue;
    for (std::size_t to = jump_target(spine, at); to < spine.size(); to++) {
      if (!is_call(spine[to])) continue;
      const std::size_t begin = called(spine, to), end = end_of(spine, begin);
      return Instructions(spine.begin() + static_cast<std::ptrdiff_t>(begin),
                          spine.begin() + static_cast<std::ptrdiff_t>(end));
    }
  }
  return error("this pipeline has no slots for hooks");
}

// The function that calls this hook, and the hook's own, as a program of their own.
Instructions step_for(const PlacedHook& placed, const Instructions& step, int memory, int number) {
  Instructions own = step;
  const HookCode& hook = *placed.hook;
  set_marks(own, TNA_HOOK_MARK_FACTS, hook.reads_facts || hook.reads_headers);
  set_marks(own, TNA_HOOK_MARK_HEADERS, hook.reads_headers);
  set_marks(own, TNA_HOOK_MARK_SAYS, hook.says);
  set_marks(own, TNA_HOOK_MARK_CHANGES, hook.changes);
  set_marks(own, TNA_HOOK_MARK_STEERS, hook.steers);
  for (bpf_insn& instruction : own) {
    if (sets(instruction, TNA_HOOK_NUMBER)) instruction.imm = number;
    if (names_map(instruction) && instruction.imm == memory) instruction.imm = hook.memory;
  }
  for (std::size_t at = 0; at < step.size(); at++)  // it calls nothing else
    if (is_call(own[at])) call(own, at, step.size());
  append(own, hook.code);
  return without_unreachable(own);
}

// Calls one after another, until one has a verdict.
Instructions all_of(const std::vector<Instructions>& steps) {
  constexpr int kArguments = 4, kEach = kArguments + 2;
  if (steps.size() == 1) return steps.front();
  Instructions all;
  std::vector<std::size_t> calls;
  for (int i = 0; i < kArguments; i++) all.push_back(move(BPF_REG_6 + i, BPF_REG_1 + i));
  for (std::size_t left = steps.size(); left > 0; left--) {
    for (int i = 0; i < kArguments; i++) all.push_back(move(BPF_REG_1 + i, BPF_REG_6 + i));
    calls.push_back(all.size());
    all.push_back(kCall);
    all.push_back(jump_if(BPF_JNE, BPF_JMP32, BPF_REG_0, 0, static_cast<int>(left - 1) * kEach));
  }
  all.push_back(kExit);
  for (std::size_t i = 0; i < steps.size(); i++) call(all, calls[i], append(all, steps[i]));
  return all;
}

// These where the function is called that begins at `place`, without calls where the stack allows
// it: what a function has of it goes to the one that it is put into, together with the caller's
// registers.
Instructions with_slot(const Instructions& code, std::size_t place,
                       const std::vector<Instructions>& steps, bool alone) {
  constexpr int kLoop = 32;  // bytes that with_loop() may need
  const auto placed = [&](const Instructions& function) {
    Instructions made = code;
    const std::size_t begin = append(made, function);
    redirect(made, place, begin);
    return std::pair(std::move(made), begin);
  };
  if (alone) {
    std::vector<Instructions> without_calls = steps;
    for (Instructions& each : without_calls) {
      inline_calls(each, end_of(each, 0));
      each = without_unreachable(each);
    }
    auto [made, begin] = placed(all_of(without_calls));
    inline_calls(made, begin);
    if (stack_of(made) <= kStack - kLoop) return made;
  }
  return placed(all_of(steps)).first;
}

// The program begins anew with a packet that a hook has changed.
Result<Instructions> with_loop(const Instructions& code, int to_linux) {
  constexpr auto kCtx = BPF_REG_6, kResume = BPF_REG_7, kTurns = BPF_REG_8;
  Instructions made{move(kCtx, BPF_REG_1),
                    set(kResume, 0),
                    set(kTurns, TNA_HOOK_TURNS),
                    move(BPF_REG_1, kCtx),  // 3
                    move(BPF_REG_2, kResume),
                    kCall,
                    jump_if(BPF_JLT, BPF_JMP32, BPF_REG_0, TNA_HOOK_AGAIN, 6),
                    jump_if(BPF_JGT, BPF_JMP32, BPF_REG_0, TNA_HOOK_AGAIN + 0xff, 5),
                    move(kResume, BPF_REG_0),
                    add(kResume, -TNA_HOOK_AGAIN),
                    add(kTurns, -1),
                    jump_if(BPF_JNE, BPF_JMP, kTurns, 0, -9),
                    set(BPF_REG_0, to_linux),
                    kExit};
  const std::size_t called_at = 5, begin = append(made, code);
  call(made, called_at, begin);
  for (std::size_t at = begin; at < made.size(); at++) {
    bpf_insn& instruction = made[at];
    if (sets(instruction, TNA_HOOK_RESUME)) {
      instruction = move(instruction.dst_reg, BPF_REG_2);
      return made;
    }
    const int kind = BPF_CLASS(instruction.code);
    const bool writes = kind == BPF_ALU || kind == BPF_ALU64 || kind == BPF_LDX || kind == BPF_LD;
    if (kind == BPF_JMP || kind == BPF_JMP32 || (writes && instruction.dst_reg == BPF_REG_2)) break;
  }
  return error("the pipeline does not take up where a hook has changed a packet");
}

}  // namespace

Result<Instructions> with_hooks(Instructions code, std::span<const PlacedHook> hooks, int memory,
                                int to_linux) {
  constexpr std::size_t kMost = 100;
  if (hooks.size() > kMost) return error("more than 100 hooks are in one path");
  std::map<int, std::vector<PlacedHook>> by_slot;
  for (const PlacedHook& placed : hooks) by_slot[placed.slot].push_back(placed);
  const bool again =
      std::ranges::any_of(hooks, [](const auto& each) { return each.hook->changes; });
  if (!hooks.empty()) {
    const Instructions step = TRY(step_of(code));
    int number = 0;
    for (const auto& [slot, placed] : by_slot) {
      const auto place = function_that_returns(code, TNA_SLOT_CALL + slot);
      if (!place) return error("this pipeline has no slot " + std::to_string(slot));
      std::vector<Instructions> steps;
      for (const PlacedHook& each : placed) steps.push_back(step_for(each, step, memory, ++number));
      const bool alone =
          std::ranges::all_of(placed, [](const auto& each) { return each.hook->alone; });
      code = with_slot(code, *place, steps, alone);
    }
  }
  for (int slot = 0; slot < TNA_PLACES; slot++)
    set_marks(code, TNA_SLOT_MARK + slot, by_slot.contains(slot));
  set_marks(code, TNA_HOOK_STEP, false);
  set_marks(code, TNA_STEER_MARK,
            std::ranges::any_of(hooks, [](const auto& each) { return each.hook->steers; }));
  if (again) code = TRY(with_loop(code, to_linux));
  for (bpf_insn& instruction : code)
    if (sets(instruction, TNA_HOOK_RESUME)) instruction.imm = 0;
  return without_unreachable(code);
}

}  // namespace tna
