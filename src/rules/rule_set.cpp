// SPDX-License-Identifier: Apache-2.0
#include "rules/rule_set.h"

#include <linux/netfilter.h>

#include <algorithm>

namespace tna {
namespace {

const auto* named(const auto& list, const std::string& name) {
  auto found = std::ranges::find_if(list, [&](const auto& each) { return each.name == name; });
  return found == list.end() ? nullptr : &*found;
}

bool meets(std::uint8_t family, std::uint8_t table) {
  bool ip = family == NFPROTO_IPV4 || family == NFPROTO_IPV6;
  return table == family || (ip && table == NFPROTO_INET);
}

}  // namespace

const RuleChain* RuleTable::chain(const std::string& wanted) const {
  return named(chains, wanted);
}

const ElementSet* RuleTable::set(const std::string& wanted) const {
  return named(sets, wanted);
}

std::vector<std::pair<const RuleTable*, const RuleChain*>> RuleSet::met(std::uint8_t family,
                                                                        RuleHook hook) const {
  std::vector<std::pair<const RuleTable*, const RuleChain*>> found;
  for (const RuleTable& table : tables)
    for (const RuleChain& chain : table.chains)
      if (chain.base && chain.base->hook == hook && meets(family, table.family))
        found.emplace_back(&table, &chain);
  // Of two with one priority the later goes first (net/netfilter/core.c:nf_hook_entries_grow).
  std::ranges::reverse(found);
  std::ranges::stable_sort(found, {}, [](const auto& each) { return each.second->base->priority; });
  return found;
}

}  // namespace tna
