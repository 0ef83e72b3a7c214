// SPDX-License-Identifier: Apache-2.0
// ControlSocket: answers `tna` on a Unix stream socket. A client sends one JSON object per line,
//   {"command":"status","arguments":{}}
// and gets one line for each:  {"ok":true,"result":...}  or  {"ok":false,"error":"..."}.
// Only root and the daemon's own user are served. A client that is slow, silent or wrong never
// makes the daemon wait, nor does it disturb another client.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/result.h"

namespace tna {

class ControlSocket {
 public:
  // Who asks.
  struct Caller {
    std::uint64_t connection = 0;  // a number of its own
    std::vector<Fd> descriptors;   // that came with the request
    bool stays = false;  // set: the connection means something until its end, and has time
  };
  // Answers one command; `arguments` is an object, empty where the client sent none. The message of
  // an error is what the client's user reads.
  using Handler = std::function<Result<Json>(const std::string& command, const Json& arguments,
                                             Caller& caller)>;
  // A connection that stays has ended.
  using Gone = std::function<void(std::uint64_t connection)>;

  struct Limits {
    std::size_t request_bytes = 64 * 1024;       // of one request
    std::size_t clients = 32;                    // at a time
    std::size_t descriptors = 64;                // with a request
    std::chrono::milliseconds patience{10'000};  // for a request to be complete, and for an answer
                                                 // to be read
  };

  // Listens at `path`, whose last folder is made (0755) where it is missing. The socket file of a
  // daemon that died is replaced; if one lives there: error "another tnad serves PATH".
  static Result<ControlSocket> open(EventLoop&, const std::string& path, Handler);
  static Result<ControlSocket> open(EventLoop&, const std::string& path, Handler, Limits,
                                    Gone gone = {});

  ControlSocket(ControlSocket&&) noexcept;
  ControlSocket& operator=(ControlSocket&&) noexcept;
  ~ControlSocket();  // removes the socket file, unless it is another's by now

 private:
  struct Server;
  explicit ControlSocket(std::unique_ptr<Server>);
  std::unique_ptr<Server> server_;
};

}  // namespace tna
