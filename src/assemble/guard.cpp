// SPDX-License-Identifier: Apache-2.0
#include "assemble/guard.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>
#include <tuple>

namespace tna {
namespace {

constexpr std::string_view kHookNames[TNA_HOOKS] = {"prerouting", "forward", "postrouting"};
constexpr std::string_view kLocalHookNames[TNA_LOCAL_HOOKS] = {"input", "output"};

// br_netfilter's own functions on bridged packets (net/bridge/br_netfilter_hooks.c), by the names
// they have had since 6.1. bpf/fpm/bridge_nf.h does what they do where there are no rules.
// The last one, on frames for the bridge itself, cares for those that conntrack knows, which takes
// rules of IP (6.8 and later).
constexpr std::array<std::string_view, 6> kBridgeNetfilter = {
    "br_nf_pre_routing", "br_nf_forward",      "br_nf_forward_ip",
    "br_nf_forward_arp", "br_nf_post_routing", "br_nf_local_in"};
// Among the IP hooks: the first keeps packets that the bridge hands over from being seen twice, and
// does nothing else. AppArmor's, which is there on every Debian, looks only at packets that rules
// have given a security mark (security/apparmor/lsm.c), and such rules are hooks of their own.
constexpr std::array<std::string_view, 2> kHarmless = {"ip_sabotage_in", "apparmor_ip_postroute"};
constexpr std::uint64_t kNever = ~0ULL;  // no kernel address: a guard that always fails

std::string hex(std::uint64_t value) {
  char text[19];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

bool is_bridge_netfilter(const std::string& function) {
  return std::ranges::find(kBridgeNetfilter, function) != kBridgeNetfilter.end();
}

// The first function that does not keep to itself, empty where there is none.
std::string acting(const HookArray& array) {
  for (const std::string& function : array.functions)
    if (std::ranges::find(kHarmless, function) == kHarmless.end()) return function;
  return {};
}

bool executes_rules(std::string_view function) {
  return executes_nft(function) || executes_xtables(function);
}

// The first function that acts on packets and that programs have no module for.
std::string acting_alone(const HookArray& array, bool connections) {
  for (const std::string& function : array.functions) {
    if (std::ranges::find(kHarmless, function) != kHarmless.end()) continue;
    if (executes_rules(function)) continue;
    // Addresses are a connection's to be translated: without, nothing is done.
    if (translates_addresses(function) || (connections && follows_connections(function))) continue;
    return function;
  }
  return {};
}

std::string without_sysctls(const NetfilterState& netfilter) {
  if (!bridge_netfilter_active(netfilter) || netfilter.call_iptables) return {};
  return "br_netfilter is active, but its sysctls net.bridge.bridge-nf-* were not found";
}

// Hooks where nothing acts on packets but what programs do as well.
void guard_done(__u64 (&words)[TNA_HOOKS], const std::array<HookArray, TNA_HOOKS>& arrays,
                bool all_done) {
  for (int i = 0; i < TNA_HOOKS; i++) words[i] = all_done ? arrays[i].pointer : kNever;
}

void guard_tables(tna_table_guard (&guards)[TNA_TABLES],
                  const std::vector<RuleWords::Table>& tables) {
  for (std::size_t i = 0; i < tables.size() && i < TNA_TABLES; i++)
    guards[i] = {tables[i].at, tables[i].rules};
}

void guard_ip(__u64 (&words)[TNA_HOOKS], const std::array<HookArray, TNA_HOOKS>& arrays,
              const std::string& family, std::vector<PlannedGuard>& notes) {
  for (int i = 0; i < TNA_HOOKS; i++) {
    std::string function = acting(arrays[i]);
    std::string name = family + " " + std::string(kHookNames[i]) + " hooks";
    words[i] = function.empty() ? arrays[i].pointer : kNever;
    if (function.empty())
      notes.push_back({name, hex(words[i]), "no rules that decide on forwarded packets"});
    else
      notes.push_back({name, "never",
                       function + " may decide on forwarded packets: what it gets goes to Linux"});
  }
}

}  // namespace

std::string foreign_rules(const NetfilterState& netfilter, const Firewall& firewall) {
  for (int i = 0; i < TNA_HOOKS; i++)
    for (const std::string& function : netfilter.bridge[i].functions)
      if (!is_bridge_netfilter(function) && !executes_nft(function))
        return "netfilter acts on bridged packets (" + std::string(kHookNames[i]) + ": " +
               function + "), which are left to Linux so far";
  if (has_frame_rules(netfilter) && !firewall.can_judge_frames()) {
    return "rules of an nftables bridge table stand on bridged packets, which are left to Linux: " +
           (firewall.rules ? firewall.rules->why_frames_not_judged() : firewall.why_not);
  }
  return without_sysctls(netfilter);
}

bool has_frame_rules(const NetfilterState& netfilter) {
  return any_function(netfilter.bridge, executes_nft);
}

bool acts_on_bridged_ip(const NetfilterState& netfilter, const Node& bridge, int version) {
  const bool v4 = version == 4;
  const bool called = v4 ? netfilter.call_iptables_now || bridge.number("nf_call_iptables")
                         : netfilter.call_ip6tables_now || bridge.number("nf_call_ip6tables");
  return called && bridge_netfilter_active(netfilter) &&
         std::ranges::any_of(v4 ? netfilter.ipv4 : netfilter.ipv6,
                             [](const HookArray& array) { return !acting(array).empty(); });
}

std::string rules_on_bridged_ip(const NetfilterState& netfilter, const Firewall& firewall,
                                const Node& bridge) {
  for (int version : {4, 6}) {
    const std::string reason = acts_on_bridged_ip(netfilter, bridge, version)
                                   ? rules_on_ip(netfilter, firewall, version)
                                   : "";
    if (!reason.empty())
      return std::string("br_netfilter hands bridged packets on (net.bridge.bridge-nf-call-") +
             (version == 4 ? "iptables" : "ip6tables") + "): " + reason;
  }
  return {};
}

std::string rules_on_bridge_itself(const NetfilterState& netfilter) {
  const auto reason = [](const HookArray& array, std::string_view hook) -> std::string {
    for (const std::string& function : array.functions)
      if (!is_bridge_netfilter(function))
        return "netfilter rules stand on frames for the bridge itself or from it (" +
               std::string(hook) + ": " + function + "), which are left to Linux";
    return {};
  };
  for (int i = 0; i < TNA_LOCAL_HOOKS; i++)
    if (std::string why = reason(netfilter.bridge_local[i], kLocalHookNames[i]); !why.empty())
      return why;
  for (int i : {TNA_HOOK_PREROUTING, TNA_HOOK_POSTROUTING})
    if (std::string why = reason(netfilter.bridge[i], kHookNames[i]); !why.empty()) return why;
  return without_sysctls(netfilter);
}

std::string rules_on_ip(const NetfilterState& netfilter, const Firewall& firewall, int version) {
  const auto& arrays = version == 4 ? netfilter.ipv4 : netfilter.ipv6;
  const std::string packets = "IPv" + std::to_string(version) + " packets";
  for (int i = 0; i < TNA_HOOKS; i++)
    if (std::string function = acting_alone(arrays[i], tracks_connections(netfilter, version));
        !function.empty())
      return "netfilter acts on " + packets + " (" + std::string(kHookNames[i]) + ": " + function +
             "), which are left to Linux so far";
  if (has_rules(netfilter, version) && !firewall.can_judge(version)) {
    std::string why = firewall.why_not;
    if (firewall.rules) why = version == 4 ? firewall.rules->why_not4 : firewall.rules->why_not6;
    return "rules stand on " + packets + ", which are left to Linux: " + why;
  }
  return {};
}

std::string rules_on_routed_ip(const NetfilterState& netfilter, const Firewall& firewall,
                               int version) {
  if (std::string reason = rules_on_ip(netfilter, firewall, version); !reason.empty())
    return reason;
  const auto& takers = version == 4 ? netfilter.ipv4_takers : netfilter.ipv6_takers;
  if (!takers.list)
    return "this kernel does not tell who else gets IPv" + std::to_string(version) + " packets";
  return {};
}

std::string rules_on_local_ip(const NetfilterState& netfilter, int version) {
  const bool v4 = version == 4;
  const auto acts = [](const HookArray& array, const char* hook) -> std::string {
    for (const std::string& function : array.functions)
      if (std::ranges::find(kHarmless, function) == kHarmless.end() &&
          !follows_connections(function))
        return std::string(hook) + ": " + function;
    return {};
  };
  std::string who = acts((v4 ? netfilter.ipv4 : netfilter.ipv6)[TNA_HOOK_PREROUTING], "prerouting");
  if (who.empty()) who = acts((v4 ? netfilter.ipv4_input : netfilter.ipv6_input)[0], "input");
  return who.empty() ? ""
                     : "netfilter acts on IPv" + std::to_string(version) +
                           " packets for this host (" + who + "), which stay with Linux";
}

bool has_rules(const NetfilterState& netfilter, int version) {
  return any_function(version == 4 ? netfilter.ipv4 : netfilter.ipv6, executes_rules);
}

bool tracks_connections(const NetfilterState& netfilter, int version) {
  return netfilter.connections_shown &&
         any_function(version == 4 ? netfilter.ipv4 : netfilter.ipv6, follows_connections);
}

bool translates_connections(const NetfilterState& netfilter) {
  return any_function(netfilter.ipv4, translates_addresses) ||
         any_function(netfilter.ipv6, translates_addresses);
}

bool bridge_netfilter_active(const NetfilterState& netfilter) {
  return std::ranges::any_of(netfilter.bridge, [](const HookArray& array) {
    return std::ranges::any_of(array.functions, is_bridge_netfilter);
  });
}

tna_guard guard_for(const NetfilterState& netfilter, const RouteFacts& routes,
                    const Firewall& firewall, std::vector<PlannedGuard>& notes) {
  tna_guard guard{};
  guard.armed = 1;
  guard.net = netfilter.net;
  guard.taps = netfilter.taps;
  notes.push_back(
      {"network namespace", hex(guard.net), "an interface may be moved to another one"});
  for (int i = 0; i < TNA_HOOKS; i++) {
    guard.hooks_bridge[i] = netfilter.bridge[i].pointer;
    const bool rules = std::ranges::any_of(netfilter.bridge[i].functions, executes_nft);
    notes.push_back({"bridge " + std::string(kHookNames[i]) + " hooks", hex(guard.hooks_bridge[i]),
                     rules                   ? "nobody but rules and br_netfilter stands there"
                     : guard.hooks_bridge[i] ? "nobody but br_netfilter stands there"
                                             : "nobody stands there"});
  }
  const std::string on_bridge_itself = rules_on_bridge_itself(netfilter);
  for (int i = 0; i < TNA_LOCAL_HOOKS; i++) {
    guard.hooks_bridge_local[i] =
        on_bridge_itself.empty() ? netfilter.bridge_local[i].pointer : kNever;
    notes.push_back(
        {"bridge " + std::string(kLocalHookNames[i]) + " hooks",
         on_bridge_itself.empty() ? hex(guard.hooks_bridge_local[i]) : "never",
         on_bridge_itself.empty() ? "nobody but br_netfilter stands there" : on_bridge_itself});
  }
  guard_ip(guard.hooks_ipv4, netfilter.ipv4, "ipv4", notes);
  guard_ip(guard.hooks_ipv6, netfilter.ipv6, "ipv6", notes);
  guard_done(guard.routed_ipv4, netfilter.ipv4, rules_on_ip(netfilter, firewall, 4).empty());
  guard_done(guard.routed_ipv6, netfilter.ipv6, rules_on_ip(netfilter, firewall, 6).empty());
  for (auto [version, words, prerouting, input] :
       {std::tuple{4, &guard.local_ipv4, &netfilter.ipv4[TNA_HOOK_PREROUTING],
                   &netfilter.ipv4_input[0]},
        std::tuple{6, &guard.local_ipv6, &netfilter.ipv6[TNA_HOOK_PREROUTING],
                   &netfilter.ipv6_input[0]}}) {
    const bool free = rules_on_local_ip(netfilter, version).empty();
    (*words)[TNA_LOCAL_PREROUTING] = free ? prerouting->pointer : kNever;
    (*words)[TNA_LOCAL_INPUT] = free ? input->pointer : kNever;
  }
  if (firewall.rules) {
    guard.nft_generation_at = firewall.words.nft_generation_at;
    guard.nft_generation = firewall.words.nft_generation;
    guard.rules_version = firewall.version;
    guard_tables(guard.tables4, firewall.words.tables4);
    guard_tables(guard.tables6, firewall.words.tables6);
    notes.push_back({"generation of rules", std::to_string(guard.nft_generation),
                     "of these the firewall was compiled"});
  }
  guard.takers4 = netfilter.ipv4_takers.list;
  guard.takers6 = netfilter.ipv6_takers.list;
  guard.only4 = netfilter.ipv4_takers.only;
  guard.only6 = netfilter.ipv6_takers.only;
  for (auto [word, smallest, name] :
       {std::tuple{&guard.route_mtu4, &routes.ipv4, "longest routed IPv4 packet"},
        std::tuple{&guard.route_mtu6, &routes.ipv6, "longest routed IPv6 packet"}}) {
    *word = smallest->mtu ? smallest->mtu : kNever;
    if (smallest->mtu)
      notes.push_back(
          {name, std::to_string(smallest->mtu), smallest->because + ": longer ones go to Linux"});
  }
  if (!bridge_netfilter_active(netfilter)) return guard;
  guard.call_iptables = netfilter.call_iptables;
  guard.call_ip6tables = netfilter.call_ip6tables;
  guard.filter_vlan_tagged = netfilter.filter_vlan_tagged;
  guard.filter_pppoe_tagged = netfilter.filter_pppoe_tagged;
  return guard;
}

std::uint64_t refresh_after(const Graph& graph, std::uint32_t hz) {
  std::int64_t centiseconds = 400;  // of which a quarter
  for (const auto& [ifindex, node] : graph.nodes) {
    if (node.type != "bridge") continue;
    centiseconds = std::min(centiseconds, node.number("ageing_time"));
    if (node.number("stp_state"))
      centiseconds = std::min(centiseconds, node.number("forward_delay"));
  }
  return static_cast<std::uint64_t>(centiseconds) * hz / 400;
}

}  // namespace tna
