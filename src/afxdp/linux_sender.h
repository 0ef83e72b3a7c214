// SPDX-License-Identifier: Apache-2.0
// LinuxSender: hands IP packets to Linux, which sends them as its own: routes, neighbours, rules at
// output and all.
#pragma once

#include <cstddef>
#include <span>

#include "afxdp/ways.h"
#include "base/fd.h"
#include "base/result.h"

namespace tna {

class LinuxSender {
 public:
  static Result<LinuxSender> open();
  // The packet, which is as long as its header says; false: Linux does not send it, since it knows
  // no way, or the source is no address of this host.
  bool send(const IpHeader&, std::span<const std::byte> ip) const;

 private:
  LinuxSender(Fd v4, Fd v6) : v4_(std::move(v4)), v6_(std::move(v6)) {}
  Fd v4_, v6_;
};

}  // namespace tna
