// SPDX-License-Identifier: Apache-2.0
#include "capabilities/probe_rules.h"

#include <algorithm>

#include "capabilities/symbols.h"

namespace tna {
namespace {

// nf_tables counts its commits in struct net; from 5.13 to 6.16 in memory of its own that hangs on
// struct net by a number (include/net/netns/generic.h).
Result<std::uint64_t> generation_address(KernelMemory& memory, std::uint64_t net) {
  const auto nft = memory.offset("net", "nft");
  if (auto within = memory.offset("netns_nftables", "base_seq"); nft && within)
    return net + *nft + *within;
  const auto generic = memory.offset("net", "gen");
  const auto within = memory.offset("nftables_pernet", "base_seq", "nf_tables");
  const std::uint64_t number_at = Symbols::address("nf_tables_net_id");
  if (!generic || !within || !number_at) return 0;
  const auto number = TRY(memory.read<std::uint32_t>(number_at));
  const auto pointers = TRY(memory.read<std::uint64_t>(net + *generic));
  const auto own = TRY(memory.read<std::uint64_t>(pointers + 8 * std::uint64_t{number}));
  return own + *within;
}

Result<std::vector<RuleWords::Table>> tables_of(KernelMemory& memory,
                                                const std::array<HookArray, TNA_HOOKS>& family) {
  std::vector<RuleWords::Table> found;
  for (const HookArray& array : family)
    for (std::size_t i = 0; i < array.functions.size(); ++i) {
      if (!executes_xtables(array.functions[i])) continue;
      auto offset = memory.offset("xt_table", "private", "x_tables");
      if (!offset) return error("the kernel's struct xt_table has no member private");
      const std::uint64_t at = array.privates[i] + *offset;
      if (std::ranges::find(found, at, &RuleWords::Table::at) == found.end())
        found.push_back({at, TRY(memory.read<std::uint64_t>(at))});
    }
  return found;
}

}  // namespace

bool executes_nft(std::string_view function) {
  return function == "nft_do_chain_ipv4" || function == "nft_do_chain_ipv6" ||
         function == "nft_do_chain_inet" || function == "nft_do_chain_bridge";
}

bool any_function(const std::array<HookArray, TNA_HOOKS>& arrays, bool is(std::string_view)) {
  return std::ranges::any_of(
      arrays, [&](const HookArray& array) { return std::ranges::any_of(array.functions, is); });
}

bool any_executes_nft(const NetfilterState& netfilter) {
  return any_function(netfilter.ipv4, executes_nft) || any_function(netfilter.ipv6, executes_nft) ||
         any_function(netfilter.bridge, executes_nft);
}

bool executes_xtables(std::string_view function) {
  return function == "ipt_do_table" || function == "ip6t_do_table" ||
         function == "iptable_mangle_hook" || function == "ip6table_mangle_hook";
}

bool follows_connections(std::string_view function) {
  return function == "ipv4_conntrack_in" || function == "ipv6_conntrack_in" ||
         function == "nf_confirm" || function == "ipv4_conntrack_defrag" ||
         function == "ipv6_defrag";
}

bool translates_addresses(std::string_view function) {
  return function == "nf_nat_ipv4_pre_routing" || function == "nf_nat_ipv4_out" ||
         function == "nf_nat_ipv6_in" || function == "nf_nat_ipv6_out";
}

// The module that follows connections may come later than this program.
bool probe_connections(const NetfilterState& state, const NetfilterState& before) {
  for (const auto* family : {&state.ipv4, &state.ipv6})
    for (const HookArray& array : *family)
      if (std::ranges::any_of(array.functions, follows_connections))
        return before.connections_shown || Symbols::address("bpf_xdp_ct_lookup");
  return false;
}

bool looks_by_zone(const KernelMemory& memory) {
  return memory.offset("bpf_ct_opts", "ct_zone_id", "nf_conntrack").has_value();
}

bool probe_zones(const KernelMemory& memory, const NetfilterState& before) {
  return before.connections_shown ? before.zones_shown : looks_by_zone(memory);
}

Result<RuleWords> probe_rules(KernelMemory& memory, const NetfilterState& state,
                              const NetfilterState& before) {
  RuleWords words;
  if (any_executes_nft(state)) {
    const bool known = before.net == state.net && before.rules.nft_generation_at;
    words.nft_generation_at =
        known ? before.rules.nft_generation_at : TRY(generation_address(memory, state.net));
    if (words.nft_generation_at)
      words.nft_generation = TRY(memory.read<std::uint32_t>(words.nft_generation_at));
  }
  words.tables4 = TRY(tables_of(memory, state.ipv4));
  words.tables6 = TRY(tables_of(memory, state.ipv6));
  return words;
}

}  // namespace tna
