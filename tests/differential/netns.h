// SPDX-License-Identifier: Apache-2.0
// Netns: a network namespace that lives as long as the object.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace tna::differential {

class Netns {
 public:
  static Result<Netns> create(const std::string& name);
  Netns(Netns&& other) noexcept;
  Netns& operator=(Netns&&) = delete;
  ~Netns();
  const std::string& name() const { return name_; }
  int fd() const { return fd_.get(); }

 private:
  explicit Netns(std::string name) : name_(std::move(name)) {}
  std::string name_;
  Fd fd_;
};

// The calling thread is in the namespace until the object dies.
class Inside {
 public:
  static Result<Inside> enter(const Netns& netns);
  Inside(Inside&&) noexcept = default;
  Inside& operator=(Inside&&) = delete;
  ~Inside();

 private:
  explicit Inside(Fd before) : before_(std::move(before)) {}
  Fd before_;
};

}  // namespace tna::differential
