// SPDX-License-Identifier: Apache-2.0
#include "introspect/nft_collector.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <iterator>

namespace tna {
namespace {

// The one of that name; nothing where there is none.
template <typename Index, typename List>
auto* named(const Index& index, std::string_view name, List& list) {
  auto found = index.find(name);
  return found == index.end() ? nullptr : &list[found->second];
}

}  // namespace

bool NftCollector::take(Bytes message) {
  auto parsed = parse_message(message);
  if (!parsed || parsed->header.nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES) return false;
  switch (parsed->header.nlmsg_type & 0xff) {
    case NFT_MSG_NEWTABLE:
      return take_table(message);
    case NFT_MSG_NEWCHAIN:
      return take_chain(message);
    case NFT_MSG_NEWRULE:
      return take_rule(message);
    case NFT_MSG_NEWSET:
      return take_set(message);
    case NFT_MSG_NEWSETELEM:
      return take_elements(message);
    default:
      return false;
  }
}

// There are few tables.
std::optional<std::size_t> NftCollector::table(const NftPlace& place) const {
  for (std::size_t i = 0; i < ruleset_.tables.size(); ++i)
    if (ruleset_.tables[i].family == place.family && ruleset_.tables[i].name == place.table)
      return i;
  return std::nullopt;
}

bool NftCollector::take_table(Bytes message) {
  auto table = decode_nft_table(message);
  if (!table) return false;
  ruleset_.tables.push_back(std::move(*table));
  tables_.emplace_back();
  return true;
}

bool NftCollector::take_chain(Bytes message) {
  NftPlace place;
  auto chain = decode_nft_chain(message, place);
  if (!chain) return false;
  auto at = table(place);
  if (!at) return true;
  auto& chains = ruleset_.tables[*at].chains;
  ruleset_.tables[*at].newest = std::max(ruleset_.tables[*at].newest, chain->handle);
  tables_[*at].chains.emplace(chain->name, chains.size());
  chains.push_back(std::move(*chain));
  return true;
}

bool NftCollector::take_rule(Bytes message) {
  NftPlace place;
  auto rule = decode_nft_rule(message, place);
  if (!rule) return false;
  auto at = table(place);
  if (!at) return true;
  ruleset_.tables[*at].newest = std::max(ruleset_.tables[*at].newest, rule->handle);
  if (auto* chain = named(tables_[*at].chains, place.name, ruleset_.tables[*at].chains))
    chain->rules.push_back(std::move(*rule));
  return true;
}

bool NftCollector::take_set(Bytes message) {
  NftPlace place;
  auto set = decode_nft_set(message, place);
  if (!set) return false;
  auto at = table(place);
  if (!at) return true;
  auto& sets = ruleset_.tables[*at].sets;
  tables_[*at].sets.emplace(set->name, sets.size());
  sets.push_back(std::move(*set));
  return true;
}

bool NftCollector::take_elements(Bytes message) {
  NftPlace place;
  auto some = decode_nft_elements(message, place);
  if (!some) return false;
  auto at = table(place);
  if (!at) return true;
  if (auto* set = named(tables_[*at].sets, place.name, ruleset_.tables[*at].sets))
    std::ranges::move(*some, std::back_inserter(set->elements));
  return true;
}

}  // namespace tna
