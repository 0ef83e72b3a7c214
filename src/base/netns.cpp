// SPDX-License-Identifier: Apache-2.0
#include "base/netns.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/vfs.h>

namespace tna {

Result<NetNamespace> NetNamespace::open(const std::string& name_or_path) {
  const bool is_path = name_or_path.find('/') != std::string::npos;
  const std::string path = is_path ? name_or_path : "/run/netns/" + name_or_path;
  return open_path(path, "open network namespace " + name_or_path);
}

Result<NetNamespace> NetNamespace::current() {
  return open_path("/proc/thread-self/ns/net", "open the network namespace of this thread");
}

Result<NetNamespace> NetNamespace::open_path(const std::string& path, const std::string& action) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return errno_error(action);
  // `ip netns add` that was interrupted leaves a plain file, and so does one of another mount
  // namespace.
  struct statfs info;
  if (fstatfs(fd.get(), &info) < 0) return errno_error(action);
  if (info.f_type != NSFS_MAGIC) return error(action + ": " + path + " is not a namespace", EINVAL);
  return NetNamespace(std::move(fd), path);
}

Result<> NetNamespace::enter() const {
  if (setns(fd_.get(), CLONE_NEWNET) < 0) return errno_error("enter network namespace " + path_);
  return {};
}

Result<std::uint64_t> current_netns_cookie() {
  Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return errno_error("ask for the network namespace's cookie");
  std::uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  if (getsockopt(socket.get(), SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) < 0)
    return errno_error("ask for the network namespace's cookie");
  return cookie;
}

}  // namespace tna
