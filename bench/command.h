// SPDX-License-Identifier: Apache-2.0
// Running other programs: commands that end (ip, bridge, nft ...) and children that stay (tnad,
// iperf3).
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace tna::bench {

using Arguments = std::vector<std::string>;

// Runs the command, gives it `input`, returns what it wrote to stdout. An exit status other than 0
// is an error which quotes stderr.
Result<std::string> run(const Arguments& command, std::string_view input = {});

// Whether a child may outlive the process that started it.
enum class Life { with_us, of_its_own };

// A child process that stays; it is ended (SIGTERM, then SIGKILL) when the object dies.
class Child {
 public:
  // On the processor `cpu`, anywhere when it is negative.
  static Result<Child> start(const Arguments& command, int cpu = -1, Life life = Life::with_us);
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  ~Child();

  // Until `text` is found in what it writes (stdout and stderr); an error when it ends before or
  // the time is over.
  Result<> wait_for(std::string_view text, double seconds);
  // SIGTERM, and an error unless it then ends by itself with status 0.
  Result<> stop(double seconds);
  // Until it ends by itself; its output.
  Result<std::string> finish(double seconds);
  std::string output() const;
  pid_t pid() const { return pid_; }
  // It is not ended with the object; for a life of its own.
  void keep() { pid_ = -1; }

 private:
  Child(pid_t pid, Fd output, std::string name)
      : pid_(pid), output_(std::move(output)), name_(std::move(name)) {}
  // True when it has ended within the time; then its wait status is in status_.
  bool ended(double seconds);

  pid_t pid_ = -1;
  Fd output_;  // a memory file: nobody needs to drain it
  std::string name_;
  int status_ = 0;
};

// Joined by blanks, for messages.
std::string join(const Arguments& words);

}  // namespace tna::bench
