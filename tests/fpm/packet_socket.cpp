// SPDX-License-Identifier: Apache-2.0
#include "fpm/packet_socket.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cstring>
#include <iterator>
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

// The kernel carries a tag beside the frame.
void put_tag_back(msghdr& message, Bytes& frame) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_PACKET || part->cmsg_type != PACKET_AUXDATA) continue;
    tpacket_auxdata aux;
    std::memcpy(&aux, CMSG_DATA(part), sizeof aux);
    if (!(aux.tp_status & TP_STATUS_VLAN_VALID)) continue;
    const std::uint8_t tag[] = {static_cast<std::uint8_t>(aux.tp_vlan_tpid >> 8),
                                static_cast<std::uint8_t>(aux.tp_vlan_tpid),
                                static_cast<std::uint8_t>(aux.tp_vlan_tci >> 8),
                                static_cast<std::uint8_t>(aux.tp_vlan_tci)};
    frame.insert(frame.begin() + 12, std::begin(tag), std::end(tag));
  }
}

}  // namespace

PacketSocket::PacketSocket(IfIndex ifindex, int protocol)
    // Without a protocol it sees nothing until it is bound.
    : socket_(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)) {
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(protocol);
  address.sll_ifindex = ifindex;
  int on = 1;
  if (setsockopt(socket_.get(), SOL_PACKET, PACKET_AUXDATA, &on, sizeof on))
    refuse("ask for VLAN tags");
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
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(tpacket_auxdata))];
    iovec part{frame.data(), frame.size()};
    msghdr message{.msg_name = &from,
                   .msg_namelen = sizeof from,
                   .msg_iov = &part,
                   .msg_iovlen = 1,
                   .msg_control = control,
                   .msg_controllen = sizeof control,
                   .msg_flags = 0};
    ssize_t length = recvmsg(socket_.get(), &message, 0);
    if (length < 0) refuse("receive a frame");
    if ((from.sll_pkttype == PACKET_OUTGOING) != outgoing) continue;
    frame.resize(length);
    put_tag_back(message, frame);
    return frame;
  }
  return std::nullopt;
}

}  // namespace tna::test
