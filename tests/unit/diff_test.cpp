// SPDX-License-Identifier: Apache-2.0
// From what runs to what is wanted: which actions, in which order. Whether they lead there:
// diff_random_test.cpp.
#include "deploy/diff.h"

#include <gtest/gtest.h>

#include "unit/spoken_actions.h"

namespace tna {
namespace {

using test::guard;
using test::program;
using test::running;
using test::spoken;
using test::wanted;

const ProgramSpec kTc = program(Hook::tc), kXdp = program(Hook::xdp);
const ProgramSpec kTcSuppress = program(Hook::tc, 1);

TEST(Diff, FromNothing) {
  EXPECT_EQ(spoken(diff({}, wanted({{1, kTc}, {2, kXdp}, {3, kTc}}))),
            "load xdp; load tc; attach 1 tc; attach 2 xdp; attach 3 tc");
}

TEST(Diff, EqualPlanIsNoAction) {
  Plan plan = wanted({{1, kTc}, {2, kXdp}, {3, {}}});
  EXPECT_EQ(spoken(diff(running(plan), plan)), "");
}

TEST(Diff, NothingToNothing) {
  EXPECT_EQ(spoken(diff({}, {})), "");
  EXPECT_EQ(spoken(diff({}, wanted({{1, {}}, {2, {}}}))), "");
}

TEST(Diff, OtherConstantsAreLoadedThenUpdatedThenTheOldUnloaded) {
  EXPECT_EQ(spoken(diff(running(wanted({{1, kTc}, {2, kTc}})),
                        wanted({{1, kTcSuppress}, {2, kTcSuppress}}))),
            "load tc+suppress; update 1 tc+suppress; update 2 tc+suppress; unload tc");
}

TEST(Diff, ProgramThatIsStillUsedStays) {
  EXPECT_EQ(
      spoken(diff(running(wanted({{1, kTc}, {2, kTc}})), wanted({{1, kTcSuppress}, {2, kTc}}))),
      "load tc+suppress; update 1 tc+suppress");
}

TEST(Diff, LoadedProgramIsNotLoadedAgain) {
  EXPECT_EQ(spoken(diff(running(wanted({{1, kTc}, {2, kTcSuppress}})),
                        wanted({{1, kTcSuppress}, {2, kTcSuppress}}))),
            "update 1 tc+suppress; unload tc");
}

TEST(Diff, HookChangeIsDetachThenAttach) {
  EXPECT_EQ(spoken(diff(running(wanted({{1, kTc}, {2, kTc}})), wanted({{1, kXdp}, {2, kTc}}))),
            "load xdp; detach 1; attach 1 xdp");
}

TEST(Diff, InterfaceThatIsLeft) {
  EXPECT_EQ(spoken(diff(running(wanted({{1, kTc}, {2, kTc}})), wanted({{1, {}}, {2, kTc}}))),
            "detach 1");
}

TEST(Diff, InterfaceThatIsGone) {
  EXPECT_EQ(spoken(diff(running(wanted({{1, kTc}, {2, kTc}})), wanted({{2, kTc}}))), "detach 1");
}

TEST(Diff, LastInterfaceOfAProgram) {
  EXPECT_EQ(spoken(diff(running(wanted({{1, kTc}})), wanted({{1, {}}}))), "detach 1; unload tc");
}

TEST(Diff, NewGuardIsRearmAlone) {
  Plan before = wanted({{1, kTc}, {2, kXdp}}), after = before;
  after.guard = guard(7);
  auto actions = diff(running(before), after);
  EXPECT_EQ(spoken(actions), "rearm xdp; rearm tc");
  EXPECT_TRUE(same_guard(std::get<Rearm>(actions[0]).guard, after.guard));
}

TEST(Diff, ReplacedProgramIsNotRearmed) {
  Plan after = wanted({{1, kTcSuppress}, {2, kXdp}});
  after.guard = guard(7);
  auto actions = diff(running(wanted({{1, kTc}, {2, kXdp}})), after);
  EXPECT_EQ(spoken(actions), "rearm xdp; load tc+suppress; update 1 tc+suppress; unload tc");
  EXPECT_TRUE(same_guard(std::get<Load>(actions[1]).guard, after.guard));
}

TEST(Diff, WhatProgramsWriteIsNoOtherGuard) {
  Plan plan = wanted({{1, kTc}});
  Running now = running(plan);
  now.programs.at(kTc).reported = 1;
  EXPECT_EQ(spoken(diff(now, plan)), "");
  now.programs.at(kTc).armed = 0;
  EXPECT_EQ(spoken(diff(now, plan)), "rearm tc");
}

TEST(Diff, EachWordOfTheGuardCounts) {
  tna_guard one{}, other{};
  EXPECT_TRUE(same_guard(one, other));
  auto* words = reinterpret_cast<std::uint64_t*>(&other);
  for (std::size_t i = 0; i < sizeof other / sizeof *words - 1; i++) {
    words[i] = 1;
    EXPECT_FALSE(same_guard(one, other)) << i;
    words[i] = 0;
  }
  other.armed = 1;
  EXPECT_FALSE(same_guard(one, other));
}

TEST(Diff, WhatAnEarlierDaemonLeftIsReplacedInPlace) {
  Running now;
  now.interfaces = {
      {1, {Hook::tc, std::nullopt}}, {2, {Hook::tc, std::nullopt}}, {3, {Hook::xdp, std::nullopt}}};
  EXPECT_EQ(spoken(diff(now, wanted({{1, kTc}, {2, kXdp}}))),
            "load xdp; load tc; update 1 tc; detach 2; detach 3; attach 2 xdp");
}

TEST(Diff, ProgramThatNobodyUsesIsUnloaded) {
  Running now;
  now.programs[kTc] = guard(1);
  EXPECT_EQ(spoken(diff(now, wanted({{1, {}}}))), "unload tc");
}

}  // namespace
}  // namespace tna
