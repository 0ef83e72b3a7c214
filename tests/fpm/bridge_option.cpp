// SPDX-License-Identifier: Apache-2.0
#include "fpm/bridge_option.h"

#include <libmnl/libmnl.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <memory>

namespace tna::test {
namespace {

class Request {
 public:
  explicit Request(std::uint16_t type) : message_(mnl_nlmsg_put_header(buffer_.data())) {
    message_->nlmsg_type = type;
    message_->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  }
  template <typename T>
  T& fixed() {
    return *static_cast<T*>(mnl_nlmsg_put_extra_header(message_, sizeof(T)));
  }
  nlmsghdr* operator*() { return message_; }

  // Whether the kernel did it.
  bool send() {
    std::unique_ptr<mnl_socket, int (*)(mnl_socket*)> socket(mnl_socket_open(NETLINK_ROUTE),
                                                             mnl_socket_close);
    if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0 ||
        mnl_socket_sendto(socket.get(), message_, message_->nlmsg_len) < 0)
      return false;
    const ssize_t size = mnl_socket_recvfrom(socket.get(), buffer_.data(), buffer_.size());
    return size > 0 &&
           mnl_cb_run(buffer_.data(), static_cast<std::size_t>(size), 0, 0, nullptr, nullptr) >= 0;
  }

 private:
  std::array<char, 512> buffer_{};
  nlmsghdr* message_;
};

}  // namespace

bool enable_mst(IfIndex bridge) {
  Request request(RTM_NEWLINK);
  request.fixed<ifinfomsg>().ifi_index = static_cast<int>(bridge);
  const br_boolopt_multi option{.optval = 1U << BR_BOOLOPT_MST_ENABLE,
                                .optmask = 1U << BR_BOOLOPT_MST_ENABLE};
  nlattr* info = mnl_attr_nest_start(*request, IFLA_LINKINFO);
  mnl_attr_put_strz(*request, IFLA_INFO_KIND, "bridge");
  nlattr* data = mnl_attr_nest_start(*request, IFLA_INFO_DATA);
  mnl_attr_put(*request, IFLA_BR_MULTI_BOOLOPT, sizeof option, &option);
  mnl_attr_nest_end(*request, data);
  mnl_attr_nest_end(*request, info);
  return request.send();
}

bool put_into_tree(IfIndex bridge, std::uint16_t vlan, std::uint16_t tree) {
  Request request(RTM_NEWVLAN);
  auto& header = request.fixed<br_vlan_msg>();
  header.family = AF_BRIDGE;
  header.ifindex = bridge;
  nlattr* options = mnl_attr_nest_start(*request, BRIDGE_VLANDB_GLOBAL_OPTIONS);
  mnl_attr_put_u16(*request, BRIDGE_VLANDB_GOPTS_ID, vlan);
  mnl_attr_put_u16(*request, BRIDGE_VLANDB_GOPTS_MSTI, tree);
  mnl_attr_nest_end(*request, options);
  return request.send();
}

bool set_tree_state(IfIndex port, std::uint16_t tree, std::uint8_t state) {
  Request request(RTM_SETLINK);
  auto& header = request.fixed<ifinfomsg>();
  header.ifi_family = AF_BRIDGE;
  header.ifi_index = static_cast<int>(port);
  nlattr* bridge = mnl_attr_nest_start(*request, IFLA_AF_SPEC);
  nlattr* trees = mnl_attr_nest_start(*request, IFLA_BRIDGE_MST);
  nlattr* entry = mnl_attr_nest_start(*request, IFLA_BRIDGE_MST_ENTRY);
  mnl_attr_put_u16(*request, IFLA_BRIDGE_MST_ENTRY_MSTI, tree);
  mnl_attr_put_u8(*request, IFLA_BRIDGE_MST_ENTRY_STATE, state);
  mnl_attr_nest_end(*request, entry);
  mnl_attr_nest_end(*request, trees);
  mnl_attr_nest_end(*request, bridge);
  return request.send();
}

}  // namespace tna::test
