// SPDX-License-Identifier: Apache-2.0
// src/compile/tree.h and bpf/lib/rule_tree.h against a search from the first rule to the last.
#include <gtest/gtest.h>

#include "random_boxes.h"
#include "rule_tree_program.h"
#include "rule_tree_runs.h"

namespace tna::test {
namespace {

struct Set {
  Kind kind;
  bool v6;
  std::uint32_t rules;
};

class RuleTree : public testing::TestWithParam<Set> {
 protected:
  RandomBoxes random{GetParam().kind, GetParam().v6, GetParam().rules};
  std::vector<Box> boxes = random.make(GetParam().rules);
};
INSTANTIATE_TEST_SUITE_P(
    , RuleTree,
    testing::Values(Set{Kind::access_list, false, 10}, Set{Kind::access_list, false, 1000},
                    Set{Kind::access_list, true, 1000}, Set{Kind::firewall, false, 100},
                    Set{Kind::firewall, true, 2000}, Set{Kind::adversarial, false, 500},
                    Set{Kind::access_list, false, 10000}));

TEST_P(RuleTree, FindsTheFirst) {
  RuleCells cells;
  auto before = add_tree(cells, random.make(50));  // trees lie behind each other
  ASSERT_TRUE(before);
  auto root = add_tree(cells, boxes);
  ASSERT_TRUE(root) << root.error().message;
  std::vector<tna_rule_vector> vectors;
  for (int i = 0; i < 20000; ++i) vectors.push_back(random.traffic(boxes));
  std::vector<std::uint32_t> first;
  int found = 0;
  for (const tna_rule_vector& vector : vectors) {
    const auto wanted = first_match(boxes, vector);
    ASSERT_EQ(look_up(cells, *root, vector), wanted);
    first.push_back(wanted.value_or(TNA_RULE_NONE));
    found += wanted.has_value();
  }
  EXPECT_GT(found, 2000);
  auto program = RuleTreeProgram::load(cells, *root);
  ASSERT_TRUE(program) << program.error().message;
  ASSERT_TRUE(program->set_vectors(vectors));
  for (const char* name : {"find_xdp", "find_tc"}) {
    ASSERT_TRUE(program->run(name, RULE_TREE_VECTORS));
    const auto answers = program->answers();
    ASSERT_TRUE(answers) << answers.error().message;
    for (std::size_t i = 0; i < first.size(); ++i) ASSERT_EQ((*answers)[i], first[i]) << name << i;
  }
}

TEST_P(RuleTree, IsTheSameEachTime) {
  RuleCells once, again;
  ASSERT_TRUE(add_tree(once, boxes));
  ASSERT_TRUE(add_tree(again, boxes));
  ASSERT_EQ(once.size(), again.size());
  EXPECT_EQ(std::memcmp(once.data(), again.data(), once.size() * sizeof once[0]), 0);
}

TEST_P(RuleTree, RootsHaveTheirPlaces) {
  RuleCells small, big;
  for (std::uint32_t i = 0; i < TNA_RULE_ROOTS; ++i) {
    ASSERT_EQ(add_tree(small, random.make(5)), i * TNA_RULE_ROOT_BYTES);
    ASSERT_EQ(add_tree(big, random.make(50)), i * TNA_RULE_ROOT_BYTES);
  }
  const std::size_t size = small.size();
  EXPECT_FALSE(add_tree(small, boxes));
  EXPECT_EQ(small.size(), size);
}

TEST_P(RuleTree, WithoutRoomIsAnErrorThatLeavesTheOthers) {
  RuleCells cells;
  auto root = add_tree(cells, random.make(50));
  ASSERT_TRUE(root);
  const std::size_t size = cells.size();
  if (GetParam().rules < 500) return;
  auto refused = add_tree(cells, boxes, {.bytes = size * sizeof cells[0] + 64});
  EXPECT_FALSE(refused);
  EXPECT_EQ(cells.size(), size);
}

}  // namespace
}  // namespace tna::test
