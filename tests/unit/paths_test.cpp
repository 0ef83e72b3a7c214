// SPDX-License-Identifier: Apache-2.0
#include "base/paths.h"

#include <gtest/gtest.h>

namespace tna {
namespace {

TEST(Paths, EachNamespaceHasASocketOfItsOwn) {
  EXPECT_EQ(control_socket_path(), "/run/tna/tnad.sock");
  EXPECT_EQ(control_socket_path("lab"), "/run/tna/lab.sock");
  EXPECT_EQ(control_socket_path("/proc/12/ns/net"), "/run/tna/proc-12-ns-net.sock");
}

}  // namespace
}  // namespace tna
