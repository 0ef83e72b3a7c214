// SPDX-License-Identifier: Apache-2.0
#include "afxdp/ways.h"

#include <arpa/inet.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace tna {
namespace {

constexpr std::size_t kMostKnown = 65'536;  // pairs of addresses
constexpr std::uint16_t kNeighbourValid =
    NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY;
constexpr std::uint16_t kNeighbourSure = NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE;

Result<Fd> open_rtnetlink(std::uint32_t groups) {
  Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  sockaddr_nl own{};
  own.nl_family = AF_NETLINK;
  own.nl_groups = groups;
  if (!socket || ::bind(socket.get(), reinterpret_cast<sockaddr*>(&own), sizeof own))
    return errno_error("open rtnetlink");
  return socket;
}

// A request that is made up as it goes: a header, the body of its kind, attributes.
template <typename Body>
class Request {
 public:
  Request(std::uint16_t type, std::uint16_t flags) {
    header().nlmsg_len = NLMSG_LENGTH(sizeof(Body));
    header().nlmsg_type = type;
    header().nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  }
  nlmsghdr& header() { return *reinterpret_cast<nlmsghdr*>(bytes_.data()); }
  Body& body() { return *static_cast<Body*>(NLMSG_DATA(&header())); }
  void add(unsigned short type, const void* value, std::size_t size) {
    auto* at = reinterpret_cast<rtattr*>(bytes_.data() + NLMSG_ALIGN(header().nlmsg_len));
    at->rta_type = type;
    at->rta_len = static_cast<unsigned short>(RTA_LENGTH(size));
    std::memcpy(RTA_DATA(at), value, size);
    header().nlmsg_len =
        static_cast<std::uint32_t>(NLMSG_ALIGN(header().nlmsg_len) + RTA_ALIGN(at->rta_len));
  }
  std::span<std::byte> bytes() { return {bytes_.data(), header().nlmsg_len}; }

 private:
  alignas(8) std::array<std::byte, 256> bytes_{};
};

// The message's attributes, each once; those of higher numbers are of no interest.
template <typename Body>
std::array<const rtattr*, 32> attributes_of(std::span<const std::byte> message) {
  std::array<const rtattr*, 32> found{};
  if (message.size() < NLMSG_LENGTH(sizeof(Body))) return found;
  auto left = static_cast<unsigned>(message.size() - NLMSG_SPACE(sizeof(Body)));
  const auto* at = reinterpret_cast<const rtattr*>(message.data() + NLMSG_SPACE(sizeof(Body)));
  for (; RTA_OK(at, left); at = RTA_NEXT(at, left))
    if (const unsigned type = at->rta_type & NLA_TYPE_MASK; type < found.size()) found[type] = at;
  return found;
}

template <typename T>
bool read(const rtattr* attribute, T& to) {
  if (!attribute || RTA_PAYLOAD(attribute) < sizeof to) return false;
  std::memcpy(&to, RTA_DATA(attribute), sizeof to);
  return true;
}

bool mac_and_mtu(int socket, int ifindex, Way& way) {
  ifreq interface {};
  interface.ifr_ifindex = ifindex;
  if (::ioctl(socket, SIOCGIFNAME, &interface) || ::ioctl(socket, SIOCGIFHWADDR, &interface) ||
      interface.ifr_hwaddr.sa_family != ARPHRD_ETHER)
    return false;
  std::memcpy(way.own.data(), interface.ifr_hwaddr.sa_data, way.own.size());
  if (::ioctl(socket, SIOCGIFMTU, &interface) || interface.ifr_mtu <= 0) return false;
  way.mtu = static_cast<std::size_t>(interface.ifr_mtu);
  return true;
}

}  // namespace

bool read_ip(std::span<const std::byte> ip, IpHeader& header) {
  header = {};
  if (ip.size() < sizeof(iphdr)) return false;
  std::size_t source, length;
  if (const int version = std::to_integer<int>(ip[0]) >> 4; version == 4) {
    const auto* v4 = reinterpret_cast<const iphdr*>(ip.data());
    length = ntohs(v4->tot_len);
    source = offsetof(iphdr, saddr);
    if (v4->ihl < 5 || length < v4->ihl * 4u) return false;
    header.version = 4;
  } else if (version == 6 && ip.size() >= sizeof(ip6_hdr)) {
    length = ntohs(reinterpret_cast<const ip6_hdr*>(ip.data())->ip6_plen) + sizeof(ip6_hdr);
    source = offsetof(ip6_hdr, ip6_src);
    header.version = 6;
  } else {
    return false;
  }
  if (length > ip.size()) return false;
  header.length = length;
  const std::size_t size = header.address_bytes();
  std::memcpy(header.source.data(), ip.data() + source, size);
  std::memcpy(header.destination.data(), ip.data() + source + size, size);
  return true;
}

Result<Ways> Ways::open(int ifindex) {
  Fd changes = TRY(open_rtnetlink(RTMGRP_LINK | RTMGRP_NEIGH | RTMGRP_IPV4_IFADDR |
                                  RTMGRP_IPV4_ROUTE | RTMGRP_IPV4_RULE | RTMGRP_IPV6_IFADDR |
                                  RTMGRP_IPV6_ROUTE | (1u << (RTNLGRP_IPV6_RULE - 1))));
  return Ways(std::move(changes), TRY(open_rtnetlink(0)), ifindex);
}

// Also where there were more changes than the socket could hold (ENOBUFS).
void Ways::look_for_changes() {
  bool changed = false;
  for (;;) {
    const ssize_t got = ::recv(changes_.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (got < 0 && errno != ENOBUFS) break;
    changed = true;
  }
  if (changed)
    for (auto& known : known_) known.clear();
}

std::span<const std::byte> Ways::answer(std::span<std::byte> request) {
  auto* header = reinterpret_cast<nlmsghdr*>(request.data());
  header->nlmsg_seq = ++sequence_;
  if (::send(asked_.get(), request.data(), request.size(), 0) < 0) return {};
  for (;;) {  // an earlier answer may be left
    const ssize_t got = ::recv(asked_.get(), buffer_.data(), buffer_.size(), 0);
    const auto* said = reinterpret_cast<const nlmsghdr*>(buffer_.data());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 || !NLMSG_OK(said, static_cast<unsigned>(got))) return {};
    if (said->nlmsg_seq != sequence_) continue;
    if (said->nlmsg_type == NLMSG_ERROR) return {};
    return {buffer_.data(), said->nlmsg_len};
  }
}

Ways::Known Ways::ask(const IpHeader& packet) {
  Known known;
  const auto family = static_cast<unsigned char>(packet.version == 4 ? AF_INET : AF_INET6);
  const std::size_t size = packet.address_bytes();
  Request<rtmsg> route(RTM_GETROUTE, 0);
  route.body().rtm_family = family;
  route.body().rtm_src_len = route.body().rtm_dst_len = static_cast<unsigned char>(size * 8);
  route.add(RTA_DST, packet.destination.data(), size);
  route.add(RTA_SRC, packet.source.data(), size);
  const auto said = answer(route.bytes());
  if (said.empty()) return known;
  const auto* found =
      static_cast<const rtmsg*>(NLMSG_DATA(reinterpret_cast<const nlmsghdr*>(said.data())));
  const auto about = attributes_of<rtmsg>(said);
  int out = 0;
  if (found->rtm_type != RTN_UNICAST || !read(about[RTA_OIF], out) || out != ifindex_) return known;
  if (about[RTA_ENCAP] || about[RTA_VIA] || about[RTA_METRICS]) return known;

  std::array<std::byte, 16> next = packet.destination;
  if (const rtattr* gateway = about[RTA_GATEWAY]) {
    if (RTA_PAYLOAD(gateway) < size) return known;
    std::memcpy(next.data(), RTA_DATA(gateway), size);
  }
  Request<ndmsg> neighbour(RTM_GETNEIGH, 0);
  neighbour.body().ndm_family = family;
  neighbour.body().ndm_ifindex = ifindex_;
  neighbour.add(NDA_DST, next.data(), size);
  const auto entry = answer(neighbour.bytes());
  if (entry.empty()) return known;
  const std::uint16_t state =
      static_cast<const ndmsg*>(NLMSG_DATA(reinterpret_cast<const nlmsghdr*>(entry.data())))
          ->ndm_state;
  if (!(state & kNeighbourValid) ||
      !read(attributes_of<ndmsg>(entry)[NDA_LLADDR], known.way.neighbour))
    return known;
  // Linux goes on to use it, and makes sure of it when it has a packet for it itself.
  known.linux_next = !(state & kNeighbourSure);
  known.here = mac_and_mtu(asked_.get(), ifindex_, known.way);
  return known;
}

const Way* Ways::find(const IpHeader& packet) {
  auto& ways = known_[packet.version == 6];
  const Addresses addresses{packet.source, packet.destination};
  auto at = ways.find(addresses);
  if (at == ways.end()) {
    if (ways.size() >= kMostKnown) ways.clear();
    at = ways.emplace(addresses, ask(packet)).first;
  }
  Known& known = at->second;
  if (!known.here || packet.length > known.way.mtu || std::exchange(known.linux_next, false))
    return nullptr;
  return &known.way;
}

}  // namespace tna
