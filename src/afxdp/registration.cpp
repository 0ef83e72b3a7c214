// SPDX-License-Identifier: Apache-2.0
#include "afxdp/registration.h"

#include <sys/socket.h>

#include <cerrno>

namespace tna {
namespace {

constexpr std::chrono::seconds kPatience{30};  // a program may have to be loaded first

}  // namespace

Result<Registration> Registration::connect(const std::string& control) {
  return Registration(TRY(ControlClient::connect(control, kPatience)));
}

Result<Json> Registration::ask(const char* command, const Json& arguments,
                               const std::vector<int>& descriptors) {
  const Json answer = TRY(client_.exchange(command, arguments, descriptors));
  if (const Json* result = result_of(answer)) return *result;
  return error("tnad: " + text(answer, "error", "no answer that is known"));
}

bool Registration::ended() const {
  char byte;
  const ssize_t n = ::recv(fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n >= 0 || (errno != EAGAIN && errno != EINTR);
}

}  // namespace tna
