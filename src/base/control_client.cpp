// SPDX-License-Identifier: Apache-2.0
#include "base/control_client.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace tna {

Result<sockaddr_un> control_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return error("control socket '" + path + "': the path must have 1 to " +
                 std::to_string(sizeof address.sun_path - 1) + " bytes");
  path.copy(address.sun_path, path.size());
  return address;
}

Result<ControlClient> ControlClient::connect(const std::string& path,
                                             std::chrono::milliseconds patience) {
  const sockaddr_un address = TRY(control_address(path));
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return errno_error("create a Unix socket");
  const timeval limit{patience.count() / 1000, patience.count() % 1000 * 1000};
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0 ||
      ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0)
    return errno_error("limit the time to wait for tnad");
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return errno_error("reach tnad at " + path);
  return ControlClient(std::move(socket), path);
}

Result<> ControlClient::send(std::string request, const std::vector<int>& descriptors) {
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
  while (bytes.iov_len) {
    const ssize_t n = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
    if (n < 0 && errno == EPIPE) return {};  // a daemon that refuses does not read on: hear why
    if (n < 0) return errno_error("ask tnad at " + path_);
    bytes.iov_base = static_cast<char*>(bytes.iov_base) + n;
    bytes.iov_len -= static_cast<std::size_t>(n);
    message.msg_control = nullptr;  // the descriptors went with the first bytes
    message.msg_controllen = 0;
  }
  return {};
}

Result<Json> ControlClient::exchange(const std::string& command, const Json& arguments,
                                     const std::vector<int>& descriptors) {
  TRY(send(dump({{"command", command}, {"arguments", arguments}}) + '\n', descriptors));
  std::string line;
  while (line.empty() || line.back() != '\n') {
    char chunk[16 * 1024];
    const ssize_t n = ::read(socket_.get(), chunk, sizeof chunk);
    if (n < 0) return errno_error("wait for the answer of tnad at " + path_);
    if (n == 0) return error("the tnad at " + path_ + " closed without an answer: has it stopped?");
    line.append(chunk, static_cast<std::size_t>(n));
  }
  return Json::parse(line, nullptr, false);
}

const Json* result_of(const Json& answer) {
  return flag(answer, "ok") ? find(answer, "result") : nullptr;
}

}  // namespace tna
