// SPDX-License-Identifier: Apache-2.0
#include "fpm/bridge_option.h"

#include <libmnl/libmnl.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <array>
#include <memory>

namespace tna::test {

bool enable_mst(IfIndex bridge) {
  std::array<char, 512> buffer{};
  nlmsghdr* message = mnl_nlmsg_put_header(buffer.data());
  message->nlmsg_type = RTM_NEWLINK;
  message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  auto* link = static_cast<ifinfomsg*>(mnl_nlmsg_put_extra_header(message, sizeof(ifinfomsg)));
  link->ifi_index = static_cast<int>(bridge);
  const br_boolopt_multi option{.optval = 1U << BR_BOOLOPT_MST_ENABLE,
                                .optmask = 1U << BR_BOOLOPT_MST_ENABLE};
  nlattr* info = mnl_attr_nest_start(message, IFLA_LINKINFO);
  mnl_attr_put_strz(message, IFLA_INFO_KIND, "bridge");
  nlattr* data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
  mnl_attr_put(message, IFLA_BR_MULTI_BOOLOPT, sizeof option, &option);
  mnl_attr_nest_end(message, data);
  mnl_attr_nest_end(message, info);

  std::unique_ptr<mnl_socket, int (*)(mnl_socket*)> socket(mnl_socket_open(NETLINK_ROUTE),
                                                           mnl_socket_close);
  if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0 ||
      mnl_socket_sendto(socket.get(), message, message->nlmsg_len) < 0)
    return false;
  const ssize_t size = mnl_socket_recvfrom(socket.get(), buffer.data(), buffer.size());
  return size > 0 &&
         mnl_cb_run(buffer.data(), static_cast<std::size_t>(size), 0, 0, nullptr, nullptr) >= 0;
}

}  // namespace tna::test
