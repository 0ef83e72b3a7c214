// SPDX-License-Identifier: Apache-2.0
#include "afxdp/linux_sender.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstring>

namespace tna {
namespace {

// The kernel takes the header as it is, but for the IPv4 header's checksum, and an identification
// of 0.
Result<Fd> open_raw(int family, int level, int header_included) {
  Fd socket(::socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW));
  const int on = 1;
  if (!socket || ::setsockopt(socket.get(), level, header_included, &on, sizeof on))
    return errno_error("open a raw IP socket");
  return socket;
}

// Which address it comes from, as routing by rules asks for it.
template <typename Info>
bool send_from(int socket, void* to, socklen_t to_size, int level, int type, const Info& info,
               std::span<const std::byte> ip) {
  iovec bytes{const_cast<std::byte*>(ip.data()), ip.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof info)] = {};
  msghdr message{.msg_name = to,
                 .msg_namelen = to_size,
                 .msg_iov = &bytes,
                 .msg_iovlen = 1,
                 .msg_control = control,
                 .msg_controllen = sizeof control};
  cmsghdr* part = CMSG_FIRSTHDR(&message);
  part->cmsg_level = level;
  part->cmsg_type = type;
  part->cmsg_len = CMSG_LEN(sizeof info);
  std::memcpy(CMSG_DATA(part), &info, sizeof info);
  return ::sendmsg(socket, &message, MSG_DONTWAIT) == static_cast<ssize_t>(ip.size());
}

}  // namespace

Result<LinuxSender> LinuxSender::open() {
  Fd v4 = TRY(open_raw(AF_INET, IPPROTO_IP, IP_HDRINCL));
  auto v6 = open_raw(AF_INET6, IPPROTO_IPV6, IPV6_HDRINCL);
  return LinuxSender(std::move(v4), v6 ? std::move(*v6) : Fd());  // a kernel may have no IPv6
}

bool LinuxSender::send(const IpHeader& header, std::span<const std::byte> ip) const {
  if (header.version == 4) {
    sockaddr_in to{};
    in_pktinfo from{};
    to.sin_family = AF_INET;
    std::memcpy(&to.sin_addr, header.destination.data(), sizeof to.sin_addr);
    std::memcpy(&from.ipi_spec_dst, header.source.data(), sizeof from.ipi_spec_dst);
    return send_from(v4_.get(), &to, sizeof to, IPPROTO_IP, IP_PKTINFO, from, ip);
  }
  sockaddr_in6 to{};
  in6_pktinfo from{};
  to.sin6_family = AF_INET6;
  std::memcpy(&to.sin6_addr, header.destination.data(), sizeof to.sin6_addr);
  std::memcpy(&from.ipi6_addr, header.source.data(), sizeof from.ipi6_addr);
  return send_from(v6_.get(), &to, sizeof to, IPPROTO_IPV6, IPV6_PKTINFO, from, ip);
}

}  // namespace tna
