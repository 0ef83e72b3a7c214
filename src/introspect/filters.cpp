// SPDX-License-Identifier: Apache-2.0
// Classic BPF. It loads more than a byte in network byte order, netlink writes the host's: numbers
// to compare with are turned around.
#include "introspect/filters.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>

#include <cstddef>

namespace tna {
namespace {

constexpr sock_filter kPass = BPF_STMT(BPF_RET | BPF_K, 0xffffffff);
constexpr sock_filter kDrop = BPF_STMT(BPF_RET | BPF_K, 0);

// Loads that search: A is where attributes begin, or the attribute that has others in it, X the
// type; A becomes where the attribute of that type is, or 0 (net/core/filter.c).
constexpr auto kFind = static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_NLATTR);
constexpr auto kFindInside = static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_NLATTR_NEST);

}  // namespace

Result<> only_generations(Netlink& socket) {
  const std::uint32_t wanted = htons(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN);
  const sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(nlmsghdr, nlmsg_type)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, wanted, 0, 1),
      kPass,
      kDrop,
  };
  return socket.filter(program);
}

Result<> only_notable_routes(Netlink& socket) {
  const sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(nlmsghdr, nlmsg_type)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWROUTE), 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELROUTE), 0, 10),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, NLMSG_HDRLEN + offsetof(rtmsg, rtm_dst_len)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 8, 0),
      BPF_STMT(BPF_LDX | BPF_IMM, RTA_METRICS),
      BPF_STMT(BPF_LD | BPF_IMM, NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(rtmsg))),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kFind),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 3, 0),
      BPF_STMT(BPF_LDX | BPF_IMM, RTAX_MTU),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kFindInside),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
      kDrop,
      kPass,
  };
  return socket.filter(program);
}

}  // namespace tna
