// SPDX-License-Identifier: Apache-2.0
#include "afxdp/registration.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

namespace tna {
namespace {

constexpr timeval kPatience{30, 0};  // a program may have to be loaded first

}  // namespace

Result<Registration> Registration::connect(const std::string& control) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (control.empty() || control.size() >= sizeof address.sun_path)
    return error("'" + control + "' can't be a control socket");
  control.copy(address.sun_path, control.size());
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return errno_error("create a Unix socket");
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience) ||
      ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address))
    return errno_error("reach tnad at " + control);
  return Registration(std::move(socket), control);
}

Result<Json> Registration::ask(const char* command, const Json& arguments,
                               const std::vector<int>& descriptors) {
  std::string request = dump({{"command", command}, {"arguments", arguments}}) + '\n';
  iovec bytes{request.data(), request.size()};
  const std::size_t size = descriptors.size() * sizeof(int);
  std::vector<std::uint64_t> control((CMSG_SPACE(size) + 7) / 8);
  msghdr message{.msg_iov = &bytes, .msg_iovlen = 1};
  if (size) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(size);
    cmsghdr* part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(size);
    std::memcpy(CMSG_DATA(part), descriptors.data(), size);
  }
  if (::sendmsg(socket_.get(), &message, MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
    return errno_error("ask tnad at " + control_);
  std::string line;
  while (line.empty() || line.back() != '\n') {
    char chunk[4096];
    const ssize_t n = ::read(socket_.get(), chunk, sizeof chunk);
    if (n < 0) return errno_error("wait for tnad's answer at " + control_);
    if (n == 0) return error("the tnad at " + control_ + " closed without an answer");
    line.append(chunk, static_cast<std::size_t>(n));
  }
  const Json answer = Json::parse(line, nullptr, false);
  if (const Json* result = find(answer, "result"); result && flag(answer, "ok")) return *result;
  return error("tnad: " + text(answer, "error", "no answer that is known"));
}

bool Registration::ended() const {
  char byte;
  const ssize_t n = ::recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n >= 0 || (errno != EAGAIN && errno != EINTR);
}

}  // namespace tna
