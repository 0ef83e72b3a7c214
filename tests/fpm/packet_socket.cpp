// SPDX-License-Identifier: Apache-2.0
#include "fpm/packet_socket.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <stdexcept>

namespace tna::test {
namespace {

// struct virtio_net_hdr; linux/virtio_net.h is not for C++.
struct VirtioHeader {
  std::uint8_t flags, segmentation;
  std::uint16_t header_length, segment_size, checksum_start, checksum_offset;
};
constexpr std::uint8_t kNeedsChecksum = 1;  // VIRTIO_NET_HDR_F_NEEDS_CSUM

[[noreturn]] void refuse(const char* what) {
  throw std::runtime_error(what);
}

}  // namespace

PacketSocket::PacketSocket(IfIndex ifindex, int protocol)
    // Without a protocol it sees nothing until it is bound.
    : socket_(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)) {
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(protocol);
  address.sll_ifindex = ifindex;
  if (bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address))
    refuse("bind a packet socket");
}

void PacketSocket::send(const Bytes& frame) {
  if (::send(socket_.get(), frame.data(), frame.size(), 0) != static_cast<ssize_t>(frame.size()))
    refuse("send a frame");
}

void PacketSocket::set_mark(int mark) {
  if (setsockopt(socket_.get(), SOL_SOCKET, SO_MARK, &mark, sizeof mark)) refuse("mark a socket");
}

void PacketSocket::send_unfinished(const Bytes& frame, std::uint16_t start, std::uint16_t offset) {
  int on = 1;
  if (setsockopt(socket_.get(), SOL_PACKET, PACKET_VNET_HDR, &on, sizeof on))
    refuse("use virtio headers");
  VirtioHeader header{.flags = kNeedsChecksum, .checksum_start = start, .checksum_offset = offset};
  Bytes message(reinterpret_cast<std::uint8_t*>(&header),
                reinterpret_cast<std::uint8_t*>(&header + 1));
  message.insert(message.end(), frame.begin(), frame.end());
  send(message);
  int off = 0;
  if (setsockopt(socket_.get(), SOL_PACKET, PACKET_VNET_HDR, &off, sizeof off))
    refuse("use virtio headers no more");
}

std::optional<Bytes> PacketSocket::receive(std::chrono::milliseconds patience) {
  return next(false, patience);
}

std::optional<Bytes> PacketSocket::see_sent(std::chrono::milliseconds patience) {
  return next(true, patience);
}

std::optional<Bytes> PacketSocket::next(bool outgoing, std::chrono::milliseconds patience) {
  pollfd ready{socket_.get(), POLLIN, 0};
  while (poll(&ready, 1, patience.count()) == 1) {
    Bytes frame(65536);
    sockaddr_ll from{};
    socklen_t size = sizeof from;
    ssize_t length = recvfrom(socket_.get(), frame.data(), frame.size(), 0,
                              reinterpret_cast<sockaddr*>(&from), &size);
    if (length < 0) refuse("receive a frame");
    if ((from.sll_pkttype == PACKET_OUTGOING) != outgoing) continue;
    frame.resize(length);
    return frame;
  }
  return std::nullopt;
}

}  // namespace tna::test
