// SPDX-License-Identifier: Apache-2.0
#include "netns.h"

#include <fcntl.h>
#include <sched.h>

#include "command.h"

namespace tna::bench {

Result<Netns> Netns::create(const std::string& name) {
  TRY(run({"ip", "netns", "add", name}));
  Fd fd{open(("/run/netns/" + name).c_str(), O_RDONLY | O_CLOEXEC)};
  if (!fd) return errno_error("open network namespace " + name);
  TRY(run({"ip", "-n", name, "link", "set", "lo", "up"}));
  return Netns(name, std::move(fd));
}

Netns::~Netns() {
  if (fd_) (void)run({"ip", "netns", "del", name_});
}

Result<Inside> Inside::enter(const Netns& netns) {
  Fd before{open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
  if (!before || setns(netns.fd(), CLONE_NEWNET) < 0)
    return errno_error("enter network namespace " + netns.name());
  return Inside(std::move(before));
}

Inside::~Inside() {
  if (before_) setns(before_.get(), CLONE_NEWNET);
}

}  // namespace tna::bench
