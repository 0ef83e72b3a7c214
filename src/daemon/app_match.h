// SPDX-License-Identifier: Apache-2.0
// What an application asks for, in words of nft: "iifname p1 udp dport 53", with `ip` and `ip6`
// saddr and daddr (PREFIX), `udp`, `tcp`, `sctp` and `th` sport and dport (NUMBER or FROM-TO),
// `meta l4proto`, `vlan id`, `iifname`.
#pragma once

#include <string>

#include "base/result.h"
#include "tna.h"

namespace tna {

struct AppMatch {
  std::string interface;
  tna_app packet{};  // but for ifindex and full_drops
};

// An error names the word that is wrong.
Result<AppMatch> parse_app_match(const std::string& text);

}  // namespace tna
