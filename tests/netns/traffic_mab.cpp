// SPDX-License-Identifier: Apache-2.0
#include "traffic_mab.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "traffic_socket.h"

namespace tna::traffic {
namespace {

constexpr unsigned short kMab = IFLA_BRPORT_LOCKED + 1;  // newer headers: IFLA_BRPORT_MAB

}  // namespace

Result<> set_mab(const std::string& netns, const std::string& port, bool on) {
  struct {
    nlmsghdr header;
    ifinfomsg link;
    rtattr protinfo;
    rtattr mab;
    std::uint8_t value;
    std::uint8_t pad[3];
  } request{};
  const Fd socket = TRY(socket_in(netns, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
  ifreq query{};
  port.copy(query.ifr_name, IFNAMSIZ - 1);
  const Fd plain = TRY(socket_in(netns, AF_INET, SOCK_DGRAM, 0));
  if (ioctl(plain.get(), SIOCGIFINDEX, &query) < 0) return errno_error("find " + port);
  request.header = {sizeof request, RTM_SETLINK, NLM_F_REQUEST | NLM_F_ACK, 0, 0};
  request.link.ifi_family = AF_BRIDGE;
  request.link.ifi_index = query.ifr_ifindex;
  request.protinfo = {static_cast<unsigned short>(RTA_LENGTH(RTA_LENGTH(1)) + 3),
                      IFLA_PROTINFO | NLA_F_NESTED};
  request.mab = {static_cast<unsigned short>(RTA_LENGTH(1)), kMab};
  request.value = on;
  struct {
    nlmsghdr header;
    nlmsgerr result;
    char more[256];
  } answer{};
  if (send(socket.get(), &request, sizeof request, 0) < 0 ||
      recv(socket.get(), &answer, sizeof answer, 0) < 0)
    return errno_error("set mab of " + port);
  if (answer.result.error) return errno_error("set mab of " + port, -answer.result.error);
  return {};
}

}  // namespace tna::traffic
