// SPDX-License-Identifier: Apache-2.0
// ControlClient: asks a tnad over its control socket: see src/daemon/control_socket.h for the
// protocol. It is in libtna-app, too, and needs nothing else of src/base but headers.
#pragma once

#include <sys/un.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/json.h"
#include "base/result.h"

namespace tna {

Result<sockaddr_un> control_address(const std::string& path);

class ControlClient {
 public:
  // Waits no longer than `patience` for any step.
  static Result<ControlClient> connect(const std::string& path, std::chrono::milliseconds patience);
  // The answer to {"command":...,"arguments":...}, which is sent together with the descriptors. An
  // error has a code, but for a daemon that closed without an answer.
  Result<Json> exchange(const std::string& command, const Json& arguments,
                        const std::vector<int>& descriptors = {});
  int fd() const { return socket_.get(); }

 private:
  ControlClient(Fd socket, std::string path) : socket_(std::move(socket)), path_(std::move(path)) {}
  Result<> send(std::string request, const std::vector<int>& descriptors);
  Fd socket_;
  std::string path_;
};

// What an answer has of a result; nullptr: it is a refusal.
const Json* result_of(const Json& answer);

}  // namespace tna
