// SPDX-License-Identifier: Apache-2.0
// tna_bench: measures TNA against Linux alone and against what XDP could do at best; see
// scripts/bench.
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <signal.h>

#include <CLI/CLI.hpp>

#include "cases.h"
#include "clock.h"
#include "command.h"
#include "demo.h"
#include "tnad.h"

namespace {

using namespace tna;
using namespace tna::bench;

// The first signal ends what is being waited for; everything then unwinds, which removes namespaces
// and children. (Without a handler the process would end and leave them.)
void stop_politely() {
  struct sigaction action {};
  action.sa_handler = [](int) { interrupt(); };
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
}

Result<> measure_cases(const std::vector<std::string>& names, const Options& options,
                       const std::string& json) {
  std::vector<Row> rows;
  std::vector<std::string> failed;
  for (const Case& one : kCases) {
    if (!names.empty() && std::find(names.begin(), names.end(), one.name) == names.end()) continue;
    if (interrupted()) return error("interrupted");
    if (Result<std::vector<Row>> measured = one.measure(options); measured) {
      rows.insert(rows.end(), measured->begin(), measured->end());
    } else {
      fmt::print(stderr, "{}: could not be measured: {}\n", one.name, measured.error().message);
      failed.push_back(one.name);
    }
  }
  print_table(rows);
  if (!json.empty()) TRY(write_json(rows, json));
  if (!failed.empty()) return error("could not be measured: " + join(failed));
  return {};
}

std::string list_of_cases() {
  std::string text = "Cases (all when none is named):";
  for (const Case& one : kCases) text += fmt::format("\n  {:<17}{}", one.name, one.about);
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Measures TNA: 64-byte frames over veth, generator and sink included, on one processor."};
  app.footer(list_of_cases());
  std::vector<std::string> names;
  std::string json;
  bool quick = false, keep = false;
  Options options;
  std::vector<std::string> known{};
  for (const Case& one : kCases) known.push_back(one.name);
  app.add_option("CASE", names, "what to measure")->check(CLI::IsMember(known));
  app.add_option("--json", json, "write the results to this file, too");
  app.add_option("--rounds", options.rounds, "how often each variant is measured")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--seconds", options.seconds, "for how long each time")
      ->check(CLI::Range(0.05, 60.0))
      ->capture_default_str();
  std::vector<std::string> without;
  app.add_option("--without", without, "tnad takes this feature of the kernel for missing");
  app.add_flag("--quick", quick, "3 rounds of 0.3 seconds: a first impression");
  CLI::App* show = app.add_subcommand("demo", "the demonstration; see scripts/demo");
  show->add_flag("--keep", keep, "leave everything standing, to be explored");
  CLI11_PARSE(app, argc, argv);
  for (const std::string& feature : without) {
    more_arguments().push_back("--without");
    more_arguments().push_back(feature);
  }
  if (quick) options.rounds = 3, options.seconds = 0.3;

  libbpf_set_print(nullptr);  // errors carry their own words
  stop_politely();
  pin_to(0);
  Result<> done = show->parsed() ? demo(keep) : measure_cases(names, options, json);
  if (done) return 0;
  fmt::print(stderr, "tna_bench: {}\n", done.error().message);
  return 1;
}
