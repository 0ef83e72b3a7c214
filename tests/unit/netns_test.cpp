// SPDX-License-Identifier: Apache-2.0
#include "base/netns.h"

#include "unit/own_namespace.h"

namespace tna {
namespace {

using Netns = OwnNamespace;

TEST(NetnsErrors, NameTheNamespace) {
  auto none = NetNamespace::open("tna-no-such-namespace");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().message,
            "open network namespace tna-no-such-namespace: No such file or directory");
  auto file = NetNamespace::open("/proc/self/status");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().message,
            "open network namespace /proc/self/status: /proc/self/status is not a namespace");
}

TEST_F(Netns, EntersByPathAndComesBack) {
  const std::uint64_t here = current_netns_cookie().value_or(0);
  ASSERT_NE(here, 0u);
  auto back = NetNamespace::current();
  ASSERT_TRUE(back);
  auto first = NetNamespace::open("/proc/self/ns/net");
  ASSERT_TRUE(first) << "that of the process, not of this thread";
  ASSERT_EQ(unshare(CLONE_NEWNET), 0);
  EXPECT_NE(current_netns_cookie().value_or(here), here);
  ASSERT_TRUE(back->enter());
  EXPECT_EQ(current_netns_cookie().value_or(0), here);
}

}  // namespace
}  // namespace tna
