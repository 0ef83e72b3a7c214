// SPDX-License-Identifier: Apache-2.0
// What it costs to find the first of N rules that a packet matches, by the trees of src/compile:
// the search on tens of thousands of different vectors in turn against all the same without the
// search.
#include <fmt/format.h>

#include <chrono>
#include <iterator>

#include "cases.h"
#include "clock.h"
#include "random_boxes.h"
#include "rule_tree_program.h"
#include "rule_tree_runs.h"

namespace tna::bench {
namespace {

using test::Kind;

struct Rules {
  const char* name;
  Kind kind;
  bool v6;
  std::uint32_t number;
  double goal;  // nanoseconds; 0: none
};
constexpr Rules kRules[] = {
    {"acl", Kind::access_list, false, 100, 50},
    {"acl", Kind::access_list, false, 1'000, 150},
    {"acl", Kind::access_list, false, 10'000, 300},
    {"acl", Kind::access_list, false, 100'000, 500},
    {"acl-ipv6", Kind::access_list, true, 1'000, 0},
    {"acl-ipv6", Kind::access_list, true, 10'000, 0},
    {"firewall", Kind::firewall, false, 1'000, 0},
    {"firewall", Kind::firewall, false, 10'000, 0},
    {"adversarial", Kind::adversarial, false, 1'000, 0},
    {"adversarial", Kind::adversarial, false, 10'000, 0},
};

struct Searched {
  Rules rules;
  double build_ms = 0;
  std::size_t bytes = 0;
  test::RuleTreeProgram program;
  std::vector<double> search_ns{};
};

Result<Searched> prepare(const Rules& rules) {
  test::RandomBoxes random(rules.kind, rules.v6, 7);
  const std::vector<Box> boxes = random.make(rules.number);
  RuleCells cells;
  const auto start = std::chrono::steady_clock::now();
  const std::uint32_t root = TRY(add_tree(cells, boxes));
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  std::vector<tna_rule_vector> vectors;
  for (int i = 0; i < RULE_TREE_VECTORS; ++i) vectors.push_back(random.traffic(boxes));
  auto program = TRY(test::RuleTreeProgram::load(cells, root));
  TRY(program.set_vectors(vectors));
  return Searched{rules, took.count(), rule_cells_value_size(cells), std::move(program)};
}

Result<> sample(Searched& subject) {
  constexpr int kTimes = 4 * RULE_TREE_VECTORS;
  const double nothing = TRY(subject.program.run("nothing_xdp", kTimes));
  subject.search_ns.push_back(TRY(subject.program.run("find_xdp", kTimes)) - nothing);
  return {};
}

Result<Row> row_of(const Searched& subject) {
  Row row{.name = fmt::format("{}-{}", subject.rules.name, subject.rules.number),
          .hook = "xdp",
          .runs = static_cast<int>(subject.search_ns.size())};
  row.values["search_ns"] = median(subject.search_ns);
  row.values["build_ms"] = ratio(subject.build_ms, 1);
  row.values["kibibytes"] = subject.bytes / 1024;
  row.values["verified_instructions"] = TRY(subject.program.verified_instructions("find_xdp"));
  if (subject.rules.goal > 0) row.goals = {{"search_ns", Goal::at_most, subject.rules.goal}};
  return row;
}

}  // namespace

Result<std::vector<Row>> rule_classifier(const Options& options) {
  std::vector<Searched> subjects;
  for (const Rules& rules : kRules) subjects.push_back(TRY(prepare(rules)));
  for (int round = 1; round <= options.rounds; ++round) {
    fmt::print(stderr, "rule-classifier: round {} of {}\n", round, options.rounds);
    for (Searched& subject : subjects) TRY(sample(subject));
  }
  std::vector<Row> rows;
  for (const Searched& subject : subjects) rows.push_back(TRY(row_of(subject)));
  return rows;
}

}  // namespace tna::bench
