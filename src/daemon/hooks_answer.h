// SPDX-License-Identifier: Apache-2.0
// What `tna hook` asks.
#pragma once

#include "base/json.h"
#include "daemon/controller.h"

namespace tna {

// "list", "add", "remove", "replace".
Result<Json> hooks_answer(Controller&, const std::string& what, const Json& arguments);

}  // namespace tna
