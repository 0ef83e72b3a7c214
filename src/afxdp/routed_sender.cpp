// SPDX-License-Identifier: Apache-2.0
#include "afxdp/routed_sender.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>

#include <cstring>
#include <utility>

namespace tna {

Result<RoutedSender> RoutedSender::open(int ifindex) {
  return RoutedSender(TRY(Ways::open(ifindex)), TRY(LinuxSender::open()));
}

std::uint32_t RoutedSender::route(std::span<std::byte> frame) {
  IpHeader header;
  if (frame.size() < kEthernet || !read_ip(frame.subspan(kEthernet), header)) {
    ++unsent_;
    return 0;
  }
  if (!std::exchange(looked_, true)) ways_.look_for_changes();
  const Way* way = ways_.find(header);
  if (!way) {
    if (!linux_.send(header, frame.subspan(kEthernet, header.length))) ++unsent_;
    return 0;
  }
  ethhdr ethernet{};
  std::memcpy(ethernet.h_dest, way->neighbour.data(), ETH_ALEN);
  std::memcpy(ethernet.h_source, way->own.data(), ETH_ALEN);
  ethernet.h_proto = htons(header.version == 4 ? ETH_P_IP : ETH_P_IPV6);
  std::memcpy(frame.data(), &ethernet, sizeof ethernet);
  return static_cast<std::uint32_t>(kEthernet + header.length);
}

}  // namespace tna
