// SPDX-License-Identifier: Apache-2.0
#include "rules/from_nft.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <algorithm>

#include "rules/nft_sets.h"
#include "rules/nft_steps.h"

namespace tna {
namespace {

std::optional<RuleHook> hook_of(std::uint8_t family, std::uint32_t hook) {
  if (family == NFPROTO_ARP) return std::nullopt;
  if (family == NFPROTO_NETDEV)
    return hook == NF_NETDEV_INGRESS ? RuleHook::ingress : RuleHook::egress;
  switch (hook) {  // bridges have the same numbers
    case NF_INET_PRE_ROUTING:
      return RuleHook::prerouting;
    case NF_INET_LOCAL_IN:
      return RuleHook::input;
    case NF_INET_FORWARD:
      return RuleHook::forward;
    case NF_INET_LOCAL_OUT:
      return RuleHook::output;
    case NF_INET_POST_ROUTING:
      return RuleHook::postrouting;
    case NF_INET_INGRESS:
      return RuleHook::ingress;
    default:
      return std::nullopt;
  }
}

std::optional<Rule::Counted> counted_by(const nft::Rule& rule) {
  for (const nft::Expression& expression : rule.does)
    if (auto* counter = std::get_if<nft::Counter>(&expression))
      return Rule::Counted{counter->packets, counter->bytes};
  return std::nullopt;
}

bool reads_counters(const nft::Rule& rule) {
  return std::ranges::any_of(rule.does, [](const nft::Expression& expression) {
    if (auto* match = std::get_if<nft::Extension>(&expression))
      return !match->target && match->name == "connbytes";
    auto* of = std::get_if<nft::Conntrack>(&expression);
    return of && (of->key == NFT_CT_PKTS || of->key == NFT_CT_BYTES || of->key == NFT_CT_AVGPKT);
  });
}

RuleChain chain_from(const nft::Chain& from, std::uint8_t family, const SetsByName& sets) {
  RuleChain chain{from.name, {}, {}};
  if (from.base)
    if (auto hook = hook_of(family, from.base->hook))
      chain.base = BaseChain{*hook, from.base->priority, from.base->policy == NF_DROP,
                             from.base->type == "nat", from.base->devices};
  chain.rules.reserve(from.rules.size());
  for (const nft::Rule& rule : from.rules) {
    chain.rules.push_back(
        {rule.handle, steps_of(rule, family), counted_by(rule), reads_counters(rule)});
    fit_lookups(chain.rules.back().steps, sets);
  }
  return chain;
}

}  // namespace

RuleSet rules_from_nft(const nft::Ruleset& from) {
  RuleSet rules{from.generation, {}};
  for (const nft::Table& each : from.tables) {
    if (each.dormant) continue;
    RuleTable table{each.family, each.name, {}, {}, each.newest};
    for (const nft::Set& set : each.sets) table.sets.push_back(set_from(set));
    SetsByName sets;
    for (ElementSet& set : table.sets) sets.emplace(set.name, &set);
    for (const nft::Chain& chain : each.chains)
      table.chains.push_back(chain_from(chain, each.family, sets));
    rules.tables.push_back(std::move(table));
  }
  return rules;
}

}  // namespace tna
