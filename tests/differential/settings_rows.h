// SPDX-License-Identifier: Apache-2.0
// The rows that settings are made of. PORT and OTHER stand for two different ports, STATION for the
// MAC of a station, NEIGHBOUR for its IP address, STRANGER for a MAC that nobody has. Of a router
// NEIGHBOUR6 is the station's IPv6 address, HOME its port, ROUTER and ROUTER6 are addresses of
// PORT, VLAN is the VLAN device of a network, and LEARN is a command for each neighbour at PORT
// that the world began with.
#pragma once

#include <span>

#include "shapes.h"

namespace tna::differential {

struct SettingsRow {
  unsigned weight;
  Commands apply, undo;
  int settle_ms = 0;
  bool stops_tna = false;  // most or all frames go to Linux while it stands
};

// Rows of any device. A sysctl below "net.", off and on again.
SettingsRow sysctl_row(unsigned weight, const std::string& name, const std::string& now,
                       const std::string& before, bool stops_tna = false);
// A chain with one rule in a table of its own.
SettingsRow nft_row(unsigned weight, const std::string& family, const std::string& hook,
                    const std::string& rule, bool stops_tna);
// A tc filter on "ingress" or "egress" sends the protocol's packets out by OTHER.
SettingsRow redirect_row(unsigned weight, const std::string& direction,
                         const std::string& protocol);
// A rule in the chain of tests/differential/firewall_shapes.cpp and nat_shapes.cpp that comes and
// goes.
SettingsRow extra_rule_row(unsigned weight, const std::string& rule);
SettingsRow qdisc_row(unsigned weight, const std::string& root);

// What only some worlds have.
std::span<const SettingsRow> rows_about(Topic topic);
std::span<const SettingsRow> router_rows();
std::span<const SettingsRow> nft_rules_rows();
std::span<const SettingsRow> iptables_rules_rows(bool legacy);

}  // namespace tna::differential
