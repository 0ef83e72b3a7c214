// SPDX-License-Identifier: Apache-2.0
// The daemon's answers as text for people. Functions of their arguments, each ending its last line;
// what an answer lacks is printed as nothing, not as an error.
#pragma once

#include <string>

#include "base/json.h"

namespace tna {

// Totals. With `before`, an answer from `seconds` (> 0) earlier: packets per second since then.
std::string print_status(const Json& status);
std::string print_rates(const Json& status, const Json& before, double seconds);

std::string print_graph(const Json& graph);
std::string print_pipeline(const Json& pipeline);
std::string print_capabilities(const Json& capabilities);
std::string print_rules(const Json& rules);
std::string print_stats(const Json& stats);
std::string print_apps(const Json& apps);
// The list, or what has become of one of them.
std::string print_hooks(const Json& answer);
std::string print_detached(const Json& detached);
std::string print_attached(const Json& attached);

}  // namespace tna
