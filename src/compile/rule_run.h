// SPDX-License-Identifier: Apache-2.0
// RuleRun: many rules in a row that do nothing but look at the packet and end the chain, as boxes
// for a decision tree (tree.h): what each word of its vector is, and which packets each rule
// matches.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "compile/operand_code.h"
#include "compile/tree.h"
#include "rules/rule_set.h"

namespace tna {

class RuleRun {
 public:
  RuleRun(const RuleTable& table, const Met& met) : table_(table), met_(met) {}

  // How a word of the vector is made.
  struct Word {
    // Four bytes at most, as a number: its first byte is the highest. Or a name that has a number.
    Operand of;
    // Not empty: of an operand of any length, the number of these that are not above it.
    std::vector<Octets> cuts;
  };
  // What a rule does, when it is the first that matches.
  struct Outcome {
    std::uint64_t handle = 0;
    bool counts = false;
    Verdict verdict;
  };

  // False: the rule is none for a tree, or there is no room for it; the run ends before it.
  bool add(const Rule&);
  // All packets match its last rule: none get to others.
  bool complete() const;
  const std::vector<Outcome>& outcomes() const { return outcomes_; }
  // Words and boxes when all rules are in. The same operands, in whatever order they came, are the
  // same words.
  std::vector<Word> words() const;
  std::vector<Box> boxes() const;

 private:
  // A conjunction: ranges of words by their number; of names, of whole values.
  struct Condition {
    std::map<std::size_t, Range> words;
    std::map<std::size_t, Interval> names;
  };
  using Conditions = std::vector<Condition>;  // one of them holds

  bool conditions(const Rule&, Conditions&, Outcome&);
  static bool meet(Conditions& all, const Conditions& more);
  bool conditions_of(const Operand&, std::vector<Interval>, bool inside, Conditions&);
  bool of_name(const Operand&, const std::vector<Interval>&, bool inside, Conditions&);
  bool of_words(const Operand&, const std::vector<Interval>&, bool inside, Conditions&);
  std::size_t word(const Operand&);
  bool add_cuts(const Conditions&);

  const RuleTable& table_;
  Met met_;
  std::vector<Operand> operands_;                 // of words
  std::vector<Operand> names_;                    // of words behind those
  std::map<std::size_t, std::set<Octets>> cuts_;  // by name
  std::vector<Outcome> outcomes_;
  std::vector<Conditions> rules_;
};

}  // namespace tna
