// SPDX-License-Identifier: Apache-2.0
// tree.cpp: boxes to trees. Every node divides its part of the space by one word in up to four,
// until few boxes are left (in the manner of HyperSplit, Qi et al. 2009). Where one tree would copy
// boxes too often, several are made of boxes which are wide in the same words.
#include "compile/tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <unordered_map>

#include "compile/tree_split.h"

namespace tna {
namespace {

constexpr std::uint32_t kCell = sizeof(tna_rule_cell);
constexpr std::uint32_t kRootCells = TNA_RULE_ROOT_BYTES / kCell;
constexpr std::size_t kLeastBytes = 64 * 1024;
constexpr std::size_t kHiddenLookedFor = 24;  // among so many boxes, for it takes the square of it

struct Style {
  bool grouped;       // several trees
  std::size_t leaf;   // boxes that are compared one by one
  std::size_t cells;  // at most
};

enum class Trouble { none, too_big, too_deep };

class Builder {
 public:
  Builder(RuleCells& cells, std::span<const Box> all, const Style& style)
      : cells_(cells), all_(all), style_(style) {}

  Trouble build(std::uint32_t root);

 private:
  void grow(std::uint32_t address, std::size_t first, const Region& region, int depth);
  void divide(const Split&, std::uint32_t address, std::size_t first, const Region&, int depth);
  void drop_beyond_cover(std::size_t first, const Region& region);
  void drop_hidden(std::size_t first, const Region& region);
  void add_leaf(std::uint32_t address, std::span<const std::uint32_t> boxes, const Region&);
  bool fits_leaf(std::span<const std::uint32_t> boxes, const Region&) const;
  void add_checks(const Box& box, const Region& region);
  std::uint32_t place_of_checks();

  std::uint32_t end() const { return static_cast<std::uint32_t>(cells_.size() * kCell); }
  tna_rule_cell& at(std::uint32_t address) { return cells_[address / kCell]; }

  RuleCells& cells_;
  std::span<const Box> all_;
  Style style_;
  Trouble trouble_ = Trouble::none;
  std::vector<std::uint32_t> boxes_;  // of the nodes on the way to the present one
  std::vector<tna_rule_cell> checks_;
  std::unordered_map<std::string, std::uint32_t> known_checks_;
};

Trouble Builder::build(std::uint32_t root) {
  std::vector<std::vector<std::uint32_t>> groups;
  if (style_.grouped) {
    groups = group_boxes(all_);
  } else {
    groups.emplace_back(all_.size());
    for (std::uint32_t i = 0; i < all_.size(); ++i) groups[0][i] = i;
  }
  std::fill_n(at(root + kCell).first, TNA_RULE_TREES, TNA_RULE_NONE);
  for (std::size_t i = 0; i < TNA_RULE_TREES; ++i) {
    const std::uint32_t tree = end();
    cells_.emplace_back();
    at(root).at[i] = tree;
    if (i >= groups.size() || all_.empty()) {
      add_leaf(tree, {}, Region{});
      continue;
    }
    at(root + kCell).first[i] = all_[groups[i].front()].rule;
    boxes_ = groups[i];
    grow(tree, 0, Region{}, 0);
  }
  return trouble_;
}

// Makes the node or leaf at the address of the boxes from the first one on, and takes them away.
void Builder::grow(std::uint32_t address, std::size_t first, const Region& region, int depth) {
  if (cells_.size() > style_.cells) trouble_ = Trouble::too_big;
  if (trouble_ != Trouble::none) return;
  drop_beyond_cover(first, region);
  if (boxes_.size() - first <= kHiddenLookedFor) drop_hidden(first, region);
  std::span<const std::uint32_t> boxes = std::span(boxes_).subspan(first);
  Split split;
  if (boxes.size() > style_.leaf || !fits_leaf(boxes, region))
    split = choose_split(all_, boxes, region);
  if (split.word < 0)
    add_leaf(address, boxes, region);
  else if (depth == TNA_RULE_DEPTH)
    trouble_ = Trouble::too_deep;
  else
    divide(split, address, first, region, depth);
  boxes_.resize(first);
}

void Builder::divide(const Split& split, std::uint32_t address, std::size_t first,
                     const Region& region, int depth) {
  const std::uint32_t children = end();
  cells_.resize(cells_.size() + split.count + 1);
  tna_rule_cell& node = at(address);
  for (int i = 0; i < 3; ++i)
    node.node.limit[i] = i < split.count ? split.limits[i] : TNA_RULE_NONE;
  node.node.next = children | static_cast<std::uint32_t>(split.word);

  const std::size_t last = boxes_.size();
  for (int part = 0; part <= split.count; ++part) {
    Region inner = region;
    inner[split.word] = split.part(region[split.word], part);
    for (std::size_t i = first; i < last; ++i) {
      const std::uint32_t box = boxes_[i];
      if (overlaps(all_[box].words[split.word], inner[split.word])) boxes_.push_back(box);
    }
    grow(children + part * kCell, last, inner, depth + 1);
  }
}

// Nothing gets past a box that has the whole region.
void Builder::drop_beyond_cover(std::size_t first, const Region& region) {
  for (std::size_t i = first; i < boxes_.size(); ++i)
    if (std::equal(region.begin(), region.end(), all_[boxes_[i]].words.begin(),
                   [](const Range& inner, const Range& box) { return covers(box, inner); }))
      return boxes_.resize(i + 1);
}

// A box is hidden if an earlier one has all of what it has in the region.
void Builder::drop_hidden(std::size_t first, const Region& region) {
  auto hides = [&](std::uint32_t earlier, std::uint32_t later) {
    for (int word = 0; word < TNA_RULE_WORDS; ++word) {
      const Range& range = all_[later].words[word];
      Range seen = {std::max(range.low, region[word].low), std::min(range.high, region[word].high)};
      if (!covers(all_[earlier].words[word], seen)) return false;
    }
    return true;
  };
  std::size_t kept = first;
  for (std::size_t i = first; i < boxes_.size(); ++i) {
    bool hidden = std::any_of(boxes_.begin() + first, boxes_.begin() + kept,
                              [&](std::uint32_t earlier) { return hides(earlier, boxes_[i]); });
    if (!hidden) boxes_[kept++] = boxes_[i];
  }
  boxes_.resize(kept);
}

bool Builder::fits_leaf(std::span<const std::uint32_t> boxes, const Region& region) const {
  std::size_t checks = 1;  // the last one, which finds nothing
  for (std::uint32_t box : boxes) {
    std::size_t open = 0;
    for (int word = 0; word < TNA_RULE_WORDS; ++word)
      open += !covers(all_[box].words[word], region[word]);
    checks += std::max<std::size_t>(open, 1);
  }
  return checks <= TNA_RULE_CHECKS;
}

// What the region leaves open of a box; the check that most packets fail comes first.
void Builder::add_checks(const Box& box, const Region& region) {
  std::vector<std::pair<double, int>> open;
  for (int word = 0; word < TNA_RULE_WORDS; ++word) {
    const Range &range = box.words[word], &around = region[word];
    if (covers(range, around)) continue;
    Range seen = {std::max(range.low, around.low), std::min(range.high, around.high)};
    open.emplace_back((seen.high - seen.low + 1.0) / (around.high - around.low + 1.0), word);
  }
  std::sort(open.begin(), open.end());
  const std::size_t after = checks_.size() + std::max<std::size_t>(open.size(), 1);
  const auto next = static_cast<std::uint32_t>(after * kCell);
  if (open.empty()) checks_.push_back({.check = {0, UINT32_MAX, next, box.rule}});
  for (const auto& [part, word] : open) {
    const Range& range = box.words[word];
    const bool last = checks_.size() + 1 == after;
    checks_.push_back(
        {.check = {range.low, range.high - range.low, next | static_cast<std::uint32_t>(word),
                   last ? box.rule : TNA_RULE_MORE}});
  }
}

void Builder::add_leaf(std::uint32_t address, std::span<const std::uint32_t> boxes,
                       const Region& region) {
  checks_.clear();
  for (std::uint32_t box : boxes) add_checks(all_[box], region);
  checks_.push_back({.check = {0, UINT32_MAX, 0, TNA_RULE_NONE}});
  const std::uint32_t checks = place_of_checks();
  at(address).node = {{checks, TNA_RULE_NONE, TNA_RULE_NONE}, address | TNA_RULE_LEAF};
}

// Equal lists of checks are kept once; they are told by their form with addresses from 0 on.
std::uint32_t Builder::place_of_checks() {
  std::string bytes(reinterpret_cast<const char*>(checks_.data()), checks_.size() * kCell);
  auto [known, fresh] = known_checks_.emplace(std::move(bytes), end());
  if (fresh) {
    for (tna_rule_cell& check : checks_) check.check.next += known->second;
    cells_.insert(cells_.end(), checks_.begin(), checks_.end());
  }
  return known->second;
}

// A root that is used points to trees, which lie behind the roots.
std::optional<std::uint32_t> free_root(const RuleCells& cells) {
  for (std::uint32_t i = 0; i < TNA_RULE_ROOTS; ++i)
    if (!cells[i * kRootCells].at[0]) return i * TNA_RULE_ROOT_BYTES;
  return std::nullopt;
}

}  // namespace

Result<std::uint32_t> add_tree(RuleCells& cells, std::span<const Box> boxes,
                               const TreeLimits& limits) {
  std::vector<Box> all(boxes.begin(), boxes.end());
  for (const Box& box : all) {
    if (box.rule >= TNA_RULE_MORE) return error("rule tree: no such rule number");
    for (const Range& range : box.words)
      if (range.low > range.high) return error(fmt::format("rule {}: an empty range", box.rule));
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Box& a, const Box& b) { return a.rule < b.rule; });

  const std::size_t empty = cells.size();
  if (cells.empty()) cells.resize(TNA_RULE_ROOTS * kRootCells);
  const std::optional<std::uint32_t> root = free_root(cells);
  if (!root) return error(fmt::format("rule tree: there are {} already", TNA_RULE_ROOTS));
  const std::size_t before = cells.size();
  const std::size_t most = std::min<std::size_t>(limits.bytes, TNA_RULE_MAX_BYTES) / kCell;
  Style styles[] = {{false, 2, before + 256 + 24 * all.size()},
                    {true, 3, before + 256 + 40 * all.size()},
                    {true, 8, most}};
  Trouble trouble = Trouble::none;
  for (Style style : styles) {
    style.cells = std::min(style.cells, most);
    trouble = Builder(cells, all, style).build(*root);
    if (trouble == Trouble::none && cells.size() <= style.cells) return *root;
    cells.resize(before);
    std::fill_n(cells.begin() + *root / kCell, kRootCells, tna_rule_cell{});
  }
  cells.resize(empty);
  if (trouble == Trouble::too_deep)
    return error(fmt::format("rule tree: {} boxes make it deeper than {} levels", all.size(),
                             TNA_RULE_DEPTH));
  return error(
      fmt::format("rule tree: {} boxes take more than {} bytes", all.size(), limits.bytes));
}

void add_actions(RuleCells& cells, std::uint32_t root, std::span<const std::uint32_t> actions) {
  cells[root / kCell + 2].actions = static_cast<std::uint32_t>(cells.size() * kCell);
  for (std::size_t i = 0; i < actions.size(); ++i) {
    if (i % TNA_RULE_TREES == 0) cells.emplace_back();
    cells.back().at[i % TNA_RULE_TREES] = actions[i];
  }
}

std::size_t rule_cells_value_size(const RuleCells& cells) {
  if (cells.empty()) return kCell;
  return std::bit_ceil(std::max(cells.size() * kCell, kLeastBytes));
}

namespace {

std::uint32_t value_of(const tna_rule_vector& vector, std::uint32_t next) {
  return vector.word[next & TNA_RULE_WORD_MASK];
}

std::uint32_t look_up_tree(const RuleCells& cells, std::uint32_t address,
                           const tna_rule_vector& vector) {
  auto at = [&](std::uint32_t where) -> const tna_rule_cell& { return cells[where / kCell]; };
  while ((at(address).node.next & TNA_RULE_WORD_MASK) != TNA_RULE_LEAF) {
    const auto& node = at(address).node;
    const std::uint32_t value = value_of(vector, node.next);
    std::uint32_t child = node.next & ~TNA_RULE_WORD_MASK;
    for (std::uint32_t limit : node.limit) child += value > limit ? kCell : 0;
    address = child;
  }
  address = at(address).node.limit[0];
  for (;;) {
    const auto& check = at(address).check;
    if (value_of(vector, check.next) - check.low > check.span)
      address = check.next & ~TNA_RULE_WORD_MASK;
    else if (check.rule != TNA_RULE_MORE)
      return check.rule;
    else
      address += kCell;
  }
}

}  // namespace

std::optional<std::uint32_t> look_up(const RuleCells& cells, std::uint32_t root,
                                     const tna_rule_vector& vector) {
  const tna_rule_cell& trees = cells[root / kCell];
  const tna_rule_cell& smallest = cells[root / kCell + 1];
  std::uint32_t best = TNA_RULE_NONE;
  for (int i = 0; i < TNA_RULE_TREES && smallest.first[i] < best; ++i)
    best = std::min(best, look_up_tree(cells, trees.at[i], vector));
  if (best == TNA_RULE_NONE) return std::nullopt;
  return best;
}

}  // namespace tna
