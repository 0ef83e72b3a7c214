// SPDX-License-Identifier: Apache-2.0
#include "compile/tree_split.h"

#include <algorithm>
#include <cstdlib>

namespace tna {
namespace {

// Of more boxes than these only so many are looked at, evenly picked: quantiles hardly change.
constexpr std::size_t kSample = 384;

// Values that end a part of the region, as the boxes' ends suggest them, each as often as it is.
void collect_limits(std::span<const Box> all, std::span<const std::uint32_t> boxes, int word,
                    const Range& region, std::vector<std::uint32_t>& limits) {
  limits.clear();
  for (std::uint32_t box : boxes) {
    const Range& range = all[box].words[word];
    if (range.low > region.low) limits.push_back(range.low - 1);
    if (range.high < region.high) limits.push_back(range.high);
  }
}

// The quartiles, where they differ.
Split quartiles(int word, std::vector<std::uint32_t>& limits) {
  Split split{.word = word};
  auto from = limits.begin();
  for (int i = 1; i <= 3; ++i) {
    auto at = limits.begin() + static_cast<std::ptrdiff_t>(limits.size() * i / 4);
    if (at == limits.end() || at < from) continue;
    std::nth_element(from, at, limits.end());
    if (split.count == 0 || *at != split.limits[split.count - 1]) split.limits[split.count++] = *at;
    from = at;
  }
  return split;
}

// Smaller is better: boxes left after this node, on average, and copies made of them.
double badness(std::span<const Box> all, std::span<const std::uint32_t> boxes, const Split& split) {
  std::array<int, 5> steps{};
  for (std::uint32_t box : boxes) {
    const Range& range = all[box].words[split.word];
    ++steps[split.part_of(range.low)];
    --steps[split.part_of(range.high) + 1];
  }
  double squares = 0, sum = 0;
  int inside = 0;
  for (int part = 0; part <= split.count; ++part) {
    inside += steps[part];
    squares += static_cast<double>(inside) * inside;
    sum += inside;
  }
  return squares * sum;
}

Split best_split(std::span<const Box> all, std::span<const std::uint32_t> boxes,
                 const Region& region) {
  Split best;
  double least = 0;
  std::vector<std::uint32_t> limits;
  for (int word = 0; word < TNA_RULE_WORDS; ++word) {
    collect_limits(all, boxes, word, region[word], limits);
    if (limits.empty()) continue;
    Split split = quartiles(word, limits);
    double bad = badness(all, boxes, split);
    if (best.word < 0 || bad < least) best = split, least = bad;
  }
  return best;
}

}  // namespace

Split choose_split(std::span<const Box> all, std::span<const std::uint32_t> boxes,
                   const Region& region) {
  if (boxes.size() <= kSample) return best_split(all, boxes, region);
  std::vector<std::uint32_t> sample;
  for (std::size_t i = 0; i < kSample; ++i) sample.push_back(boxes[i * boxes.size() / kSample]);
  Split split = best_split(all, sample, region);
  return split.word < 0 ? best_split(all, boxes, region) : split;
}

namespace {

// A range is wide if it holds more than this part of the values at which ranges of the word start.
constexpr std::size_t kWidePart = 8;

// For every box the words in which it is wide, a bit for each.
std::vector<std::uint32_t> wide_words(std::span<const Box> all) {
  std::vector<std::uint32_t> wide(all.size()), starts;
  for (int word = 0; word < TNA_RULE_WORDS; ++word) {
    starts.clear();
    for (const Box& box : all) starts.push_back(box.words[word].low);
    std::sort(starts.begin(), starts.end());
    starts.erase(std::unique(starts.begin(), starts.end()), starts.end());
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Range& range = all[i].words[word];
      auto inside = std::upper_bound(starts.begin(), starts.end(), range.high) -
                    std::lower_bound(starts.begin(), starts.end(), range.low);
      if (static_cast<std::size_t>(inside) * kWidePart > starts.size()) wide[i] |= 1U << word;
    }
  }
  return wide;
}

// The two words of which most boxes are narrow in at least one, and then in both.
std::uint32_t telling_words(const std::vector<std::uint32_t>& wide) {
  std::vector<std::size_t> boxes(1U << TNA_RULE_WORDS);  // by their wide words
  for (std::uint32_t words : wide) ++boxes[words];
  std::uint32_t best = 0;
  std::size_t most = 0;
  for (int one = 0; one < TNA_RULE_WORDS; ++one) {
    for (int other = one + 1; other < TNA_RULE_WORDS; ++other) {
      std::uint32_t both = 1U << one | 1U << other;
      std::size_t worth = 0;
      for (std::uint32_t words = 0; words < boxes.size(); ++words) {
        if ((words & both) == both) continue;
        worth += boxes[words] * ((words & both) ? 4 : 5);
      }
      if (worth > most) most = worth, best = both;
    }
  }
  return best;
}

}  // namespace

std::vector<std::vector<std::uint32_t>> group_boxes(std::span<const Box> all) {
  const std::vector<std::uint32_t> wide = wide_words(all);
  const std::uint32_t telling = telling_words(wide);
  std::vector<std::vector<std::uint32_t>> groups;
  std::vector<std::uint32_t> of;
  for (std::uint32_t i = 0; i < all.size(); ++i) {
    auto known = std::find(of.begin(), of.end(), wide[i] & telling);
    if (known == of.end()) {
      groups.emplace_back();
      known = of.insert(of.end(), wide[i] & telling);
    }
    groups[known - of.begin()].push_back(i);
  }
  return groups;
}

}  // namespace tna
