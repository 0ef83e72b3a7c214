// SPDX-License-Identifier: Apache-2.0
// Random plans, one after the other, carried by diff() to a deployer that is only a model: which
// refuses what the kernel would refuse. In the end the wanted state must run, and nothing else.
#include <gtest/gtest.h>

#include <random>

#include "unit/spoken_actions.h"

namespace tna {
namespace {

class ModelDeployer {
 public:
  Running running;

  void carry_out(const std::vector<Action>& actions) {
    for (const Action& action : actions) std::visit([this](const auto& one) { act(one); }, action);
  }

 private:
  bool loaded(const ProgramSpec& program) const { return running.programs.contains(program); }
  bool attached(IfIndex ifindex) const { return running.interfaces.contains(ifindex); }

  void act(const Load& a) {
    EXPECT_FALSE(loaded(a.program)) << "loaded twice";
    running.programs[a.program] = a.guard;
  }
  void act(const Rearm& a) {
    ASSERT_TRUE(loaded(a.program)) << "rearmed, but not loaded";
    running.programs[a.program] = a.guard;
  }
  void act(const Update& a) {
    ASSERT_TRUE(attached(a.ifindex)) << "updated, but not attached";
    EXPECT_TRUE(loaded(a.program)) << "updated to what is not loaded";
    EXPECT_EQ(running.interfaces.at(a.ifindex).hook, a.program.hook)
        << "a link can't change its hook";
    EXPECT_NE(running.interfaces.at(a.ifindex).program, a.program) << "updated to what runs";
    running.interfaces[a.ifindex].program = a.program;
  }
  void act(const Attach& a) {
    EXPECT_FALSE(attached(a.ifindex)) << "attached twice";
    EXPECT_TRUE(loaded(a.program)) << "attached, but not loaded";
    running.interfaces[a.ifindex] = {a.program.hook, a.program};
  }
  void act(const Detach& a) {
    EXPECT_TRUE(attached(a.ifindex)) << "detached, but not attached";
    running.interfaces.erase(a.ifindex);
  }
  void act(const Unload& a) {
    EXPECT_TRUE(loaded(a.program)) << "unloaded, but not loaded";
    for (const auto& [ifindex, interface] : running.interfaces)
      EXPECT_NE(interface.program, a.program) << "unloaded while " << ifindex << " runs it";
    running.programs.erase(a.program);
  }
};

class RandomPlans {
 public:
  explicit RandomPlans(unsigned seed) : random_(seed) {}
  unsigned below(unsigned end) { return random_() % end; }

  Plan plan() {
    Plan result{.guard = test::guard(below(3))};
    for (IfIndex ifindex = 1; ifindex <= 6; ifindex++) {
      if (below(4) == 0) continue;  // it does not exist
      InterfacePlan& interface = result.interfaces[ifindex];
      if (below(4) == 0) continue;  // left to Linux
      interface.program = test::program(below(2) ? Hook::tc : Hook::xdp, below(2), below(2));
    }
    return result;
  }

 private:
  std::mt19937 random_;
};

void expect_runs(const Running& running, const Plan& plan) {
  Running expected = test::running(plan);
  ASSERT_EQ(running.interfaces.size(), expected.interfaces.size());
  for (const auto& [ifindex, interface] : expected.interfaces) {
    ASSERT_TRUE(running.interfaces.contains(ifindex)) << ifindex;
    EXPECT_EQ(running.interfaces.at(ifindex).hook, interface.hook) << ifindex;
    EXPECT_EQ(running.interfaces.at(ifindex).program, interface.program) << ifindex;
  }
  ASSERT_EQ(running.programs.size(), expected.programs.size()) << "programs that nobody needs";
  for (const auto& [program, guard] : running.programs) EXPECT_TRUE(same_guard(guard, plan.guard));
}

TEST(DiffRandom, AlwaysEndsInTheWantedState) {
  for (unsigned seed = 0; seed < 200; seed++) {
    RandomPlans random(seed);
    ModelDeployer deployer;
    // Some were left by an earlier daemon.
    for (IfIndex ifindex = 1; ifindex <= 8; ifindex++)
      if (random.below(4) == 0)
        deployer.running.interfaces[ifindex] = {random.below(2) ? Hook::tc : Hook::xdp,
                                                std::nullopt};
    for (int step = 0; step < 20; step++) {
      Plan plan = random.plan();
      std::vector<Action> actions = diff(deployer.running, plan);
      deployer.carry_out(actions);
      expect_runs(deployer.running, plan);
      EXPECT_EQ(test::spoken(diff(deployer.running, plan)), "")
          << "the second time nothing is left to do";
      ASSERT_FALSE(testing::Test::HasFailure())
          << "seed " << seed << " step " << step << ": " << test::spoken(actions);
    }
  }
}

// An interface that the kernel detached or never took is made good by the next pass.
TEST(DiffRandom, RecoversFromWhatFailed) {
  for (unsigned seed = 0; seed < 200; seed++) {
    RandomPlans random(seed);
    ModelDeployer deployer;
    for (int step = 0; step < 20; step++) {
      Plan plan = random.plan();
      deployer.carry_out(diff(deployer.running, plan));
      std::erase_if(deployer.running.interfaces, [&](const auto&) { return random.below(3) == 0; });
      deployer.carry_out(diff(deployer.running, plan));
      expect_runs(deployer.running, plan);
      ASSERT_FALSE(testing::Test::HasFailure()) << "seed " << seed << " step " << step;
    }
  }
}

}  // namespace
}  // namespace tna
