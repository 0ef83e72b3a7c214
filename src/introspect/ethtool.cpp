// SPDX-License-Identifier: Apache-2.0
#include "introspect/ethtool.h"

#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>
#include <thread>

namespace tna {

Result<Ethtool> Ethtool::open() {
  Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return errno_error("open a socket for ethtool");
  return Ethtool(std::move(socket));
}

// A socket stays in the namespace that it was made in. It is a thread of its own that goes there,
// so that no other can be left in it.
Result<Ethtool> Ethtool::open(const NetNamespace& space) {
  Result<Ethtool> result = error("");
  std::thread([&] {
    auto entered = space.enter();
    result = entered ? open() : std::unexpected(entered.error());
  }).join();
  return result;
}

Result<> Ethtool::run(const std::string& name, void* command) const {
  ifreq request{};
  std::strncpy(request.ifr_name, name.c_str(), IFNAMSIZ - 1);
  request.ifr_data = static_cast<char*>(command);
  if (ioctl(socket_.get(), SIOCETHTOOL, &request) < 0) return errno_error("ethtool " + name);
  return {};
}

Result<std::uint32_t> Ethtool::get(const std::string& name, std::uint32_t command) const {
  ethtool_value value{.cmd = command};
  TRY(run(name, &value));
  return value.data;
}

Result<> Ethtool::set(const std::string& name, std::uint32_t command, std::uint32_t number) const {
  ethtool_value value{.cmd = command, .data = number};
  return run(name, &value);
}

Result<std::string> Ethtool::name_of(std::uint32_t ifindex) const {
  ifreq request{};
  request.ifr_ifindex = static_cast<int>(ifindex);
  if (ioctl(socket_.get(), SIOCGIFNAME, &request) < 0)
    return errno_error("find interface " + std::to_string(ifindex));
  return std::string(request.ifr_name);
}

}  // namespace tna
