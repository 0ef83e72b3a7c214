// SPDX-License-Identifier: Apache-2.0
#include "traffic_socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>

namespace tna::traffic {
namespace {

Result<int> index_of(const Fd& socket, const Place& place) {
  ifreq request{};
  place.device.copy(request.ifr_name, IFNAMSIZ - 1);
  if (ioctl(socket.get(), SIOCGIFINDEX, &request) < 0)
    return errno_error("find " + place.netns + ":" + place.device);
  return request.ifr_ifindex;
}

Result<> bind_to(const Fd& socket, int ifindex, std::uint16_t protocol) {
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_ifindex = ifindex;
  address.sll_protocol = htons(protocol);
  if (bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) < 0)
    return errno_error("bind a packet socket");
  return {};
}

// The kernel took the tag off the frame and tells it beside.
void restore_tag(msghdr& message, std::vector<std::byte>& frame) {
  for (cmsghdr* item = CMSG_FIRSTHDR(&message); item; item = CMSG_NXTHDR(&message, item)) {
    if (item->cmsg_level != SOL_PACKET || item->cmsg_type != PACKET_AUXDATA) continue;
    tpacket_auxdata aux;
    std::memcpy(&aux, CMSG_DATA(item), sizeof aux);
    if (!(aux.tp_status & TP_STATUS_VLAN_VALID) || frame.size() < 12) return;
    const std::uint16_t tag[2] = {htons(aux.tp_vlan_tpid), htons(aux.tp_vlan_tci)};
    const auto* bytes = reinterpret_cast<const std::byte*>(tag);
    frame.insert(frame.begin() + 12, bytes, bytes + sizeof tag);
  }
}

}  // namespace

Result<Place> parse_place(const std::string& text) {
  const auto colon = text.find(':');
  if (colon == std::string::npos) return error("not NAMESPACE:DEVICE: " + text);
  return Place{text.substr(0, colon), text.substr(colon + 1)};
}

Result<Fd> socket_in(const std::string& netns, int family, int type, int protocol) {
  Fd home(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  Fd there(open(("/run/netns/" + netns).c_str(), O_RDONLY | O_CLOEXEC));
  if (!home || !there) return errno_error("open network namespace " + netns);
  if (setns(there.get(), CLONE_NEWNET) < 0) return errno_error("enter network namespace " + netns);
  Fd made(socket(family, type | SOCK_CLOEXEC, protocol));
  const int why = errno;
  if (setns(home.get(), CLONE_NEWNET) < 0) return errno_error("leave network namespace " + netns);
  if (!made) return errno_error("socket in " + netns, why);
  return made;
}

Result<Sender> open_sender(const Place& place) {
  Sender sender{TRY(socket_in(place.netns, AF_PACKET, SOCK_RAW, 0)), {}};
  ifreq request{};
  place.device.copy(request.ifr_name, IFNAMSIZ - 1);
  if (ioctl(sender.socket.get(), SIOCGIFHWADDR, &request) < 0)
    return errno_error("read the MAC of " + place.device);
  std::memcpy(sender.mac.bytes.data(), request.ifr_hwaddr.sa_data, 6);
  const int ifindex = TRY(index_of(sender.socket, place));
  if (auto bound = bind_to(sender.socket, ifindex, 0); !bound)
    return std::unexpected(bound.error());
  return sender;
}

Result<Fd> open_catcher(const Place& place) {
  Fd catcher = TRY(socket_in(place.netns, AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0));
  const int on = 1, room = 32 << 20;
  const packet_mreq promiscuous{TRY(index_of(catcher, place)), PACKET_MR_PROMISC, 0, {}};
  if (setsockopt(catcher.get(), SOL_PACKET, PACKET_AUXDATA, &on, sizeof on) < 0 ||
      setsockopt(catcher.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) < 0 ||
      setsockopt(catcher.get(), SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous,
                 sizeof promiscuous) < 0)
    return errno_error("set up a packet socket on " + place.device);
  if (auto bound = bind_to(catcher, promiscuous.mr_ifindex, ETH_P_ALL); !bound)
    return std::unexpected(bound.error());
  return catcher;
}

Caught catch_frame(const Fd& catcher, std::vector<std::byte>& frame) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(tpacket_auxdata))];
  sockaddr_ll from{};
  frame.resize(65536);
  iovec part{frame.data(), frame.size()};
  msghdr message{&from, sizeof from, &part, 1, control, sizeof control, 0};
  const ssize_t length = recvmsg(catcher.get(), &message, 0);
  if (length < 0) return Caught::nothing;
  if (from.sll_pkttype == PACKET_OUTGOING) return Caught::own;
  frame.resize(length);
  restore_tag(message, frame);
  return Caught::frame;
}

}  // namespace tna::traffic
