// SPDX-License-Identifier: Apache-2.0
// report.cpp: a case as commands and frames, and both outputs.
#include "report.h"

#include <spdlog/fmt/fmt.h>

#include <sstream>

#include "world.h"

namespace tna::differential {
namespace {

constexpr std::size_t kLogTail = 4000;

std::string indented(const std::string& lines) {
  std::istringstream in(lines);
  std::string text;
  for (std::string line; std::getline(in, line);) text += "  " + line + "\n";
  return text;
}

std::string as_text(const Step& step, const Options& options) {
  switch (step.kind) {
    case Step::Kind::run:
      return "  " + step.text + "\n";
    case Step::Kind::start:
      return options.build.empty() ? "" : "  tnad --hook " + options.hook + " &\n";
    case Step::Kind::send:
      return fmt::format("  frame into p{}: {}\n    {}\n", step.port, describe(step.frame),
                         to_hex(step.frame.bytes));
    default:
      return "  (" + to_text(step) + ")\n";
  }
}

}  // namespace

std::string report(const Case& case_, const Outcome& outcome, const Options& options) {
  std::string text =
      fmt::format("--- difference: {} (hook {})\nthe world:\n{}then:\n", case_.title, options.hook,
                  indented(world_commands(case_.device, options.hook == "xdp")));
  for (const Step& step : case_.steps) text += as_text(step, options);
  text += "what differs:\n" + outcome.difference;
  if (!outcome.counters.reasons.empty() || outcome.counters.fast) {
    text +=
        fmt::format("tnad counted {} fast, {} slow:", outcome.counters.fast, outcome.counters.slow);
    for (const auto& [name, count] : outcome.counters.reasons)
      if (count) text += fmt::format(" {} {}", name, count);
    text += "\n";
  }
  const std::string& log = outcome.log;
  if (!log.empty())
    text += "tnad said:\n" + log.substr(log.size() > kLogTail ? log.size() - kLogTail : 0);
  return text + "---\n";
}

}  // namespace tna::differential
