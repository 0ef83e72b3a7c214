// SPDX-License-Identifier: Apache-2.0
#include "capabilities/device_watch.h"

#include <linux/ethtool_netlink.h>

#include "introspect/generic_netlink.h"

namespace tna {
namespace {

// linux/netdev.h, newer than Debian 12's headers (6.3): NETDEV_A_DEV_IFINDEX.
constexpr std::uint16_t kNetdevIfIndex = 1;
// Every message of the family "ethtool" begins with the device: ETHTOOL_A_*_HEADER.
constexpr std::uint16_t kEthtoolHeader = ETHTOOL_A_FEATURES_HEADER;

std::optional<IfIndex> number(const Attributes& attributes, std::uint16_t wanted) {
  IfIndex ifindex = 0;
  for (auto [type, payload] : attributes)
    if (type == wanted && take(payload, ifindex)) return ifindex;
  return std::nullopt;
}

}  // namespace

Result<DeviceWatch> DeviceWatch::open() {
  DeviceWatch watch(TRY(Netlink::open(NETLINK_GENERIC)));
  Netlink asked = TRY(Netlink::open(NETLINK_GENERIC));
  watch.netdev_ = watch.join(asked, "netdev", "mgmt");
  watch.ethtool_ = watch.join(asked, "ethtool", ETHTOOL_MCGRP_MONITOR_NAME);
  return watch;
}

// The family's number, 0 where the kernel has no such family or group.
std::uint16_t DeviceWatch::join(Netlink& asked, const char* name, const char* group) {
  auto family = generic_family(asked, name);
  if (!family || !family->groups.contains(group)) return 0;
  return netlink_.join(family->groups.at(group)) ? family->id : 0;
}

std::optional<IfIndex> DeviceWatch::device(Bytes bytes) const {
  auto header = leading<nlmsghdr>(bytes);
  auto message = parse_generic(bytes);
  if (!header || !message) return std::nullopt;
  if (header->nlmsg_type == netdev_) return number(message->attributes, kNetdevIfIndex);
  if (header->nlmsg_type != ethtool_) return std::nullopt;
  for (auto [type, payload] : message->attributes)
    if (type == kEthtoolHeader) return number(Attributes(payload), ETHTOOL_A_HEADER_DEV_INDEX);
  return std::nullopt;
}

Result<std::optional<std::set<IfIndex>>> DeviceWatch::read() {
  std::set<IfIndex> changed;
  bool lost = false;
  for (;;) {
    const Receive received = TRY(netlink_.receive([&](Bytes message) {
      if (auto ifindex = device(message)) changed.insert(*ifindex);
    }));
    if (received == Receive::nothing) break;
    lost |= received == Receive::overrun;
  }
  if (lost) return std::nullopt;
  return changed;
}

}  // namespace tna
