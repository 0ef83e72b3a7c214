// SPDX-License-Identifier: Apache-2.0
// campaign.cpp: runs cases, and shrinks those that show a difference.
#include "campaign.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "interrupt.h"
#include "report.h"
#include "shrink.h"

namespace tna::differential {
namespace {

namespace fs = std::filesystem;

// A difference that needs luck (a race) may take more than one run to show again.
constexpr int kAttempts = 3;

Case up_to(const Case& case_, std::size_t steps) {
  Case shorter = case_;
  shorter.steps.resize(std::min(steps, case_.steps.size()));
  return shorter;
}

Result<std::string> save(const Case& case_, const std::string& directory, const std::string& hook) {
  std::error_code failed;
  fs::create_directories(directory, failed);
  std::string name = case_.title + "-" + hook + ".case";
  std::erase(name, ',');
  std::ranges::replace(name, ' ', '-');
  const std::string path = fs::path(directory) / name;
  std::ofstream file(path);
  file << "# SPDX-License-Identifier: Apache-2.0\n" << to_text(case_);
  if (!file) return errno_error("write " + path);
  return path;
}

}  // namespace

void Totals::add(const Totals& other) {
  cases += other.cases;
  differences += other.differences;
  frames += other.frames;
  received += other.received;
  counters.add(other.counters);
}

Result<> Campaign::run(const Case& case_) {
  if (interrupted()) return error("interrupted");
  Outcome outcome = TRY(run_twins(case_, options_));
  ++totals.cases;
  totals.frames += outcome.frames;
  totals.received += outcome.received;
  totals.counters.add(outcome.counters);
  if (outcome.difference.empty()) return {};
  ++totals.differences;
  return examine(case_, std::move(outcome));
}

Result<> Campaign::examine(const Case& case_, Outcome outcome) {
  std::printf("%s: a difference after %zu steps; shrinking it ...\n%s", case_.title.c_str(),
              outcome.steps, outcome.difference.c_str());
  std::fflush(stdout);
  Case smallest = up_to(case_, outcome.steps);
  const auto differs = [&](const Case& smaller) {
    const auto again = run_twins(smaller, options_);
    if (!again || again->difference.empty()) return false;
    outcome = *again;
    return true;
  };
  bool again = false;
  const int attempts = shrink_seconds_ > 0 ? kAttempts : 0;
  for (int attempt = 0; attempt < attempts && !again; ++attempt) again = differs(smallest);
  if (again)
    smallest = shrink(smallest, differs, shrink_seconds_);
  else if (attempts > 0)
    std::printf("(it did not show again in %d runs: a matter of time)\n", kAttempts);
  std::printf("%s", report(smallest, outcome, options_).c_str());
  Options plain = options_;
  plain.build.clear();
  const auto alone = run_twins(smallest, plain);
  if (!options_.build.empty() && alone && !alone->difference.empty())
    std::printf("two worlds of Linux alone differ as well: the fault is the machine's\n");
  std::printf("saved as %s\n", TRY(save(smallest, save_, options_.hook)).c_str());
  std::fflush(stdout);
  return {};
}

Result<> Campaign::run_corpus(const std::string& directory) {
  std::vector<std::string> paths;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(directory, failed))
    if (entry.path().extension() == ".case") paths.push_back(entry.path());
  if (failed) return error(directory + ": " + failed.message());
  std::ranges::sort(paths);
  for (const std::string& path : paths) TRY(run(TRY(read_case(path))));
  return {};
}

}  // namespace tna::differential
