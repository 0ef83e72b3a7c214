// SPDX-License-Identifier: Apache-2.0
// What answers UDP requests: programs with a socket of UDP, or of AF_XDP. Each is a thread of its
// own on one processor, which ends with its object.
#pragma once

#include <memory>
#include <thread>

#include "base/fd.h"
#include "flow.h"

namespace tna::bench {

// Takes and sends one packet a call, or many.
enum class Calls { one, many };

class SocketEcho {
 public:
  static Result<SocketEcho> start(const Bed& bed, Calls calls, int cpu);

 private:
  Fd socket_;
  std::jthread thread_;  // ends before its socket
};

// AF_XDP without TNA: by the least of programs to the least of echoes.
class XskEcho {
 public:
  static Result<XskEcho> start(const Bed& bed, const Flow& flow, int cpu);
  XskEcho(XskEcho&&) noexcept;
  ~XskEcho();

 private:
  struct State;
  explicit XskEcho(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tna::bench
