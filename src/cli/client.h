// SPDX-License-Identifier: Apache-2.0
// Asks a tnad over its control socket: see src/daemon/control_socket.h for the protocol.
#pragma once

#include <chrono>
#include <string>

#include "base/json.h"
#include "base/result.h"

namespace tna {

// The daemon's result. Waits no longer than `patience` for any step. The message of an error says
// what to do; see no_daemon() for the one that means that nobody serves the socket.
Result<Json> ask(const std::string& socket, const std::string& command, const Json& arguments,
                 std::chrono::milliseconds patience = std::chrono::seconds(15));

// The error of ask() where no daemon lives: no socket file, or one that a dead daemon left.
bool no_daemon(const Error&);

}  // namespace tna
