// SPDX-License-Identifier: Apache-2.0
// port_socket.cpp: packet sockets with virtio headers and auxiliary data.
#include "port_socket.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>

namespace tna::differential {
namespace {

constexpr int kBuffer = 16 * 1024 * 1024;
constexpr unsigned kEveryProtocol = 0x0003;  // ETH_P_ALL
constexpr std::size_t kLongestFrame = 65536 + 64;

Result<Fd> packet_socket(int ifindex, const std::string& interface) {
  Fd socket(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return errno_error("packet socket");
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(kEveryProtocol);
  address.sll_ifindex = ifindex;
  if (::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) < 0)
    return errno_error("bind packet socket to " + interface);
  return socket;
}

Result<> set(const Fd& socket, int level, int option, int value) {
  if (::setsockopt(socket.get(), level, option, &value, sizeof value) < 0)
    return errno_error("packet socket option " + std::to_string(option));
  return {};
}

Result<> promiscuous(const Fd& socket, int ifindex) {
  packet_mreq request{};
  request.mr_ifindex = ifindex;
  request.mr_type = PACKET_MR_PROMISC;
  if (::setsockopt(socket.get(), SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof request) < 0)
    return errno_error("promiscuous packet socket");
  return {};
}

// The kernel moves an outermost tag into the packet's metadata: back to where it was on the wire.
void restore_tag(Frame& frame, const msghdr& message) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(const_cast<msghdr*>(&message), c)) {
    if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA) continue;
    tpacket_auxdata aux;
    std::memcpy(&aux, CMSG_DATA(c), sizeof aux);
    if (!(aux.tp_status & TP_STATUS_VLAN_VALID) || frame.bytes.size() < 12) continue;
    const bool typed = aux.tp_status & TP_STATUS_VLAN_TPID_VALID;
    insert_tag(frame.bytes, typed ? aux.tp_vlan_tpid : 0x8100, aux.tp_vlan_tci);
    frame.offload.csum_start += 4;
    frame.offload.hdr_len += 4;
  }
}

}  // namespace

Result<PortSocket> PortSocket::open(const std::string& interface, Sees sees) {
  const int ifindex = interface == "any" ? 0 : ::if_nametoindex(interface.c_str());
  if (ifindex == 0 && interface != "any") return errno_error("find " + interface);
  Fd socket = TRY(packet_socket(ifindex, interface));
  TRY(set(socket, SOL_SOCKET, SO_RCVBUFFORCE, kBuffer));
  TRY(set(socket, SOL_SOCKET, SO_SNDBUFFORCE, kBuffer));
  if (sees == Sees::received)
    TRY(set(socket, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1));
  else if (ifindex)
    TRY(promiscuous(socket, ifindex));
  TRY(set(socket, SOL_PACKET, PACKET_AUXDATA, 1));
  TRY(set(socket, SOL_PACKET, PACKET_VNET_HDR, 1));
  // No PACKET_QDISC_BYPASS: it drops what has to be segmented before the device takes it.
  return PortSocket(std::move(socket), ifindex);
}

Result<> PortSocket::send(const Frame& frame) const {
  Offload offload = frame.offload;
  std::array<iovec, 2> parts{
      iovec{&offload, sizeof offload},
      iovec{const_cast<std::uint8_t*>(frame.bytes.data()), frame.bytes.size()}};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  if (::sendmsg(socket_.get(), &message, 0) >= 0) return {};
  // The cable is unplugged or the port at its other end refused the frame: the same in both worlds.
  if (errno == ENETDOWN || errno == ENOBUFS || errno == ENXIO) return {};
  // Kernels before 6.2 take no UDP packets to be cut.
  if (errno == EINVAL && frame.offload.gso_type == kGsoUdp) return {};
  return errno_error("send " + describe(frame));
}

Result<std::vector<Received>> PortSocket::receive() {
  static Bytes buffer(kLongestFrame);
  std::vector<Received> frames;
  while (true) {
    Offload offload{};
    std::array<iovec, 2> parts{iovec{&offload, sizeof offload},
                               iovec{buffer.data(), buffer.size()}};
    alignas(cmsghdr) char control[256];
    sockaddr_ll where{};
    msghdr message{};
    message.msg_name = &where;
    message.msg_namelen = sizeof where;
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t length = ::recvmsg(socket_.get(), &message, 0);
    if (length < 0) {
      if (errno == EAGAIN) return frames;
      if (errno == ENETDOWN) continue;  // told once, when the cable was unplugged
      return errno_error("receive");
    }
    if (length < static_cast<ssize_t>(sizeof offload)) continue;
    const std::size_t size = length - sizeof offload;
    Frame frame{Bytes(buffer.begin(), buffer.begin() + size), offload};
    restore_tag(frame, message);
    for (Bytes& bytes : on_the_wire(frame))
      frames.push_back({std::move(bytes), where.sll_ifindex, where.sll_pkttype == PACKET_OUTGOING});
  }
}

bool PortSocket::wait(int timeout_ms) const {
  pollfd ready{socket_.get(), POLLIN, 0};
  return ::poll(&ready, 1, timeout_ms) > 0;
}

}  // namespace tna::differential
