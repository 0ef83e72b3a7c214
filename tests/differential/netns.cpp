// SPDX-License-Identifier: Apache-2.0
// netns.cpp: makes, enters and removes network namespaces.
#include "netns.h"

#include <fcntl.h>
#include <sched.h>

#include "process.h"

namespace tna::differential {

Result<Netns> Netns::create(const std::string& name) {
  TRY(run_or_error({"ip", "netns", "add", name}));
  Netns netns(name);
  netns.fd_ = Fd(::open(("/run/netns/" + name).c_str(), O_RDONLY | O_CLOEXEC));
  if (!netns.fd_) return errno_error("open /run/netns/" + name);
  return netns;
}

Netns::Netns(Netns&& other) noexcept
    : name_(std::exchange(other.name_, "")), fd_(std::move(other.fd_)) {}

Netns::~Netns() {
  if (!name_.empty()) (void)run({"ip", "netns", "del", name_});
}

Result<Inside> Inside::enter(const Netns& netns) {
  Fd before(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!before) return errno_error("open own network namespace");
  if (::setns(netns.fd(), CLONE_NEWNET) < 0) return errno_error("enter " + netns.name());
  return Inside(std::move(before));
}

Inside::~Inside() {
  // Staying in a world's namespace would make every later step act on the wrong one.
  if (before_ && ::setns(before_.get(), CLONE_NEWNET) < 0) std::abort();
}

}  // namespace tna::differential
