// SPDX-License-Identifier: Apache-2.0
// Tnad: the daemon that serves one world, and what it counted.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "options.h"
#include "process.h"

namespace tna::differential {

struct Counters {
  std::uint64_t fast = 0, slow = 0;
  std::map<std::string, std::uint64_t> reasons;
  std::map<std::string, std::uint64_t> fast_of;  // what rules of that comment count in Linux alone
  void add(const Counters& other);
};

class Tnad {
 public:
  // Returns when the daemon says that it is ready.
  static Result<Tnad> start(const Options& options, const std::string& netns);
  Tnad(Tnad&&) noexcept = default;
  Tnad& operator=(Tnad&&) = delete;
  ~Tnad();

  Result<Counters> counters() const;
  Result<> add_hook(const std::string& object) const;  // at the slot "start" of all interfaces
  void collect() { process_.collect(); }
  Result<> stop();  // an error when it had died, or did not end cleanly
  const std::string& log() const { return process_.output(); }

 private:
  Tnad(Process process, std::filesystem::path directory, std::string client)
      : process_(std::move(process)),
        directory_(std::move(directory)),
        client_(std::move(client)) {}
  Process process_;
  std::filesystem::path directory_;
  std::string client_;
};

}  // namespace tna::differential
