// SPDX-License-Identifier: Apache-2.0
// What applications that take packets by AF_XDP ask (src/afxdp), and the answer to `tna app`.
#pragma once

#include "base/json.h"
#include "daemon/control_socket.h"
#include "daemon/controller.h"

namespace tna {

// Actions: "list"; "ask" with "match": its interface, and how many queues that has; "add"
// with "match", "full" ("linux" or "drop": where goes what there is no room for?), "copy", "name",
// and a descriptor for each queue: the connection then stands for the application.
Result<Json> app_answer(Controller&, std::string_view action, const Json& arguments,
                        ControlSocket::Caller&);

}  // namespace tna
