// SPDX-License-Identifier: Apache-2.0
// What a program says to tnad's control socket about itself and its AF_XDP sockets.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/control_client.h"
#include "base/json.h"
#include "base/result.h"

namespace tna {

class Registration {
 public:
  static Result<Registration> connect(const std::string& control);
  // The answer to {"command":...,"arguments":...}, sent together with the descriptors.
  Result<Json> ask(const char* command, const Json& arguments,
                   const std::vector<int>& descriptors = {});
  int fd() const { return client_.fd(); }
  // tnad has closed it, or has said something unasked for.
  bool ended() const;

 private:
  explicit Registration(ControlClient client) : client_(std::move(client)) {}
  ControlClient client_;
};

}  // namespace tna
