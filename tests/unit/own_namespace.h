// SPDX-License-Identifier: Apache-2.0
// own_namespace.h: a test that needs the kernel runs in a network namespace of its own, which is
// gone when the test ends, however it ends.
#pragma once

#include <gtest/gtest.h>
#include <sched.h>

#include <cstdlib>
#include <optional>
#include <string>

#include "base/netns.h"

namespace tna {

class OwnNamespace : public testing::Test {
 protected:
  void SetUp() override {
    auto home = NetNamespace::current();
    ASSERT_TRUE(home) << home.error().message;
    if (unshare(CLONE_NEWNET) < 0) GTEST_SKIP() << "needs root: makes a network namespace";
    home_ = std::move(*home);
  }
  void TearDown() override {
    if (!home_) return;
    ASSERT_TRUE(home_->enter());
  }

  static void run(const std::string& command) {
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  }

 private:
  std::optional<NetNamespace> home_;
};

}  // namespace tna
