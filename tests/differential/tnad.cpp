// SPDX-License-Identifier: Apache-2.0
// tnad.cpp: starts the daemon on a namespace and asks it for its counters.
#include "tnad.h"

#include <fstream>
#include <nlohmann/json.hpp>

namespace tna::differential {
namespace {

constexpr int kReadyMs = 60000;  // in an emulator beside another one
constexpr int kStopMs = 10000;

}  // namespace

void Counters::add(const Counters& other) {
  fast += other.fast;
  slow += other.slow;
  for (const auto& [name, count] : other.reasons) reasons[name] += count;
  for (const auto& [name, count] : other.fast_of) fast_of[name] += count;
}

Result<Tnad> Tnad::start(const Options& options, const std::string& netns) {
  std::string pattern = (std::filesystem::temp_directory_path() / "tna-diff-XXXXXX").string();
  if (!::mkdtemp(pattern.data())) return errno_error("make " + pattern);
  const std::filesystem::path directory = pattern;
  // Not what the machine's owner configured.
  std::ofstream(directory / "tna.toml") << "hooks_dir = " << directory / "hooks.d"
                                        << "\n";
  const std::string socket = directory / "sock";
  Words arguments{options.build + "/tnad", "--netns",   netns, "--hook", options.hook, "--config",
                  directory / "tna.toml",  "--control", socket};
  if (!options.objects.empty()) arguments.insert(arguments.end(), {"--objects", options.objects});
  auto process = Process::start(arguments, -1, Process::Capture::errors);
  if (!process) {
    std::filesystem::remove_all(directory);
    return std::unexpected(process.error());
  }
  Tnad tnad(std::move(*process), directory, options.build + "/tna");
  if (auto ready = tnad.process_.wait_for("ready", kReadyMs); !ready)
    return error("tnad: " + ready.error().message);
  return tnad;
}

Tnad::~Tnad() {
  if (!directory_.empty()) std::filesystem::remove_all(directory_);
}

Result<Counters> Tnad::counters() const {
  const Finished status =
      TRY(run({client_, "--control", (directory_ / "sock").string(), "status", "--json"}));
  const auto json = nlohmann::json::parse(status.output, nullptr, false);
  if (status.status != 0 || !json.is_object() || !json.contains("interfaces"))
    return error("tna status: " + status.output);
  Counters counters;
  for (const auto& interface : json["interfaces"]) {
    counters.fast += interface.value("fast_packets", std::uint64_t{0});
    counters.slow += interface.value("slow_packets", std::uint64_t{0});
    if (!interface.contains("reasons")) continue;
    for (const auto& [name, count] : interface["reasons"].items())
      counters.reasons[name] += count.get<std::uint64_t>();
  }
  return counters;
}

Result<> Tnad::add_hook(const std::string& object) const {
  return run_or_error({client_, "--control", (directory_ / "sock").string(), "hook", "add", object,
                       "--at", "start"});
}

Result<> Tnad::stop() {
  process_.collect();
  if (auto stopped = process_.stop(kStopMs); !stopped)
    return error("tnad: " + stopped.error().message);
  return {};
}

}  // namespace tna::differential
