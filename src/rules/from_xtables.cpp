// SPDX-License-Identifier: Apache-2.0
// Matches and targets of xtables, known by name and revision: legacy tables are made of them, and
// iptables-nft has them inside its rules where nft has no expression of its own.
#include <linux/netfilter/xt_mark.h>

#include "rules/xtables.h"

namespace tna {
namespace xtables {
namespace {

Steps comment(const nft::Extension&, std::uint8_t) {
  return std::vector<Step>{};
}

// mark & ~mask ^ value (net/netfilter/xt_mark.c).
Steps set_mark(const nft::Extension& target, std::uint8_t) {
  auto info = info_of<xt_mark_tginfo2>(target);
  if (!info) return std::nullopt;
  return {{SetMark{info->mark, ~info->mask}}};
}

struct Row {
  const char* name;
  std::uint32_t revision;
  Reader read;
};
constexpr Row kMatches[] = {
    {"comment", 0, comment},
    {"connmark", 1, connmark},
    {"conntrack", 3, conntrack},
    {"devgroup", 0, devgroup},
    {"dscp", 0, dscp},
    {"ecn", 0, ecn},
    {"hl", 0, hl},
    {"icmp", 0, icmp},
    {"icmp6", 0, icmp6},
    {"iprange", 1, iprange},
    {"length", 0, length},
    {"mac", 0, mac},
    {"mark", 1, mark},
    {"multiport", 1, multiport},
    {"physdev", 0, physdev},
    {"pkttype", 0, pkttype},
    {"state", 0, state},
    {"tcp", 0, tcp},
    {"tos", 1, tos},
    {"ttl", 0, ttl},
    {"udp", 0, udp},
};
constexpr Row kTargets[] = {{"MARK", 2, set_mark}};

}  // namespace
}  // namespace xtables

std::optional<std::vector<Step>> steps_of(const nft::Extension& extension, std::uint8_t family) {
  const auto find = [&](const auto& rows) -> xtables::Steps {
    for (const xtables::Row& row : rows)
      if (extension.name == row.name && extension.revision == row.revision)
        return row.read(extension, family);
    return std::nullopt;
  };
  return extension.target ? find(xtables::kTargets) : find(xtables::kMatches);
}

}  // namespace tna
