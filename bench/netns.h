// SPDX-License-Identifier: Apache-2.0
// Named network namespaces that vanish with their object, and being inside one for a while.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace tna::bench {

class Netns {
 public:
  static Result<Netns> create(const std::string& name);
  Netns(Netns&& other) noexcept = default;
  Netns& operator=(Netns&&) noexcept = default;
  ~Netns();

  const std::string& name() const { return name_; }
  int fd() const { return fd_.get(); }
  // Leaves it standing.
  void keep() { fd_ = Fd{}; }

 private:
  Netns(std::string name, Fd fd) : name_(std::move(name)), fd_(std::move(fd)) {}
  std::string name_;
  Fd fd_;
};

// The calling thread is in the namespace while this lives.
class Inside {
 public:
  static Result<Inside> enter(const Netns& netns);
  Inside(Inside&&) noexcept = default;
  ~Inside();

 private:
  explicit Inside(Fd before) : before_(std::move(before)) {}
  Fd before_;
};

}  // namespace tna::bench
