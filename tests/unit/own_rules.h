// SPDX-License-Identifier: Apache-2.0
// own_rules.h: a test that loads firewall rules into a network namespace of its own, and reads them
// as the daemon does.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <string>

#include "introspect/nft_reader.h"
#include "introspect/xtables_reader.h"
#include "rules/from_nft.h"
#include "unit/own_namespace.h"

namespace tna {

class OwnRules : public OwnNamespace {
 protected:
  static bool has_legacy() { return ::access("/proc/thread-self/net/ip_tables_names", F_OK) == 0; }

  static void feed(const std::string& command, const std::string& text) {
    FILE* pipe = ::popen(command.c_str(), "w");
    ASSERT_TRUE(pipe);
    std::fputs(text.c_str(), pipe);
    ASSERT_EQ(::pclose(pipe), 0) << command << "\n" << text;
  }

  static nft::Ruleset read_nft() {
    auto ruleset = read_nft_ruleset();
    EXPECT_TRUE(ruleset) << ruleset.error().message;
    return ruleset ? *ruleset : nft::Ruleset{};
  }
  static nft::Ruleset read_legacy() {
    auto tables = read_xtables();
    EXPECT_TRUE(tables) << tables.error().message;
    return tables ? nft::Ruleset{0, std::move(*tables)} : nft::Ruleset{};
  }
  static nft::Ruleset read() {
    nft::Ruleset all = read_nft(), legacy = read_legacy();
    std::ranges::move(legacy.tables, std::back_inserter(all.tables));
    return all;
  }
};

}  // namespace tna
