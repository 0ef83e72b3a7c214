// SPDX-License-Identifier: Apache-2.0
#include "daemon/xsk_socket.h"

#include <linux/ethtool.h>
#include <linux/if_xdp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/netns.h"
#include "introspect/ethtool.h"

namespace tna {
namespace {

template <typename T>
Result<T> option(int socket, int level, int name, const char* what) {
  T value{};
  socklen_t size = sizeof value;
  if (::getsockopt(socket, level, name, &value, &size))
    return errno_error(std::string("ask the socket for ") + what);
  return value;
}

std::string refusal(int code, std::uint32_t queue) {
  switch (code) {
    case EBUSY:
      return "it is bound already, or another socket stands at the queue";
    case EINVAL:
      return "the interface has no such queue, or the socket lacks its rings or memory";
    case ENOBUFS:
      return "the socket lacks its fill or completion ring";
    case ENODEV:
      return "the interface is gone";
    case ENETDOWN:
      return "the interface is down";
    default:
      return std::string(std::strerror(code)) + " (queue " + std::to_string(queue) + ")";
  }
}

}  // namespace

std::uint32_t receive_queues(const std::string& interface) {
  auto driver = Ethtool::open();
  if (!driver) return 1;
  ethtool_channels channels{.cmd = ETHTOOL_GCHANNELS};
  if (driver->run(interface, &channels))
    return std::max<std::uint32_t>(1, channels.rx_count + channels.combined_count);
  ethtool_rxnfc rings{.cmd = ETHTOOL_GRXRINGS};
  if (driver->run(interface, &rings))
    return std::max<std::uint32_t>(1, static_cast<std::uint32_t>(rings.data));
  return 1;
}

Result<bool> bind_xsk(int socket, IfIndex ifindex, std::uint32_t queue, bool force_copy) {
  const std::string which = "the socket for queue " + std::to_string(queue) + ": ";
  const auto family = option<int>(socket, SOL_SOCKET, SO_DOMAIN, "its family");
  if (!family || *family != AF_XDP) return error(which + "no AF_XDP socket");
  const auto space =
      TRY(option<std::uint64_t>(socket, SOL_SOCKET, SO_NETNS_COOKIE, "its namespace"));
  if (space != TRY(current_netns_cookie()))
    return error(which + "made in another network namespace than the interface's");
  sockaddr_xdp address{};
  address.sxdp_family = AF_XDP;
  address.sxdp_ifindex = ifindex;
  address.sxdp_queue_id = queue;
  // Without a word about copying the kernel tries without, first.
  address.sxdp_flags = XDP_USE_NEED_WAKEUP | (force_copy ? XDP_COPY : 0);
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address)) {
    const int code = errno;
    return error(which + refusal(code, queue), code);
  }
  const auto options = TRY(option<xdp_options>(socket, SOL_XDP, XDP_OPTIONS, "its options"));
  return (options.flags & XDP_OPTIONS_ZEROCOPY) != 0;
}

}  // namespace tna
