// SPDX-License-Identifier: Apache-2.0
// The answer to `tna stats`: what the fast path has counted of connections that Linux counts.
#pragma once

#include "base/json.h"
#include "daemon/controller.h"

namespace tna {

// Argument "connections": true, with each connection, as Linux and the fast path have counted it.
Result<Json> stats_answer(const Controller::View&, const Json& arguments);

// Who has them, and why Linux.
Json counted_connections(const Controller::View&);

}  // namespace tna
