// SPDX-License-Identifier: Apache-2.0
// RoutedSender: sends IP packets where Linux would send them: itself, where that is out of the
// application's interface, and else by Linux.
#pragma once

#include <cstdint>

#include "afxdp/linux_sender.h"
#include "afxdp/ways.h"

namespace tna {

class RoutedSender {
 public:
  static constexpr std::size_t kEthernet = 14;

  static Result<RoutedSender> open(int ifindex);

  // Before each batch of packets.
  void begin() { looked_ = false; }
  // The frame from its Ethernet header on, its IP packet behind 14 bytes. The number of bytes that
  // are to be sent by the application's own socket, with a header made for that; 0: Linux has got
  // it.
  std::uint32_t route(std::span<std::byte> frame);
  // Packets that nobody has sent: Linux has no way, or the source is no address of this host.
  std::uint64_t unsent() const { return unsent_; }

 private:
  RoutedSender(Ways ways, LinuxSender by_linux)
      : ways_(std::move(ways)), linux_(std::move(by_linux)) {}
  Ways ways_;
  LinuxSender linux_;
  bool looked_ = false;  // for changes, which is a system call
  std::uint64_t unsent_ = 0;
};

}  // namespace tna
