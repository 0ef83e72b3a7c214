// SPDX-License-Identifier: Apache-2.0
#include "report.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <fstream>

namespace tna::bench {
namespace {

// The processor's name and how many of them: what a number means without which nothing.
std::string machine() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  std::string model = "unknown processor";
  int processors = 0;
  for (std::string line; std::getline(cpuinfo, line);) {
    if (line.starts_with("processor")) ++processors;
    if (line.starts_with("model name")) model = line.substr(line.find(':') + 2);
  }
  return fmt::format("{} x {}", processors, model);
}

std::string kernel() {
  utsname name{};
  uname(&name);
  return name.release;
}

std::string date() {
  std::time_t time = std::time(nullptr);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&time));
  return text;
}

bool is_rate(const std::string& key) {
  return key.ends_with("pps");
}

std::string shown(const std::string& key, const OrderedJson& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_number()) return value.is_null() ? "-" : value.dump();
  double number = value.get<double>();
  if (is_rate(key)) return fmt::format("{:.3f}", number / 1e6);
  return number == std::floor(number) ? fmt::format("{:.0f}", number)
                                      : fmt::format("{:.2f}", number);
}

constexpr const char* kColumns[] = {"pps", "linux_pps", "redirect_pps", "over_linux",
                                    "of_redirect"};

std::string column(const Row& row, const char* key) {
  return row.values.contains(key) ? shown(key, row.values[key]) : "-";
}

// What has no column of its own.
std::string others(const Row& row) {
  std::string text;
  for (const auto& [key, value] : row.values.items()) {
    if (std::find(std::begin(kColumns), std::end(kColumns), key) != std::end(kColumns)) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", key, shown(key, value));
  }
  return text;
}

}  // namespace

double ratio(double value, double base) {
  return std::round(value / base * 1000) / 1000;
}

bool Row::reached() const {
  for (const Goal& goal : goals) {
    double value = values.value(goal.key, std::nan(""));
    if (!(goal.sense == Goal::at_least ? value >= goal.bound : value <= goal.bound)) return false;
  }
  return true;
}

std::string Row::goal_text() const {
  std::string text;
  for (const Goal& goal : goals)
    text += fmt::format("{}{} {} {}", text.empty() ? "" : ", ", goal.key,
                        goal.sense == Goal::at_least ? ">=" : "<=", goal.bound);
  return text;
}

Row throughput_row(const std::string& name, const std::string& hook, int runs, double pps,
                   double linux_pps, double redirect_pps) {
  Row row{.name = name, .hook = hook, .runs = runs};
  row.values["pps"] = std::round(pps);
  if (linux_pps > 0) row.values["linux_pps"] = std::round(linux_pps);
  if (redirect_pps > 0) row.values["redirect_pps"] = std::round(redirect_pps);
  if (linux_pps > 0) row.values["over_linux"] = ratio(pps, linux_pps);
  if (redirect_pps > 0) row.values["of_redirect"] = ratio(pps, redirect_pps);
  return row;
}

void print_table(const std::vector<Row>& rows) {
  fmt::print("\n{}, Linux {}; rates in million frames a second, medians\n\n", machine(), kernel());
  fmt::print("{:<18}{:<6}{:>7}{:>8}{:>10}{:>9}{:>13}   {}\n", "case", "hook", "TNA", "Linux",
             "redirect", "x Linux", "of redirect", "goal, and what else was measured");
  for (const Row& row : rows) {
    std::string verdict = row.goals.empty() ? "" : row.reached() ? "reached: " : "MISSED: ";
    std::string other = others(row);
    fmt::print("{:<18}{:<6}{:>7}{:>8}{:>10}{:>9}{:>13}   {}{}{}{}\n", row.name, row.hook,
               column(row, "pps"), column(row, "linux_pps"), column(row, "redirect_pps"),
               column(row, "over_linux"), column(row, "of_redirect"), verdict, row.goal_text(),
               row.goals.empty() || other.empty() ? "" : "; ", other);
  }
}

Result<> write_json(const std::vector<Row>& rows, const std::string& file) {
  OrderedJson results = OrderedJson::array();
  for (const Row& row : rows) {
    OrderedJson result{{"case", row.name}, {"hook", row.hook}};
    for (const char* key : kColumns) result[key] = row.values.value(key, OrderedJson());
    result["runs"] = row.runs;
    result.update(row.values);
    result["goal"] = row.goal_text();
    result["reached"] = row.reached();
    results.push_back(std::move(result));
  }
  OrderedJson report{
      {"machine", machine()}, {"kernel", kernel()}, {"date", date()}, {"results", results}};
  std::ofstream out(file);
  out << report.dump(2) << '\n';
  if (!out.flush()) return error("cannot write " + file);
  return {};
}

}  // namespace tna::bench
