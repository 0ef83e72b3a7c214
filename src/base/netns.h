// SPDX-License-Identifier: Apache-2.0
// NetNamespace: a network namespace held open. It lives at least as long as this does.
#pragma once

#include <cstdint>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace tna {

class NetNamespace {
 public:
  // A name as `ip netns` knows it, or a path (with a slash): /proc/PID/ns/net, a container's.
  static Result<NetNamespace> open(const std::string& name_or_path);
  // The one that the calling thread is in.
  static Result<NetNamespace> current();

  // Puts the calling thread into it; threads that it starts afterwards are in it as well.
  Result<> enter() const;

  int fd() const { return fd_.get(); }

 private:
  NetNamespace(Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  static Result<NetNamespace> open_path(const std::string& path, const std::string& action);
  Fd fd_;
  std::string path_;
};

// The kernel's number of the namespace that the calling thread is in, never used again: what
// bpf_get_netns_cookie() returns.
Result<std::uint64_t> current_netns_cookie();

}  // namespace tna
