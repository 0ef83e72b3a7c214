// SPDX-License-Identifier: Apache-2.0
// src/deploy/inline.h: programs do the same with a function in the place of its calls. They are run
// by an interpreter of the few instructions they have.
#include "deploy/inline.h"

#include <gtest/gtest.h>

#include <cstring>

#include "instructions.h"

namespace tna {
namespace {

bpf_insn sum(int to, int from) {
  return instruction(BPF_ALU64 | BPF_ADD | BPF_X, to, from);
}
bpf_insn unless(int reg, std::int32_t value, int distance) {
  return jump_if(BPF_JNE, BPF_JMP, reg, value, distance);
}

class Machine {
 public:
  explicit Machine(const Instructions& code) : code_(code) {}

  std::int64_t run(std::int64_t argument) {
    reg_[1] = argument;
    frame(0);
    return reg_[0];
  }

 private:
  void frame(std::size_t at) {
    reg_[10] += kStack;
    ASSERT_LE(reg_[10], static_cast<std::int64_t>(sizeof stack_)) << "calls go too deep";
    for (; !is_exit(code_.at(at)); ++at) step(at);
    reg_[10] -= kStack;
  }
  void step(std::size_t& at) {
    const bpf_insn& each = code_[at];
    std::int64_t &to = reg_[each.dst_reg], from = reg_[each.src_reg];
    switch (each.code) {
      case BPF_ALU64 | BPF_MOV | BPF_K:
        to = each.imm;
        break;
      case BPF_ALU64 | BPF_MOV | BPF_X:
        to = from;
        break;
      case BPF_ALU64 | BPF_ADD | BPF_K:
        to += each.imm;
        break;
      case BPF_ALU64 | BPF_ADD | BPF_X:
        to += from;
        break;
      case BPF_LDX | BPF_MEM | BPF_DW:
        std::memcpy(&to, stack_ + from + each.off, sizeof to);
        break;
      case BPF_STX | BPF_MEM | BPF_DW:
        std::memcpy(stack_ + to + each.off, &from, sizeof from);
        break;
      case BPF_JMP | BPF_JA:
        at = jump_target(code_, at) - 1;
        break;
      case BPF_JMP | BPF_JNE | BPF_K:
        if (to != each.imm) at = jump_target(code_, at) - 1;
        break;
      case BPF_JMP | BPF_CALL: {
        std::int64_t kept[4];
        std::copy(reg_ + 6, reg_ + 10, kept);
        frame(called(code_, at));
        std::copy(kept, kept + 4, reg_ + 6);
        break;
      }
      default:
        FAIL() << "no such instruction: " << int(each.code);
    }
  }

  const Instructions& code_;
  std::int64_t reg_[11] = {};
  unsigned char stack_[8 * kStack] = {};
};

std::size_t calls_in(const Instructions& code) {
  return static_cast<std::size_t>(std::count_if(code.begin(), code.end(), is_call));
}

// Its argument, and 100 where that is 5, by way of its stack and of registers that are its
// caller's.
Instructions small() {
  return {move(6, 1),
          set(7, 40),
          store(BPF_REG_10, -8, 6),
          move(2, BPF_REG_10),
          add(2, -8),
          load(8, 2, 0),
          unless(8, 5, 2),
          set(0, 100),
          kExit,
          store(BPF_REG_10, -16, 7),
          move(0, 8),
          kExit};
}

// Calls it twice, with values of its own in registers and stack; jumps lead over both calls.
Instructions program() {
  Instructions code{move(6, 1),
                    set(7, 1000),
                    store(BPF_REG_10, -8, 7),
                    unless(6, 9, 2),
                    set(0, 9),
                    kExit,
                    move(1, 6),
                    own(0),
                    move(8, 0),
                    unless(8, 7, 2),
                    move(1, 8),
                    own(0),
                    sum(0, 6),
                    sum(0, 7),
                    sum(0, 8),
                    load(1, BPF_REG_10, -8),
                    sum(0, 1),
                    kExit};
  const std::size_t begin = append(code, small());
  for (std::size_t at = 0; at < begin; at++)
    if (is_call(code[at])) call(code, at, begin);
  return code;
}

TEST(Inline, DoesWhatTheCallDid) {
  Instructions code = program();
  const std::size_t function = end_of(code, 0);
  inline_calls(code, function);
  EXPECT_EQ(calls_in(code), 0u);
  for (std::int64_t argument : {0, 5, 7, 9, 123}) {
    Instructions called = program();
    EXPECT_EQ(Machine(code).run(argument), Machine(called).run(argument)) << argument;
  }
  EXPECT_NE(Machine(code).run(5), Machine(code).run(7));
}

TEST(Inline, OthersAreStillCalled) {
  Instructions code = program();
  const std::size_t begin = append(code, {set(0, 3), kExit});
  code.insert(code.begin(), {move(9, 1), own(0), move(1, 9)});
  call(code, 1, begin + 3);
  const Instructions before = code;
  inline_calls(code, end_of(code, 0));
  EXPECT_EQ(calls_in(code), 1u);
  for (std::int64_t argument : {0, 5, 7, 9})
    EXPECT_EQ(Machine(code).run(argument), Machine(before).run(argument)) << argument;
}

TEST(Inline, NotWhereItCallsOthersItself) {
  Instructions code{own(1), kExit, own(1), kExit, set(0, 1), kExit};
  const Instructions before = code;
  inline_calls(code, 2);
  EXPECT_EQ(calls_in(code), calls_in(before));
}

TEST(Inline, NotWhereTheStackWouldNotSuffice) {
  // Two that never stand on the stack at the same time, the greater one called first.
  Instructions code{set(1, 1), store(BPF_REG_10, -200, 1), own(2), own(3), kExit};
  append(code, {store(BPF_REG_10, -280, 1), kExit});
  append(code, {store(BPF_REG_10, -240, 1), kExit});
  EXPECT_EQ(stack_of(code), 224 + 288);
  inline_calls(code, 7);
  EXPECT_EQ(calls_in(code), 2u);
}

TEST(Inline, StackOfTheDeepestChain) {
  Instructions code{store(BPF_REG_10, -64, 1), own(2), own(4), kExit};
  append(code, {own(4), set(0, 0), kExit});                            // 4: 32, and what it calls
  append(code, {store(BPF_REG_10, -100, 1), kExit});                   // 7: 128
  append(code, {move(2, BPF_REG_10), add(2, -33), set(0, 0), kExit});  // 9: 64
  EXPECT_EQ(stack_of(code), 64 + std::max(32 + 64, 128));
}

TEST(Inline, NotWhereTheFramePointerIsHandedOn) {
  Instructions code{own(1), kExit, store(BPF_REG_10, -8, BPF_REG_10), set(0, 0), kExit};
  inline_calls(code, 2);
  EXPECT_EQ(calls_in(code), 1u);
}

}  // namespace
}  // namespace tna
