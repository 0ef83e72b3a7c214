// SPDX-License-Identifier: Apache-2.0
// XskQueue: an AF_XDP socket with its memory and rings. Half of its frames are for packets to be
// received and go round, the others for those that the application writes itself.
#pragma once

#include <linux/if_xdp.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "afxdp/ring.h"
#include "base/fd.h"

namespace tna {

class XskQueue {
 public:
  static constexpr std::uint32_t kFrameBytes = 4096;

  // `frames`: a power of two. The socket is not bound yet.
  static Result<XskQueue> open(std::uint32_t frames);
  int fd() const { return socket_.get(); }

  // The interface is gone.
  bool broken() const;
  // Packets that have come.
  std::uint32_t waiting() const { return received_.waiting(); }
  // The next of them; and what comes of it.
  xdp_desc next() { return received_.next(); }
  std::span<std::byte> bytes(const xdp_desc& packet, std::uint32_t length) const;
  // Bytes from the packet's first to the end of its frame.
  static std::uint32_t room(const xdp_desc& packet) {
    return kFrameBytes - static_cast<std::uint32_t>(packet.addr % kFrameBytes);
  }
  void release(const xdp_desc& packet);
  void send(const xdp_desc& packet);
  // A frame of one's own; false: all of them are on their way.
  bool send(std::span<const std::byte> frame);

  // Has the kernel go on with what was put into the rings.
  void flush();

 private:
  Result<Mapping> map(std::uint64_t offset, std::size_t size, const char* what) const;
  void take_back_sent();

  Fd socket_;
  Mapping frames_;
  std::uint32_t count_ = 0;
  Ring<std::uint64_t> fill_, sent_;
  Ring<xdp_desc> received_, to_send_;
  std::vector<std::uint64_t> free_;  // of the frames for what is written here
};

}  // namespace tna
