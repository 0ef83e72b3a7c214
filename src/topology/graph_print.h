// SPDX-License-Identifier: Apache-2.0
// The graph for people (text), for other programs (JSON, DOT), and as a picture (SVG).
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "topology/graph.h"

namespace tna {

// What runs on an interface, to be shown with it: "xdp, 5 modules".
using GraphNotes = std::map<IfIndex, std::string>;

std::string print_text(const Graph&, const GraphNotes& = {});
std::string print_dot(const Graph&, const GraphNotes& = {});
std::string print_svg(const Graph&, const GraphNotes& = {});

// {"nodes": [...], "edges": [...]}. Names of interfaces need not be UTF-8: dump with
// error_handler_t::replace.
nlohmann::json print_json(const Graph&, const GraphNotes& = {});

// Text as it may stand in a picture: valid UTF-8 without control characters.
std::string printable(const std::string&);

}  // namespace tna
