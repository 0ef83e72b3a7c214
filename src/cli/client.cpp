// SPDX-License-Identifier: Apache-2.0
#include "cli/client.h"

#include <cerrno>
#include <utility>

#include "base/control_client.h"

namespace tna {
namespace {

// What to do about it.
std::unexpected<Error> no_answer(const std::string& socket, Error why) {
  if (why.code == ENOENT || why.code == ECONNREFUSED)
    return error("no tnad answers at " + socket + ": is it running? systemctl status tnad",
                 why.code);
  if (why.code == EACCES || why.code == EPERM)
    return error("not allowed to ask tnad at " + socket + ": run tna as root", why.code);
  if (why.code == EAGAIN)
    return error("the tnad at " + socket + " runs but does not answer: see journalctl -u tnad",
                 why.code);
  return std::unexpected(std::move(why));
}

}  // namespace

bool no_daemon(const Error& error) {
  return error.code == ENOENT || error.code == ECONNREFUSED;
}

Result<Json> ask(const std::string& socket, const std::string& command, const Json& arguments,
                 std::chrono::milliseconds patience) {
  auto client = ControlClient::connect(socket, patience);
  if (!client) return no_answer(socket, std::move(client).error());
  auto answer = client->exchange(command, arguments);
  if (!answer) return no_answer(socket, std::move(answer).error());
  if (const Json* result = result_of(*answer)) return *result;
  return error(text(*answer, "error", "the answer from " + socket + " is not tnad's"));
}

}  // namespace tna
