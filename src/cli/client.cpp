// SPDX-License-Identifier: Apache-2.0
#include "cli/client.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "base/fd.h"

namespace tna {
namespace {

std::unexpected<Error> no_answer(const std::string& socket, int code) {
  if (code == ENOENT || code == ECONNREFUSED)
    return error("no tnad answers at " + socket + ": is it running? systemctl status tnad", code);
  if (code == EACCES || code == EPERM)
    return error("not allowed to ask tnad at " + socket + ": run tna as root", code);
  if (code == EAGAIN)
    return error("the tnad at " + socket + " runs but does not answer: see journalctl -u tnad",
                 code);
  return errno_error("ask tnad at " + socket, code);
}

Result<Fd> connect_to(const std::string& socket, std::chrono::milliseconds patience) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.empty() || socket.size() >= sizeof address.sun_path)
    return error("'" + socket + "' can't be a control socket: the path must have 1 to " +
                 std::to_string(sizeof address.sun_path - 1) + " bytes");
  socket.copy(address.sun_path, socket.size());

  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return errno_error("create a Unix socket");
  const timeval limit{patience.count() / 1000, patience.count() % 1000 * 1000};
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0 ||
      ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0)
    return errno_error("limit the time to wait for tnad");
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return no_answer(socket, errno);
  return fd;
}

}  // namespace

bool no_daemon(const Error& error) {
  return error.code == ENOENT || error.code == ECONNREFUSED;
}

Result<Json> ask(const std::string& socket, const std::string& command, const Json& arguments,
                 std::chrono::milliseconds patience) {
  Fd fd = TRY(connect_to(socket, patience));
  const std::string request = dump({{"command", command}, {"arguments", arguments}}) + '\n';
  for (std::size_t sent = 0; sent < request.size();) {
    const ssize_t n = ::send(fd.get(), request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EPIPE) break;  // a daemon that refuses does not read on: hear why
    if (n < 0) return no_answer(socket, errno);
    sent += std::size_t(n);
  }

  std::string line;
  while (line.empty() || line.back() != '\n') {
    char chunk[16 * 1024];
    const ssize_t n = ::read(fd.get(), chunk, sizeof chunk);
    if (n < 0) return no_answer(socket, errno);
    if (n == 0)
      return error("the tnad at " + socket + " closed without an answer: has it stopped?");
    line.append(chunk, std::size_t(n));
  }
  Json answer = Json::parse(line, nullptr, false);
  if (Json* result = answer.is_object() && answer.contains("result") ? &answer["result"] : nullptr;
      result && flag(answer, "ok"))
    return std::move(*result);
  return error(text(answer, "error", "the answer from " + socket + " is not tnad's"));
}

}  // namespace tna
