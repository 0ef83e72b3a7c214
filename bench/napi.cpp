// SPDX-License-Identifier: Apache-2.0
#include "napi.h"

#include <sched.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>

#include "command.h"

namespace tna::bench {
namespace {

using Threads = std::set<pid_t>;

Threads napi_threads(const std::string& device) {
  Threads found;
  std::error_code gone;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", gone)) {
    const std::string number = entry.path().filename();
    pid_t pid = 0;
    std::from_chars(number.data(), number.data() + number.size(), pid);
    std::string name;
    std::getline(std::ifstream(entry.path() / "comm"), name);
    if (pid && name.starts_with("napi/" + device + "-")) found.insert(pid);
  }
  return found;
}

Result<> place(pid_t thread, int cpu) {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(cpu, &cpus);
  sched_param priority{};
  if (sched_getparam(0, &priority) || sched_setaffinity(thread, sizeof cpus, &cpus) ||
      sched_setscheduler(thread, sched_getscheduler(0), &priority))
    return errno_error("place a thread of NAPI");
  return {};
}

}  // namespace

Result<> pin_napi(const Netns& netns, const std::string& device, int cpu) {
  const Threads before = napi_threads(device);
  TRY(run({"ip", "netns", "exec", netns.name(), "sh", "-c",
           "echo 1 >/sys/class/net/" + device + "/threaded"}));
  int placed = 0;
  for (pid_t thread : napi_threads(device)) {
    if (before.contains(thread)) continue;
    TRY(place(thread, cpu));
    ++placed;
  }
  return placed ? Result<>() : error("NAPI of " + device + " has no thread");
}

}  // namespace tna::bench
