// SPDX-License-Identifier: Apache-2.0
// Namespaces: the network namespaces that one tnad serves, all by one thread and one event loop.
// Each has a controller, a control socket, and pins of its own. What acts "in the calling thread's
// namespace" need not care: before the loop calls anything of a namespace, the thread is in it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "daemon/controller.h"

namespace tna {

struct ServedNamespace;

class Namespaces {
 public:
  // The name of the namespace in which tnad was started.
  static constexpr const char* kSelf = "self";

  // Starts all or nothing: the namespaces, names or paths, are opened and locked and their sockets
  // listen before anything is attached in one of them. `control`: the socket, if not the usual
  // one; only for a single namespace. `options`: what they have in common.
  static Result<Namespaces> start(const EventLoop&, const std::vector<std::string>& namespaces,
                                  const std::string& control, const ControllerOptions& options);
  Namespaces(Namespaces&&) noexcept;
  ~Namespaces();

  // For all of them: as of the controller.
  void configure(const Config&, const Knowledge&);
  void stop();

  // "namespace a at /run/tna/a.sock, namespace b at ..."
  std::string description() const;

 private:
  Namespaces();
  std::vector<std::unique_ptr<ServedNamespace>> all_;
};

}  // namespace tna
