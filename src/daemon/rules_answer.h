// SPDX-License-Identifier: Apache-2.0
// The answer to `tna rules`: the rule set of the calling thread's namespace as it is now, and what
// compiled rules have counted.
#pragma once

#include "base/json.h"
#include "base/result.h"
#include "daemon/controller.h"

namespace tna {

// Argument "counters": true, with what each rule has counted, by Linux and by the fast path.
Result<Json> rules_answer(const Controller::View&, const Json& arguments);

}  // namespace tna
