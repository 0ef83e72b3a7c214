// SPDX-License-Identifier: Apache-2.0
// The rows that settings are made of. PORT and OTHER stand for two different ports, STATION for the
// MAC of a station, NEIGHBOUR for its IP address, STRANGER for a MAC that nobody has. Of a router
// NEIGHBOUR6 is the station's IPv6 address, HOME its port, ROUTER and ROUTER6 are addresses of
// PORT, and LEARN is a command for each neighbour at PORT that the world began with.
#pragma once

#include <span>

#include "shapes.h"

namespace tna::differential {

using Commands = std::vector<std::string>;

struct SettingsRow {
  unsigned weight;
  Commands apply, undo;
  int settle_ms = 0;
  bool stops_tna = false;  // most or all frames go to Linux while it stands
};

// What only some worlds have.
std::span<const SettingsRow> rows_about(Topic topic);
std::span<const SettingsRow> router_rows();

}  // namespace tna::differential
