// SPDX-License-Identifier: Apache-2.0
// settings_rows.cpp: rows that tables have in common.
#include "settings_rows.h"

namespace tna::differential {

SettingsRow sysctl_row(unsigned weight, const std::string& name, const std::string& now,
                       const std::string& before, bool stops_tna) {
  const std::string command = "sysctl -qw net." + name + "=";
  return {weight, {command + now}, {command + before}, 0, stops_tna};
}

SettingsRow nft_row(unsigned weight, const std::string& family, const std::string& hook,
                    const std::string& rule, bool stops_tna) {
  return {weight,
          {"nft add table " + family + " t",
           "nft add chain " + family + " t c { type filter hook " + hook + " priority 0 ; }",
           "nft add rule " + family + " t c " + rule},
          {"nft delete table " + family + " t"},
          0,
          stops_tna};
}

SettingsRow redirect_row(unsigned weight, const std::string& direction,
                         const std::string& protocol) {
  return {weight,
          {"tc qdisc add dev PORT clsact", "tc filter add dev PORT " + direction + " protocol " +
                                               protocol +
                                               " u32 match u32 0 0 action mirred egress "
                                               "redirect dev OTHER"},
          {"tc qdisc del dev PORT clsact"}};
}

SettingsRow extra_rule_row(unsigned weight, const std::string& rule) {
  return {weight, {"nft add rule inet fw extra " + rule}, {"nft flush chain inet fw extra"}};
}

SettingsRow qdisc_row(unsigned weight, const std::string& root) {
  return {weight, {"tc qdisc replace dev PORT root " + root}, {"tc qdisc del dev PORT root"}};
}

}  // namespace tna::differential
