// SPDX-License-Identifier: Apache-2.0
// Matches of xtables, known by name and revision: iptables-nft has them inside its rules where nft
// has no expression of its own.
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_mark.h>
#include <linux/netfilter/xt_multiport.h>
#include <linux/netfilter/xt_tcpudp.h>

#include <cstring>

#include "rules/from_nft.h"

namespace tna {
namespace {

using Steps = std::optional<std::vector<Step>>;

constexpr std::uint8_t kSource = 0, kDestination = 2, kTcpFlags = 13;

// Without the padding that the kernel lists it with.
template <typename T>
std::optional<T> info_of(const nft::Extension& match) {
  T info;
  if (match.info.size() < sizeof info) return std::nullopt;
  std::memcpy(&info, match.info.data(), sizeof info);
  return info;
}

Octets big_endian(std::uint16_t number) {
  return {static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)};
}

Octets as_kept(std::uint32_t number) {
  Octets octets(sizeof number);
  std::memcpy(octets.data(), &number, sizeof number);
  return octets;
}

Interval ports(std::uint16_t low, std::uint16_t high) {
  return {big_endian(low), big_endian(high)};
}

Operand port(std::uint8_t offset) {
  return {Field::transport, offset, 2, {}};
}

// The range of all ports is no test, unless it is inverted: then nothing matches.
void add_ports(std::vector<Step>& steps, std::uint8_t offset, const std::uint16_t (&range)[2],
               bool inverted) {
  if (range[0] == 0 && range[1] == 0xffff && !inverted) return;
  steps.push_back(Test{port(offset), !inverted, {ports(range[0], range[1])}});
}

Steps tcp(const nft::Extension& match) {
  auto info = info_of<xt_tcp>(match);
  if (!info || info->option || info->invflags & XT_TCP_INV_OPTION) return std::nullopt;
  std::vector<Step> steps;
  add_ports(steps, kSource, info->spts, info->invflags & XT_TCP_INV_SRCPT);
  add_ports(steps, kDestination, info->dpts, info->invflags & XT_TCP_INV_DSTPT);
  bool inverted = info->invflags & XT_TCP_INV_FLAGS;
  if (info->flg_mask || info->flg_cmp || inverted)
    steps.push_back(Test{{Field::transport, kTcpFlags, 1, {Mask{{info->flg_mask}, {0}}}},
                         !inverted,
                         {{{info->flg_cmp}, {info->flg_cmp}}}});
  return steps;
}

Steps udp(const nft::Extension& match) {
  auto info = info_of<xt_udp>(match);
  if (!info) return std::nullopt;
  std::vector<Step> steps;
  add_ports(steps, kSource, info->spts, info->invflags & XT_UDP_INV_SRCPT);
  add_ports(steps, kDestination, info->dpts, info->invflags & XT_UDP_INV_DSTPT);
  return steps;
}

Steps multiport(const nft::Extension& match) {
  auto info = info_of<xt_multiport_v1>(match);
  if (!info || info->count > XT_MULTI_PORTS || info->flags == XT_MULTIPORT_EITHER)
    return std::nullopt;
  Test test{port(info->flags == XT_MULTIPORT_SOURCE ? kSource : kDestination), !info->invert, {}};
  for (int i = 0; i < info->count; ++i) {
    std::uint16_t low = info->ports[i];
    bool range = info->pflags[i];
    if (range && ++i == info->count) return std::nullopt;
    test.in.push_back(ports(low, info->ports[i]));
  }
  return std::vector<Step>{std::move(test)};
}

Steps mark(const nft::Extension& match) {
  auto info = info_of<xt_mark_mtinfo1>(match);
  if (!info) return std::nullopt;
  Operand operand{Field::mark, 0, 4, {}};
  if (info->mask != ~0U) operand.then.push_back(Mask{as_kept(info->mask), as_kept(0)});
  return std::vector<Step>{
      Test{std::move(operand), !info->invert, {{as_kept(info->mark), as_kept(info->mark)}}}};
}

// The states have the same bits as nf_tables' (xt_conntrack_mt, nft_ct_get_eval), but for two that
// tell of translated addresses.
Steps conntrack(const nft::Extension& match) {
  auto info = info_of<xt_conntrack_mtinfo3>(match);
  constexpr std::uint32_t kStates = NF_CT_STATE_INVALID_BIT | NF_CT_STATE_BIT(IP_CT_ESTABLISHED) |
                                    NF_CT_STATE_BIT(IP_CT_RELATED) | NF_CT_STATE_BIT(IP_CT_NEW) |
                                    NF_CT_STATE_UNTRACKED_BIT;
  if (!info || info->match_flags != XT_CONNTRACK_STATE || info->state_mask & ~kStates)
    return std::nullopt;
  bool inverted = info->invert_flags & XT_CONNTRACK_STATE;
  return std::vector<Step>{
      Test{{Field::ct_state, 0, 4, {Mask{as_kept(info->state_mask), as_kept(0)}}},
           inverted,
           {{as_kept(0), as_kept(0)}}}};
}

Steps comment(const nft::Extension&) {
  return std::vector<Step>{};
}

struct Row {
  const char* name;
  std::uint32_t revision;
  Steps (*read)(const nft::Extension&);
};
constexpr Row kMatches[] = {
    {"tcp", 0, tcp},
    {"udp", 0, udp},
    {"multiport", 1, multiport},
    {"mark", 1, mark},
    {"conntrack", 3, conntrack},
    {"comment", 0, comment},
};

}  // namespace

Steps steps_of_match(const nft::Extension& match) {
  for (const Row& row : kMatches)
    if (match.name == row.name && match.revision == row.revision) return row.read(match);
  return std::nullopt;
}

}  // namespace tna
