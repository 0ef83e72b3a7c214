// SPDX-License-Identifier: Apache-2.0
// What was measured: rows with their goals, as a table for people and as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/result.h"

namespace tna::bench {

using OrderedJson = nlohmann::ordered_json;

struct Goal {
  std::string key;  // of the row's value
  enum Sense { at_least, at_most } sense;
  double bound;
};

struct Row {
  std::string name, hook;
  int runs = 0;
  OrderedJson values = OrderedJson::object();  // in the order in which they are shown
  std::vector<Goal> goals;

  bool reached() const;
  std::string goal_text() const;
};

// pps values and their ratios: over_linux where linux_pps is known, of_redirect alike (0: unknown).
Row throughput_row(const std::string& name, const std::string& hook, int runs, double pps,
                   double linux_pps, double redirect_pps);

// To three digits behind the point.
double ratio(double value, double base);

void print_table(const std::vector<Row>& rows);
Result<> write_json(const std::vector<Row>& rows, const std::string& file);

}  // namespace tna::bench
