// SPDX-License-Identifier: Apache-2.0
// Child processes, started inside a network namespace; and the one CPU on which frames are sent.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace tna::differential {

using Words = std::vector<std::string>;
Words split_words(const std::string& line);

class Process {
 public:
  enum class Capture { output, errors };  // stdout and stderr together, or stderr alone

  // `netns` is a descriptor of the namespace, or -1 for our own. The child dies with us.
  static Result<Process> start(const Words& arguments, int netns, Capture capture,
                               const std::string& input = "");
  Process(Process&& other) noexcept;
  Process& operator=(Process&&) = delete;
  ~Process();  // SIGTERM, and SIGKILL after 5 s

  // Reads until `text` was seen; an error when the child ends or the time is over before.
  Result<> wait_for(const std::string& text, int timeout_ms);
  // Reads what is there without waiting.
  void collect();
  // Waits for the end; the exit status, or 128 + signal. `output()` is complete then.
  int wait();
  // SIGTERM, waits; an error when it had to be killed or had died before.
  Result<> stop(int timeout_ms);
  const std::string& output() const { return output_; }

 private:
  Process(pid_t pid, Fd pipe) : pid_(pid), pipe_(std::move(pipe)) {}
  bool read_some(int timeout_ms);  // false at the end of the stream

  pid_t pid_ = -1;
  Fd pipe_;
  std::string output_;
};

struct Finished {
  int status = 0;
  std::string output;
};
Result<Finished> run(const Words& arguments, int netns = -1, const std::string& input = "");
Result<> run_or_error(const Words& arguments, int netns = -1, const std::string& input = "");

// Keeps this thread on one CPU, so that all softirq work of the frames it sends is done, in order,
// before the send returns. Children get the CPUs that we had.
void stay_on_one_cpu();

}  // namespace tna::differential
