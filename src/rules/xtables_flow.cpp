// SPDX-License-Identifier: Apache-2.0
// Matches that look at the packet's mark and at its connection. As nf_tables, xtables has a state
// for every packet, and nothing else where there is no connection.
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/xt_connmark.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_mark.h>
#include <linux/netfilter/xt_state.h>

#include "rules/xtables.h"

namespace tna::xtables {
namespace {

constexpr std::uint32_t kStates = NF_CT_STATE_INVALID_BIT | NF_CT_STATE_BIT(IP_CT_ESTABLISHED) |
                                  NF_CT_STATE_BIT(IP_CT_RELATED) | NF_CT_STATE_BIT(IP_CT_NEW);
constexpr std::uint32_t kWithoutConnection = NF_CT_STATE_INVALID_BIT | NF_CT_STATE_UNTRACKED_BIT;

Step mark_is(Field field, std::uint32_t mark, std::uint32_t mask, bool inverted) {
  Operand operand{field, 0, 4, {}};
  if (mask != ~0U) operand.then.push_back(Mask{as_kept(mask), as_kept(0)});
  return equals(std::move(operand), as_kept(mark), inverted);
}

// Some of these bits are there.
Step has_bits(Field field, std::uint32_t bits, bool inverted) {
  return equals({field, 0, 4, {Mask{as_kept(bits), as_kept(0)}}}, as_kept(0), !inverted);
}

// A state as nf_tables has it, or that addresses are translated; both in one mask have no form, nor
// has "not translated", which holds without a connection, too.
std::optional<Step> state_of(const xt_conntrack_mtinfo3& info, bool inverted) {
  const std::uint32_t translated =
      info.state_mask & (XT_CONNTRACK_STATE_SNAT | XT_CONNTRACK_STATE_DNAT);
  std::uint32_t states = info.state_mask & kStates;
  if (info.state_mask & ~(kStates | XT_CONNTRACK_STATE_UNTRACKED | translated)) return std::nullopt;
  if (info.state_mask & XT_CONNTRACK_STATE_UNTRACKED) states |= NF_CT_STATE_UNTRACKED_BIT;
  if (!translated) return has_bits(Field::ct_state, states, inverted);
  if (states || inverted) return std::nullopt;
  const std::uint32_t status = (translated & XT_CONNTRACK_STATE_SNAT ? IPS_SRC_NAT : 0) |
                               (translated & XT_CONNTRACK_STATE_DNAT ? IPS_DST_NAT : 0);
  return has_bits(Field::ct_status, status, false);
}

// A packet without a connection matches by its state alone, whatever else is asked.
bool may_have_no_connection(const xt_conntrack_mtinfo3& info, bool inverted) {
  std::uint32_t states = info.state_mask & NF_CT_STATE_INVALID_BIT;
  if (info.state_mask & XT_CONNTRACK_STATE_UNTRACKED) states |= NF_CT_STATE_UNTRACKED_BIT;
  return inverted ? states != kWithoutConnection : states != 0;
}

}  // namespace

Steps mark(const nft::Extension& match, std::uint8_t) {
  auto info = info_of<xt_mark_mtinfo1>(match);
  if (!info) return std::nullopt;
  return {{mark_is(Field::mark, info->mark, info->mask, info->invert)}};
}

Steps connmark(const nft::Extension& match, std::uint8_t) {
  auto info = info_of<xt_connmark_mtinfo1>(match);
  if (!info) return std::nullopt;
  return {{mark_is(Field::ct_mark, info->mark, info->mask, info->invert)}};
}

Steps state(const nft::Extension& match, std::uint8_t) {
  auto info = info_of<xt_state_info>(match);
  static_assert(XT_STATE_UNTRACKED == NF_CT_STATE_UNTRACKED_BIT &&
                XT_STATE_INVALID == NF_CT_STATE_INVALID_BIT);
  if (!info || info->statemask & ~(kStates | NF_CT_STATE_UNTRACKED_BIT)) return std::nullopt;
  return {{has_bits(Field::ct_state, info->statemask, false)}};
}

Steps conntrack(const nft::Extension& match, std::uint8_t) {
  auto info = info_of<xt_conntrack_mtinfo3>(match);
  constexpr std::uint16_t kOfConnection = XT_CONNTRACK_STATUS | XT_CONNTRACK_DIRECTION;
  if (!info || !(info->match_flags & (XT_CONNTRACK_STATE | kOfConnection)) ||
      info->match_flags & ~(XT_CONNTRACK_STATE | XT_CONNTRACK_STATE_ALIAS | kOfConnection))
    return std::nullopt;
  const auto asks = [&](std::uint16_t flag) { return (info->match_flags & flag) != 0; };
  const auto inverted = [&](std::uint16_t flag) { return (info->invert_flags & flag) != 0; };
  std::vector<Step> steps;
  if (asks(XT_CONNTRACK_STATE)) {
    auto step = state_of(*info, inverted(XT_CONNTRACK_STATE));
    if (!step ||
        (asks(kOfConnection) && may_have_no_connection(*info, inverted(XT_CONNTRACK_STATE))))
      return std::nullopt;
    steps.push_back(std::move(*step));
  }
  if (asks(XT_CONNTRACK_DIRECTION))
    steps.push_back(equals({Field::ct_direction, 0, 1, {}}, {IP_CT_DIR_ORIGINAL},
                           inverted(XT_CONNTRACK_DIRECTION)));
  if (asks(XT_CONNTRACK_STATUS))
    steps.push_back(has_bits(Field::ct_status, info->status_mask, inverted(XT_CONNTRACK_STATUS)));
  return steps;
}

}  // namespace tna::xtables
