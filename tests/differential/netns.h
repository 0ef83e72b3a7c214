// SPDX-License-Identifier: Apache-2.0
// Netns: a network namespace that lives as long as the object.
#pragma once

#include <string>

#include "base/netns.h"

namespace tna::differential {

class Netns {
 public:
  static Result<Netns> create(const std::string& name);
  Netns(Netns&& other) noexcept;
  Netns& operator=(Netns&&) = delete;
  ~Netns();
  const std::string& name() const { return name_; }
  int fd() const { return handle_.fd(); }
  Result<> enter() const { return handle_.enter(); }

 private:
  Netns(std::string name, NetNamespace handle)
      : name_(std::move(name)), handle_(std::move(handle)) {}
  std::string name_;
  NetNamespace handle_;
};

// The calling thread is in the namespace until the object dies.
class Inside {
 public:
  static Result<Inside> enter(const Netns& netns);
  Inside(Inside&&) noexcept = default;
  Inside& operator=(Inside&&) = delete;
  ~Inside();

 private:
  explicit Inside(NetNamespace before) : before_(std::move(before)) {}
  NetNamespace before_;
};

}  // namespace tna::differential
