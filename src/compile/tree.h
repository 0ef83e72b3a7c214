// SPDX-License-Identifier: Apache-2.0
// Decision trees for many rules: which is the first one that a packet matches? Building is done
// here, asking by bpf/lib/rule_tree.h, on the very same array of cells (bpf/rule_tree_abi.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "rule_tree_abi.h"

namespace tna {

struct Range {  // both ends belong to it
  std::uint32_t low = 0, high = UINT32_MAX;
  bool operator==(const Range&) const = default;
};

// The packets that a rule matches: those with every word in its range. A rule whose tests are no
// single ranges has several boxes with its number; of all rules that match the smallest number
// wins.
struct Box {
  std::uint32_t rule = 0;  // below TNA_RULE_MORE
  std::array<Range, TNA_RULE_WORDS> words;
};

struct TreeLimits {
  std::size_t bytes = TNA_RULE_MAX_BYTES;  // of all trees of the array together
};

using RuleCells = std::vector<tna_rule_cell>;

// Adds a tree to the array and gives its root: the first, second, third tree of an array have
// always the same ones. The same boxes give the same bytes. An array that would grow beyond the
// limit, or have too many trees, is left as it was.
Result<std::uint32_t> add_tree(RuleCells&, std::span<const Box>, const TreeLimits& = {});

// What the rules of the tree with that root do, from the rule 0 on.
void add_actions(RuleCells&, std::uint32_t root, std::span<const std::uint32_t> actions);

// Of the map's value that holds the cells: a power of two, so that bpf/lib/rule_tree.h can keep
// within it by a mask, and not small, so that other trees of that size find room in it.
std::size_t rule_cells_value_size(const RuleCells&);

// The first rule that matches, as the fast path finds it.
std::optional<std::uint32_t> look_up(const RuleCells&, std::uint32_t root, const tna_rule_vector&);

}  // namespace tna
