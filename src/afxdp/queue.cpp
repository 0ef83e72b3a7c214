// SPDX-License-Identifier: Apache-2.0
#include "afxdp/queue.h"

#include <sys/mman.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace tna {
namespace {

constexpr std::uint32_t kHeadroom = 0;
constexpr int kSendBudget = 9;  // XDP_MAX_TX_SKB_BUDGET, from Linux 6.17 on
constexpr int kMostKicks = 64;  // of the kernel, which sends a few frames at a time

Result<> set(int socket, int option, const void* value, std::size_t size, const char* what) {
  if (::setsockopt(socket, SOL_XDP, option, value, static_cast<socklen_t>(size)))
    return errno_error(std::string("give an AF_XDP socket its ") + what);
  return {};
}

}  // namespace

Mapping::~Mapping() {
  if (at_) ::munmap(at_, size_);
}

Result<Mapping> XskQueue::map(std::uint64_t offset, std::size_t size, const char* what) const {
  void* at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, socket_.get(),
                    static_cast<off_t>(offset));
  if (at == MAP_FAILED) return errno_error(std::string("map an AF_XDP socket's ") + what);
  return Mapping(at, size);
}

Result<XskQueue> XskQueue::open(std::uint32_t frames) {
  if (frames < 2 || frames & (frames - 1)) return error("frames: no power of two from 2 on");
  XskQueue queue;
  queue.count_ = frames;
  queue.socket_ = Fd(::socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0));
  const int fd = queue.socket_.get();
  if (fd < 0) return errno_error("open an AF_XDP socket");
  const std::size_t bytes = std::size_t{frames} * kFrameBytes;
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED) return errno_error("get memory for packets");
  queue.frames_ = Mapping(memory, bytes);

  xdp_umem_reg area{};
  area.addr = reinterpret_cast<std::uintptr_t>(memory);
  area.len = bytes;
  area.chunk_size = kFrameBytes;
  area.headroom = kHeadroom;
  TRY(set(fd, XDP_UMEM_REG, &area, sizeof area, "memory"));
  TRY(set(fd, XDP_UMEM_FILL_RING, &frames, sizeof frames, "fill ring"));
  TRY(set(fd, XDP_UMEM_COMPLETION_RING, &frames, sizeof frames, "completion ring"));
  TRY(set(fd, XDP_RX_RING, &frames, sizeof frames, "ring of received packets"));
  TRY(set(fd, XDP_TX_RING, &frames, sizeof frames, "ring of packets to send"));
  // Where the kernel copies: it sends as many packets a call, else 32.
  (void)::setsockopt(fd, SOL_XDP, kSendBudget, &frames, sizeof frames);

  xdp_mmap_offsets at{};
  socklen_t size = sizeof at;
  if (::getsockopt(fd, SOL_XDP, XDP_MMAP_OFFSETS, &at, &size))
    return errno_error("ask an AF_XDP socket for its rings");
  const auto addresses = [&](const xdp_ring_offset& ring, std::uint64_t offset,
                             const char* what) -> Result<Ring<std::uint64_t>> {
    return Ring<std::uint64_t>(
        TRY(queue.map(offset, ring.desc + frames * sizeof(std::uint64_t), what)), ring.producer,
        ring.consumer, ring.flags, ring.desc, frames);
  };
  const auto packets = [&](const xdp_ring_offset& ring, std::uint64_t offset,
                           const char* what) -> Result<Ring<xdp_desc>> {
    return Ring<xdp_desc>(TRY(queue.map(offset, ring.desc + frames * sizeof(xdp_desc), what)),
                          ring.producer, ring.consumer, ring.flags, ring.desc, frames);
  };
  queue.fill_ = TRY(addresses(at.fr, XDP_UMEM_PGOFF_FILL_RING, "fill ring"));
  queue.sent_ = TRY(addresses(at.cr, XDP_UMEM_PGOFF_COMPLETION_RING, "completion ring"));
  queue.received_ = TRY(packets(at.rx, XDP_PGOFF_RX_RING, "ring of received packets"));
  queue.to_send_ = TRY(packets(at.tx, XDP_PGOFF_TX_RING, "ring of packets to send"));

  for (std::uint32_t i = 0; i < frames / 2; ++i) queue.fill_.put(std::uint64_t{i} * kFrameBytes);
  queue.fill_.have_written();
  for (std::uint32_t i = frames / 2; i < frames; ++i)
    queue.free_.push_back(std::uint64_t{i} * kFrameBytes);
  return queue;
}

std::span<std::byte> XskQueue::bytes(const xdp_desc& packet, std::uint32_t length) const {
  return {frames_.at() + packet.addr, length};
}

bool XskQueue::broken() const {
  int code = 0;
  socklen_t size = sizeof code;
  return ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &code, &size) || code;
}

// There is room in all rings for all frames.
void XskQueue::release(const xdp_desc& packet) {
  fill_.put(packet.addr / kFrameBytes * kFrameBytes);
}

void XskQueue::send(const xdp_desc& packet) {
  to_send_.put(packet);
}

bool XskQueue::send(std::span<const std::byte> frame) {
  if (frame.size() > kFrameBytes) return false;
  if (free_.empty()) take_back_sent();
  if (free_.empty()) return false;
  const xdp_desc packet{free_.back(), static_cast<std::uint32_t>(frame.size()), 0};
  free_.pop_back();
  std::memcpy(frames_.at() + packet.addr, frame.data(), frame.size());
  to_send_.put(packet);
  return true;
}

void XskQueue::take_back_sent() {
  for (std::uint32_t left = sent_.waiting(); left; --left) {
    const std::uint64_t frame = sent_.next() / kFrameBytes * kFrameBytes;
    if (frame / kFrameBytes < count_ / 2)
      fill_.put(frame);
    else
      free_.push_back(frame);
  }
  sent_.have_read();
}

void XskQueue::flush() {
  received_.have_read();
  to_send_.have_written();
  for (int i = 0; i < kMostKicks && to_send_.unread(); ++i) {
    if (!(to_send_.flags() & XDP_RING_NEED_WAKEUP)) break;
    const bool sent = ::sendto(socket_.get(), nullptr, 0, MSG_DONTWAIT, nullptr, 0) >= 0;
    if (!sent && errno != EAGAIN && errno != EBUSY) break;
    take_back_sent();
  }
  take_back_sent();
  fill_.have_written();
  if (fill_.flags() & XDP_RING_NEED_WAKEUP)
    ::recvfrom(socket_.get(), nullptr, 0, MSG_DONTWAIT, nullptr, nullptr);
}

}  // namespace tna
