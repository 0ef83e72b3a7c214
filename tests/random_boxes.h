// SPDX-License-Identifier: Apache-2.0
// Random rule sets as boxes, the packets that meet them, and the linear search that says what is
// right. Words: source, destination (one each for IPv4, four for IPv6), ports, protocol.
#pragma once

#include <algorithm>
#include <optional>
#include <random>
#include <vector>

#include "compile/tree.h"

namespace tna::test {

enum class Kind {
  access_list,  // prefixes of a limited number of sites, ports; a tenth of the rules are wide
  firewall,     // a third leave one side open, many ranges of ports
  adversarial,  // everything overlaps: short prefixes, wide ranges in both ports
  sets,         // rules with several boxes each
};

class RandomBoxes {
 public:
  RandomBoxes(Kind kind, bool v6, unsigned seed)
      : kind_(kind), address_words_(v6 ? 4 : 1), random_(seed) {}

  std::vector<Box> make(std::uint32_t rules) {
    sites_.clear();
    for (std::uint32_t i = 0; i < std::max(4U, rules / 12); ++i) sites_.push_back(site());
    std::vector<Box> boxes;
    for (std::uint32_t rule = 0; rule < rules; ++rule) {
      Box box = kind_ == Kind::adversarial ? adversarial() : ordinary(rule > rules / 10);
      box.rule = rule;
      boxes.push_back(box);
      while (kind_ == Kind::sets && below(3)) {
        box.words[destination_port()] = port(80, 20);
        boxes.push_back(box);
      }
    }
    return boxes;
  }

  // Mostly of a box: from anywhere in it, or from its corners and next to them.
  tna_rule_vector vector(const std::vector<Box>& boxes) {
    tna_rule_vector vector{};
    const Box& box = boxes[below(boxes.size())];
    const std::uint32_t way = below(10);
    for (int word = 0; word < TNA_RULE_WORDS; ++word) {
      const Range& range = box.words[word];
      std::uint32_t& value = vector.word[word];
      if (way == 0)
        value = word < source_port() ? any() : below(65536);
      else if (way < 7 || below(8) == 0)
        value = range.low + below(std::uint64_t{range.high} - range.low + 1);
      else
        value =
            (below(2) ? range.low : range.high) + (below(4) ? 0 : below(3)) - (below(4) ? 0 : 1);
    }
    return vector;
  }

  // Of traffic that rules were written for.
  tna_rule_vector traffic(const std::vector<Box>& boxes) {
    tna_rule_vector vector{};
    const Box& box = boxes[below(boxes.size())];
    const bool any = below(10) == 0;
    for (int word = 0; word <= protocol(); ++word) {
      const Range range =
          any ? Range{0, word < source_port() ? UINT32_MAX : 65535} : box.words[word];
      vector.word[word] = range.low + below(std::uint64_t{range.high} - range.low + 1);
    }
    if (vector.word[protocol()] > 255) vector.word[protocol()] = below(2) ? 6 : 17;
    return vector;
  }

 private:
  using Address = std::array<std::uint32_t, 4>;

  int source_port() const { return 2 * address_words_; }
  int destination_port() const { return source_port() + 1; }
  int protocol() const { return source_port() + 2; }
  std::uint32_t any() { return static_cast<std::uint32_t>(random_()); }
  std::uint32_t below(std::uint64_t bound) {
    return static_cast<std::uint32_t>((std::uint64_t{any()} * bound) >> 32);
  }

  Address site() {
    if (address_words_ == 1) return {(any() & 0xffff0000U) | below(256) << 8};
    return {0x20010db8U, below(16) << 28 | below(65536), any() & 0xffff0000U, 0};
  }

  // A prefix of a random address at a site, over the address's words.
  void set_address(Box& box, int first, int length) {
    Address address = sites_[below(sites_.size())];
    address[address_words_ - 1] |= below(256);
    for (int i = 0; i < address_words_; ++i) {
      const int bits = std::clamp(length - 32 * i, 0, 32);
      const std::uint32_t mask = bits ? UINT32_MAX << (32 - bits) : 0;
      box.words[first + i] = {address[i] & mask, address[i] | ~mask};
    }
  }

  int prefix_length(bool wide) {
    const std::uint32_t x = below(100);
    int length = 0;
    if (wide)
      length = x < 60 ? 0 : x < 80 ? 8 : 16;
    else
      length = x < 40   ? 32
               : x < 65 ? 24
               : x < 75 ? 16
               : x < 90 ? 17 + static_cast<int>(below(15))
               : x < 95 ? 8 + static_cast<int>(below(8))
                        : 0;
    if (address_words_ == 1 || length == 0) return length;
    return length == 32 ? 128 : 32 + 2 * length;
  }

  Range port(std::uint32_t exact, std::uint32_t range) {
    static constexpr std::uint16_t kKnown[] = {
        22,  25,  53,  80,   110,  123,  143,  161,  179,  389,  443,  445,  465,  514,  587,
        636, 993, 995, 1433, 1521, 3128, 3306, 3389, 5060, 5432, 5900, 6379, 8080, 8443, 9200};
    const std::uint32_t x = below(100);
    if (x < exact) {
      const std::uint32_t one =
          below(10) < 7 ? kKnown[below(std::size(kKnown))] : 1024 + below(60000);
      return {one, one};
    }
    if (x >= exact + range) return {0, 65535};
    const std::uint32_t low = 1024 + below(50000);
    switch (below(4)) {
      case 0:
        return {1024, 65535};
      case 1:
        return {0, 1023};
      default:
        return {low, low + 1 + below(2000)};
    }
  }

  Box ordinary(bool late) {
    Box box;
    const bool wide = late && below(10) == 0;
    set_address(box, 0, prefix_length(wide));
    set_address(box, address_words_, prefix_length(wide));
    box.words[source_port()] = box.words[destination_port()] = {0, 65535};
    const std::uint32_t x = below(100);
    const std::uint32_t number = x < 65 ? 6 : x < 90 ? 17 : 1;
    if (x < 93) box.words[protocol()] = {number, number};
    if (x < 90) {
      box.words[source_port()] = port(5, 5);
      box.words[destination_port()] = port(wide ? 80 : 70, 15);
    }
    if (kind_ == Kind::firewall && late) {
      const std::uint32_t side = below(100);
      if (side < 18) set_address(box, 0, 0);
      if (side >= 18 && side < 35) set_address(box, address_words_, 0);
      if (x < 90 && below(100) < 40) {
        const std::uint32_t low = below(60000);
        box.words[destination_port()] = {low, low + below(5000)};
      }
    }
    const bool everywhere = box.words[0].high - box.words[0].low == UINT32_MAX &&
                            box.words[address_words_] == box.words[0];
    if (everywhere) {  // or such rules would hide all after them
      const std::uint32_t one = 1024 + below(60000);
      box.words[destination_port()] = {one, one};
      box.words[protocol()] = {6, 6};
    }
    return box;
  }

  Box adversarial() {
    Box box;
    for (int first : {0, address_words_}) {
      const std::uint32_t value = any(), bits = below(17);
      const std::uint32_t mask = bits ? UINT32_MAX << (32 - bits) : 0;
      box.words[first] = {value & mask, value | ~mask};
    }
    for (int word : {source_port(), destination_port()}) {
      const std::uint32_t low = below(40000);
      box.words[word] = {low, low + below(25000)};
    }
    const std::uint32_t number = below(2) ? 6 : 17;
    if (below(4)) box.words[protocol()] = {number, number};
    return box;
  }

  Kind kind_;
  int address_words_;
  std::mt19937 random_;
  std::vector<Address> sites_;
};

inline bool matches(const Box& box, const tna_rule_vector& vector) {
  for (int word = 0; word < TNA_RULE_WORDS; ++word)
    if (vector.word[word] < box.words[word].low || vector.word[word] > box.words[word].high)
      return false;
  return true;
}

// Of boxes in the order of their rules.
inline std::optional<std::uint32_t> first_match(const std::vector<Box>& boxes,
                                                const tna_rule_vector& vector) {
  for (const Box& box : boxes)
    if (matches(box, vector)) return box.rule;
  return std::nullopt;
}

}  // namespace tna::test
