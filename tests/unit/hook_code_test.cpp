// SPDX-License-Identifier: Apache-2.0
// src/deploy/code.h, src/assemble/slots.h, src/deploy/refusal.h
#include <gtest/gtest.h>

#include "assemble/slots.h"
#include "deploy/code.h"
#include "deploy/refusal.h"
#include "instructions.h"
#include "slot_abi.h"

namespace tna {
namespace {

bpf_insn mark(std::int32_t number, int distance) {
  return jump_if(BPF_JEQ, BPF_JMP, BPF_REG_10, number, distance);
}

// "3" sets register 0 to 3, "c2" calls what is at 2, "j2", "i2" jump there always, or perhaps; "x"
// ends.
std::string shown(const Instructions& code) {
  std::string all;
  for (std::size_t at = 0; at < code.size(); at++) {
    if (at) all += ' ';
    if (is_call(code[at]))
      all += "c" + std::to_string(called(code, at));
    else if (is_jump(code[at]))
      all += (BPF_OP(code[at].code) == BPF_JA ? "j" : "i") + std::to_string(jump_target(code, at));
    else
      all += code[at].code == kExit.code ? "x" : std::to_string(code[at].imm);
  }
  return all;
}

TEST(HookCode, WhatIsMarkedOffGoes) {
  Instructions code{set(0, 0), mark(7, 1), go(2), set(0, 1), kExit, set(0, 2), kExit};
  ASSERT_TRUE(is_mark(code[1], 7));
  EXPECT_FALSE(is_mark(code[1], 8));
  set_mark(code[1], false);
  EXPECT_EQ(shown(without_unreachable(code)), "0 2 x");
}

TEST(HookCode, WhatIsMarkedOnStays) {
  Instructions code{set(0, 0), mark(7, 1), go(2), set(0, 1), kExit, set(0, 2), kExit};
  set_mark(code[1], true);
  EXPECT_EQ(shown(without_unreachable(code)), "0 1 x");
}

TEST(HookCode, CallsAndJumpsAreStillRight) {
  Instructions code{own(4), go(1), set(0, 9), own(4), kExit, set(0, 5), kExit, set(0, 6), go(-3)};
  EXPECT_EQ(shown(code), "c5 j3 9 c8 x 5 x 6 j6");
  EXPECT_EQ(shown(without_unreachable(code)), "c3 c5 x 5 x j4");
  Instructions back{set(0, 1), go(1), set(0, 2), jump_if(BPF_JEQ, BPF_JMP, 0, 1, -4), kExit};
  EXPECT_EQ(shown(without_unreachable(back)), "1 i0 x");
}

TEST(HookCode, LoadsOfTwoInstructionsStayWhole) {
  Instructions code{instruction(BPF_LD | BPF_IMM | BPF_DW, 1, 0, 0, 1), instruction(0, 0, 0, 0, 2),
                    go(1), set(0, 9), kExit};
  EXPECT_EQ(shown(without_unreachable(code)), "1 2 x");
}

TEST(HookCode, FunctionsByWhatTheyReturn) {
  const Instructions code{own(1), kExit, set(0, 77), kExit, set(0, 78), set(1, 0), kExit};
  EXPECT_EQ(function_that_returns(code, 77), 2u);
  EXPECT_FALSE(function_that_returns(code, 78));
  EXPECT_EQ(end_of(code, 0), 2u);
  EXPECT_EQ(end_of(code, 2), code.size());
}

TEST(HookSlots, ByName) {
  EXPECT_EQ(slots_named("start").value(), std::vector<int>{TNA_SLOT_before_guards});
  EXPECT_EQ(slots_named("after:fib").value(), std::vector<int>{TNA_SLOT_after_fib});
  EXPECT_EQ(slots_named("before:bridge_xmit").value(),
            std::vector<int>{TNA_SLOT_before_bridge_xmit});
  EXPECT_EQ(slots_named("end").value(), std::vector<int>{TNA_SLOT_end});
  EXPECT_EQ(slots_named("forward").value().size(), 2u);
  for (const char* name : {"", "fib", "before:", "after:lunch", "Start", "before:fib "})
    EXPECT_FALSE(slots_named(name)) << name;
  EXPECT_EQ(slot_name(TNA_SLOT_after_fib), "after:fib");
  EXPECT_EQ(slot_name(TNA_SLOT_end), "end");
}

TEST(HookRefusal, InPlainWords) {
  EXPECT_NE(in_plain_words("combined stack size of 4 calls is 544. Too large").find("PERCPU_ARRAY"),
            std::string::npos);
  EXPECT_NE(in_plain_words("R0 invalid mem access 'map_value_or_null'").find("lookup"),
            std::string::npos);
  EXPECT_EQ(in_plain_words("something new"), "");
}

}  // namespace
}  // namespace tna
