// SPDX-License-Identifier: Apache-2.0
// Tests of the fast path's modules, one by one, in the kernel. They make network namespaces.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>

#include "fpm/coverage.h"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (geteuid() != 0 && !GTEST_FLAG_GET(list_tests)) {
    std::fprintf(stderr,
                 "these tests load BPF programs and make network namespaces: run them as root\n");
    return 1;
  }
  int failed = RUN_ALL_TESTS();
  bool all = GTEST_FLAG_GET(filter) == "*" && !GTEST_FLAG_GET(list_tests);
  if (all && !failed && !tna::test::every_reason_was_seen()) return 1;
  return failed;
}
