// SPDX-License-Identifier: Apache-2.0
// Time in seconds, processors, medians, and being interrupted.
#pragma once

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <thread>
#include <vector>

namespace tna::bench {

inline double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

inline void pause_for(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

// The calling thread, and what it starts later, on this processor alone.
inline void pin_to(int cpu) {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(cpu, &cpus);
  sched_setaffinity(0, sizeof cpus, &cpus);
}

inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  std::size_t middle = values.size() / 2;
  return values.size() % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

// Asked to end by a signal: loops look at it and return an error.
inline std::atomic<bool> interrupt_flag = false;
inline void interrupt() {
  interrupt_flag = true;
}
inline bool interrupted() {
  return interrupt_flag;
}

}  // namespace tna::bench
