// SPDX-License-Identifier: Apache-2.0
// Follows pointers to the facts and to the packet through the code, along all of its ways at once:
// what a register may hold on one of them, it is taken to hold. All else is the verifier's to
// judge.
#include "deploy/hook_check.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "deploy/hook_helpers.h"
#include "deploy/hook_places.h"
#include "deploy/hook_state.h"
#include "tna/hook_abi.h"

namespace tna {
namespace {

constexpr int kDeepest = 8;
constexpr std::size_t kMost = 100'000;  // instructions

class Checker {
 public:
  Checker(const Instructions& code, HookKind kind) : code_(code), kind_(kind) {}

  Result<HookReads> run() {
    if (code_.empty()) return error("the hook has no code");
    if (code_.size() > kMost) return error("the hook has more than 100000 instructions");
    places_ = places_in(code_);
    HookState start;
    start.reg[1] = {.facts = true, .at = 0};
    start.reg[2] = {.packet = true};
    TRY(function(0, start, 0));
    return reads_;
  }

 private:
  std::unexpected<Error> refuse(std::size_t at, const std::string& why) const {
    return error("instruction " + std::to_string(at) + ": " + why);
  }
  std::string who() const {
    return std::string(kind_ == HookKind::observer ? "an " : "a ") + to_string(kind_);
  }

  void read(const Holds& from, int at, int size) {
    if (!from.facts) return;
    reads_.facts = true;
    if (!from.at || *from.at + at + size > TNA_FACTS_HEADERS) reads_.headers = true;
  }
  void read_all() { reads_.facts = reads_.headers = true; }

  // What its callers know afterwards of what it returns.
  Result<Holds> function(std::size_t begin, HookState start, int depth) {
    if (depth > kDeepest)
      return refuse(begin, "functions call one another too deeply, or themselves");
    start.reg[10] = {.stack = true, .at = 0};
    std::map<std::size_t, HookState> states;
    std::vector<std::size_t> todo;
    Holds returned;
    const auto go = [&](std::size_t to, const HookState& state) -> Result<> {
      if (to >= code_.size()) return error("the code leads out of itself");
      if (states[to].join(state)) todo.push_back(to);
      return {};
    };
    TRY(go(begin, start));
    while (!todo.empty()) {
      const std::size_t at = todo.back();
      todo.pop_back();
      if (++steps_ > 20 * kMost) return refuse(at, "the code is too intricate to be checked");
      HookState state = states[at];
      const bpf_insn& instruction = code_[at];
      const int kind = BPF_CLASS(instruction.code), operation = BPF_OP(instruction.code);
      if (instruction.code == (BPF_JMP | BPF_EXIT)) {
        returned.join(state.reg[0]);
        continue;
      }
      if (is_jump(instruction)) {
        TRY(go(jump_target(code_, at), state));
        if (operation != BPF_JA) TRY(go(at + 1, state));
        continue;
      }
      std::size_t next = at + 1;
      if (kind == BPF_LD) {
        TRY(load_constant(at, state));
        next = at + 2;
      } else if (kind == BPF_LDX) {
        TRY(load(at, state));
      } else if (kind == BPF_ST || kind == BPF_STX) {
        TRY(store(at, state));
      } else if (kind == BPF_ALU || kind == BPF_ALU64) {
        compute(instruction, state);
      } else {
        TRY(function_call(at, state, depth));
      }
      TRY(go(next, state));
    }
    if (returned.packet || returned.stack) return refuse(begin, "a pointer is returned");
    return returned;
  }

  Result<> load_constant(std::size_t at, HookState& state) {
    const bpf_insn& instruction = code_[at];
    if (instruction.code != (BPF_LD | BPF_IMM | BPF_DW) || at + 1 >= code_.size())
      return refuse(at, "it reads the packet by old instructions");
    if (instruction.src_reg == BPF_PSEUDO_FUNC) return refuse(at, "it has functions called back");
    if (instruction.src_reg != 0 && !names_map(instruction))
      return refuse(at, "it reads the kernel's own variables");
    return put(at, state, {});
  }

  Result<> put(std::size_t at, HookState& state, const Holds& value) {
    const int reg = code_[at].dst_reg;
    if (reg >= BPF_REG_10) return refuse(at, "it writes to register " + std::to_string(reg));
    state.reg[reg] = value;
    return {};
  }

  Result<> load(std::size_t at, HookState& state) {
    const bpf_insn& instruction = code_[at];
    if (instruction.src_reg > BPF_REG_10) return refuse(at, "there is no such register");
    const Holds& from = state.reg[instruction.src_reg];
    if (from.packet && kind_ == HookKind::observer)
      return refuse(at, "an observer is not given the packet");
    if (from.packet) return refuse(at, who() + " can't look into the packet but by tna_load()");
    constexpr int kSizes[] = {4, 2, 1, 8};  // of BPF_W, BPF_H, BPF_B, BPF_DW
    read(from, instruction.off, kSizes[BPF_SIZE(instruction.code) >> 3]);
    Holds value;
    if (from.stack && from.at && !from.facts && !from.above) {
      const int place = -(*from.at + instruction.off);
      if (place > 0 && place <= kStack)
        value = state.word[static_cast<std::size_t>((place - 1) / 8)];
    } else if (from.stack) {
      for (const Holds& word : state.word) value.join(word);
    }
    if (from.stack) value.join(state.somewhere);
    if (from.above) value.join(state.above);
    return put(at, state, value);
  }

  Result<> store(std::size_t at, HookState& state) {
    const bpf_insn& instruction = code_[at];
    if (instruction.dst_reg > BPF_REG_10 || instruction.src_reg > BPF_REG_10)
      return refuse(at, "there is no such register");
    const Holds& to = state.reg[instruction.dst_reg];
    const bool atomic = BPF_MODE(instruction.code) == BPF_ATOMIC;
    const bool from_register = BPF_CLASS(instruction.code) == BPF_STX;
    Holds value = from_register ? state.reg[instruction.src_reg] : Holds{};
    if (to.facts) return refuse(at, "it writes to the facts, which are for reading only");
    if (to.packet && kind_ == HookKind::observer)
      return refuse(at, "an observer is not given the packet");
    if (to.packet) return refuse(at, who() + " can't write to the packet but by tna_store()");
    if (value.pointer() && !to.stack)
      return refuse(at, "it puts a pointer where it would outlive the packet");
    if (to.above && value.pointer()) return refuse(at, "it hands a pointer to its caller");
    if (to.stack && to.at && !to.above) {
      const int place = -(*to.at + instruction.off);
      if (place > 0 && place <= kStack)
        state.word[static_cast<std::size_t>((place - 1) / 8)] = value;
    } else if (to.stack) {
      state.somewhere.join(value);
    }
    // Or register 0: what was fetched is a number in any case.
    if (atomic && from_register && instruction.src_reg < BPF_REG_10)
      state.reg[instruction.src_reg] = {};
    return {};
  }

  void compute(const bpf_insn& instruction, HookState& state) {
    if (instruction.dst_reg >= BPF_REG_10 || instruction.src_reg > BPF_REG_10)
      return;  // the verifier's
    Holds& to = state.reg[instruction.dst_reg];
    const bool by_register = BPF_SRC(instruction.code) == BPF_X;
    const Holds from = by_register ? state.reg[instruction.src_reg] : Holds{};
    const int operation = BPF_OP(instruction.code);
    if (BPF_CLASS(instruction.code) == BPF_ALU) {
      to = {};  // half a pointer is none
    } else if (operation == BPF_MOV) {
      to = from;
    } else if ((operation == BPF_ADD || operation == BPF_SUB) && !by_register) {
      if (to.at) *to.at += operation == BPF_ADD ? instruction.imm : -instruction.imm;
    } else {
      to.join(from);
      to.at.reset();
    }
  }

  Result<> function_call(std::size_t at, HookState& state, int depth) {
    const bpf_insn& instruction = code_[at];
    if (instruction.code != (BPF_JMP | BPF_CALL)) return refuse(at, "there is no such instruction");
    Holds returned;
    if (is_call(instruction)) {
      const std::size_t to = called(code_, at);
      if (auto place = places_.find(to); place != places_.end())
        TRY(access(at, place->second, state));
      else
        returned = TRY(own_function(at, to, state, depth));
    } else if (instruction.src_reg != 0) {
      return refuse(at, "it calls functions of the kernel that are no helpers (kfuncs)");
    } else {
      TRY(helper(at, state));
    }
    for (int reg = 0; reg <= 5; reg++) state.reg[reg] = {};
    state.reg[0] = returned;
    return {};
  }

  Result<Holds> own_function(std::size_t at, std::size_t to, const HookState& state, int depth) {
    HookState start;
    for (std::size_t reg = 1; reg <= 5; reg++) {
      start.reg[reg] = state.reg[reg];
      if (start.reg[reg].stack) start.reg[reg].above = true;
      start.reg[reg].stack = false;
    }
    start.above = state.above;
    for (const Holds& word : state.word) start.above.join(word);
    start.above.join(state.somewhere);
    if (start.above.stack) start.above.above = true;
    auto result = function(to, start, depth + 1);
    if (!result) return refuse(at, result.error().message);
    return *result;
  }

  Result<> helper(std::size_t at, const HookState& state) {
    const int id = code_[at].imm;
    const auto* known = std::ranges::find(kHookHelpers, id, &HookHelper::id);
    if (known == std::end(kHookHelpers))
      return refuse(at, "it calls helper " + std::to_string(id) + ", which no hook may call");
    for (int reg = 1; reg <= 5; reg++) {
      const Holds& argument = state.reg[reg];
      const bool looks_at = reg <= known->arguments;
      if (argument.packet && looks_at)
        return refuse(at, "it hands the packet to helper " + std::to_string(id));
      if (!argument.facts) continue;
      if (looks_at && !known->facts)
        return refuse(
            at, "it hands the facts to helper " + std::to_string(id) + ", which may write to them");
      read_all();
    }
    return {};
  }

  Result<> access(std::size_t at, int place, const HookState& state) {
    const bool only_reads = place == TNA_PLACE_LOAD || place == TNA_PLACE_PULL;
    if (kind_ == HookKind::observer) return refuse(at, "an observer is not given the packet");
    if (kind_ != HookKind::transformer && !only_reads)
      return refuse(at, who() + " can't change the packet; a transformer can");
    const Holds& packet = state.reg[1];
    if (!packet.packet || packet.facts || packet.stack || packet.above || packet.at)
      return refuse(at, "what it takes for the packet isn't the one that it was given");
    for (int reg = 2; reg <= 5; reg++) {
      if (state.reg[reg].packet)
        return refuse(at, "it hands the packet on where a number is expected");
      if (!state.reg[reg].facts) continue;
      if (place == TNA_PLACE_LOAD) return refuse(at, "it has the packet written into the facts");
      read_all();
    }
    return {};
  }

  const Instructions& code_;
  HookKind kind_;
  std::map<std::size_t, int> places_;
  HookReads reads_;
  std::size_t steps_ = 0;
};

}  // namespace

const char* to_string(HookKind kind) {
  switch (kind) {
    case HookKind::observer:
      return "observer";
    case HookKind::filter:
      return "filter";
    case HookKind::transformer:
      return "transformer";
    case HookKind::steer:
      break;
  }
  return "steer";
}

Result<HookReads> check_hook(const Instructions& code, HookKind kind) {
  return Checker(code, kind).run();
}

}  // namespace tna
