// SPDX-License-Identifier: Apache-2.0
// Matches and targets of xtables, known by name and revision: legacy tables are made of them, and
// iptables-nft has them inside its rules where nft has no expression of its own.
#include <linux/netfilter.h>
#include <linux/netfilter/xt_CT.h>
#include <linux/netfilter/xt_DSCP.h>
#include <linux/netfilter/xt_connmark.h>
#include <linux/netfilter/xt_mark.h>
#include <linux/netfilter_ipv4/ipt_TTL.h>
#include <linux/netfilter_ipv6/ip6t_HL.h>

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

// mark & ~nfmask ^ (connection's mark & ctmask, shifted) (net/netfilter/xt_connmark.c); the others
// write to the connection.
Steps restore_mark(std::uint8_t mode, std::uint32_t ctmask, std::uint32_t nfmask,
                   std::optional<Shift> shift) {
  if (mode != XT_CONNMARK_RESTORE) return std::nullopt;
  Operand from{Field::ct_mark, 0, 4, {Mask{as_kept(ctmask), as_kept(0)}}};
  if (shift) from.then.push_back(*shift);
  return {{SetMark{0, ~nfmask, std::move(from)}}};
}
Steps connmark_target1(const nft::Extension& target, std::uint8_t) {
  auto info = info_of<xt_connmark_tginfo1>(target);
  if (!info) return std::nullopt;
  return restore_mark(info->mode, info->ctmask, info->nfmask, {});
}
Steps connmark_target2(const nft::Extension& target, std::uint8_t) {
  auto info = info_of<xt_connmark_tginfo2>(target);
  if (!info || info->shift_bits > 31) return std::nullopt;
  std::optional<Shift> shift;
  if (info->shift_bits) shift = Shift{info->shift_dir == D_SHIFT_LEFT, info->shift_bits};
  return restore_mark(info->mode, info->ctmask, info->nfmask, shift);
}

// A zone, and nothing else that a new connection would get (net/netfilter/xt_CT.c).
template <typename Info>
Steps set_zone(const nft::Extension& target) {
  const auto info = info_of<Info>(target);
  constexpr std::uint16_t kOneWay = XT_CT_ZONE_DIR_ORIG | XT_CT_ZONE_DIR_REPL;
  if (!info || info->flags & ~kOneWay || info->ct_events || info->exp_events || info->helper[0])
    return std::nullopt;
  if constexpr (requires { info->timeout; })
    if (info->timeout[0]) return std::nullopt;
  const std::uint16_t way = info->flags & kOneWay;
  return {{SetZone{info->zone, way != XT_CT_ZONE_DIR_REPL, way != XT_CT_ZONE_DIR_ORIG}}};
}
Steps set_zone0(const nft::Extension& target, std::uint8_t) {
  return set_zone<xt_ct_target_info>(target);
}
Steps set_zone1(const nft::Extension& target, std::uint8_t) {
  return set_zone<xt_ct_target_info_v1>(target);
}

// The byte that was TOS; in IPv6 it lies across two.
Steps write_service(std::uint8_t family, std::uint8_t keep, std::uint8_t flip) {
  const auto half = [](unsigned bits) { return static_cast<std::uint8_t>(bits); };
  if (family == NFPROTO_IPV4) return {{Write{NFPROTO_IPV4, 1, keep, flip}}};
  if (family != NFPROTO_IPV6) return std::nullopt;
  return {{Write{NFPROTO_IPV6, 0, half(0xf0 | keep >> 4), half(flip >> 4)},
           Write{NFPROTO_IPV6, 1, half(0x0f | keep << 4), half(flip << 4)}}};
}
Steps set_dscp(const nft::Extension& target, std::uint8_t family) {
  auto info = info_of<xt_DSCP_info>(target);
  if (!info || info->dscp > XT_DSCP_MAX) return std::nullopt;
  return write_service(family, static_cast<std::uint8_t>(~XT_DSCP_MASK),
                       static_cast<std::uint8_t>(info->dscp << XT_DSCP_SHIFT));
}
Steps set_tos(const nft::Extension& target, std::uint8_t family) {
  auto info = info_of<xt_tos_target_info>(target);
  if (!info) return std::nullopt;
  return write_service(family, static_cast<std::uint8_t>(~info->tos_mask), info->tos_value);
}

// The modes are IPT_TTL_*'s, and IP6T_HL_* are the same.
Steps write_hops(std::uint8_t family, std::uint8_t offset, std::uint8_t mode, std::uint8_t by) {
  Write write{family, offset, 0, by};
  if (mode == IPT_TTL_SET) return {{write}};
  if (mode != IPT_TTL_INC && mode != IPT_TTL_DEC) return std::nullopt;
  if (!by) return std::vector<Step>{};
  write.flip = 0;
  write.more = mode == IPT_TTL_INC ? by : -by;
  return {{write}};
}
static_assert(int{IPT_TTL_SET} == int{IP6T_HL_SET} && int{IPT_TTL_INC} == int{IP6T_HL_INC} &&
              int{IPT_TTL_DEC} == int{IP6T_HL_DEC});
Steps set_ttl(const nft::Extension& target, std::uint8_t family) {
  auto info = info_of<ipt_TTL_info>(target);
  if (!info || family != NFPROTO_IPV4) return std::nullopt;
  return write_hops(family, 8, info->mode, info->ttl);
}
Steps set_hops(const nft::Extension& target, std::uint8_t family) {
  auto info = info_of<ip6t_HL_info>(target);
  if (!info || family != NFPROTO_IPV6) return std::nullopt;
  return write_hops(family, 7, info->mode, info->hop_limit);
}

struct Row {
  const char* name;
  std::uint32_t revision;
  Reader read;
};
constexpr Row kMatches[] = {
    {"addrtype", 1, addrtype},
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
constexpr Row kTargets[] = {
    {"CONNMARK", 1, connmark_target1},
    {"CONNMARK", 2, connmark_target2},
    {"CT", 0, set_zone0},
    {"CT", 1, set_zone1},
    {"CT", 2, set_zone1},
    {"DSCP", 0, set_dscp},
    {"HL", 0, set_hops},
    {"MARK", 2, set_mark},
    {"TOS", 1, set_tos},
    {"TTL", 0, set_ttl},
};

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
