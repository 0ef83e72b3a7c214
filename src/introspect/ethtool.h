// SPDX-License-Identifier: Apache-2.0
// ethtool.h: what drivers are asked and told by ioctl.
#pragma once

#include <cstdint>
#include <string>

#include "base/fd.h"
#include "base/netns.h"
#include "base/result.h"

namespace tna {

class Ethtool {
 public:
  // Of the calling thread's network namespace.
  static Result<Ethtool> open();
  // Of another; the calling thread stays where it is.
  static Result<Ethtool> open(const NetNamespace&);

  // `command` is one of the structures of linux/ethtool.h.
  Result<> run(const std::string& name, void* command) const;
  // The number that one of the ETHTOOL_G* commands gets.
  Result<std::uint32_t> get(const std::string& name, std::uint32_t command) const;
  Result<> set(const std::string& name, std::uint32_t command, std::uint32_t value) const;

  // The name of the namespace's device of that index.
  Result<std::string> name_of(std::uint32_t ifindex) const;

 private:
  explicit Ethtool(Fd socket) : socket_(std::move(socket)) {}
  Fd socket_;
};

}  // namespace tna
