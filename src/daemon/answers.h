// SPDX-License-Identifier: Apache-2.0
// Answers to `tna`, as JSON: a function of what the controller knows.
#pragma once

#include <string>

#include "base/json.h"
#include "daemon/control_socket.h"
#include "daemon/controller.h"

namespace tna {

// The commands of the control socket; an unknown command or argument is an error that names it.
Result<Json> answer(Controller&, const std::string& command, const Json& arguments,
                    ControlSocket::Caller&);

}  // namespace tna
