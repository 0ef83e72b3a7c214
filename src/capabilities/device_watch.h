// SPDX-License-Identifier: Apache-2.0
// DeviceWatch: hears that what a device can do has changed. RTM_NEWLINK does not tell: it holds no
// offloads, and when GRO is switched on at one end of a veth, the other end becomes a redirect
// target without an RTM_NEWLINK of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <set>

#include "base/net_types.h"
#include "introspect/netlink.h"

namespace tna {

class DeviceWatch {
 public:
  // Of the network namespace that the calling thread is in. A kernel that tells of less (netdev's
  // XDP features: 6.3) is no error.
  static Result<DeviceWatch> open();

  // Wait for it to become readable, and then call read().
  int fd() const { return netlink_.fd(); }

  // The devices to be probed again; nothing where messages were lost: it may be any.
  Result<std::optional<std::set<IfIndex>>> read();

 private:
  explicit DeviceWatch(Netlink netlink) : netlink_(std::move(netlink)) {}
  std::uint16_t join(Netlink& asked, const char* family, const char* group);
  std::optional<IfIndex> device(Bytes message) const;

  Netlink netlink_;
  std::uint16_t netdev_ = 0, ethtool_ = 0;  // the families' numbers, 0 for one that is missing
};

}  // namespace tna
