// SPDX-License-Identifier: Apache-2.0
// Documents that must keep up with the code.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "tna.h"

namespace {

std::string document(const std::string& name) {
  std::ifstream file(std::string(TNA_SOURCE_DIR) + "/" + name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Documents, SupportedExplainsEveryReasonAndNoOther) {
  const std::string text = document("docs/supported.md");
  int explained = 0;
#define TNA_REASON_EXPLAINED(id, name, meaning)                         \
  EXPECT_NE(text.find("\n| `" name "` | "), std::string::npos) << name; \
  explained++;
  TNA_REASONS(TNA_REASON_EXPLAINED)
#undef TNA_REASON_EXPLAINED
  int rows = 0;
  for (std::size_t at = 0; (at = text.find("\n| `", at)) != std::string::npos; ++at) ++rows;
  EXPECT_EQ(rows, explained);
}

TEST(Documents, ReadmeIsReadInTwoMinutes) {
  const std::string text = document("README.md");
  EXPECT_FALSE(text.empty());
  EXPECT_LT(std::count(text.begin(), text.end(), '\n'), 120);
}

}  // namespace
