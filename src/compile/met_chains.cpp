// SPDX-License-Identifier: Apache-2.0
#include "compile/met_chains.h"

#include <linux/netfilter.h>

#include <algorithm>
#include <cstddef>

#include "compile/table_code.h"
#include "tna.h"

namespace tna {
namespace {

// Where the kernel finds a packet's connection, and where it translates the destination, before
// routing, and the source, behind it (NF_IP_PRI_CONNTRACK, _NAT_DST, _NAT_SRC in
// linux/netfilter_ipv4.h; IPv6 has the same).
constexpr std::int32_t kConntrack = -200, kDestinationNat = -100, kSourceNat = 100;

// Where br_netfilter takes bridged packets to IP's rules (NF_BR_PRI_BRNF, or one less, as in
// kernels before 6.8; NF_BR_PRI_LAST). Of chains with the same priority the later goes first.
bool before_br_netfilter(RuleHook hook, std::int32_t priority) {
  return hook == RuleHook::postrouting || priority <= 0;
}
bool beside_br_netfilter(RuleHook hook, const BaseChain& chain) {
  return hook != RuleHook::postrouting &&
         (chain.priority == 0 || (hook == RuleHook::forward && chain.priority == -1));
}

// Copies what the packet leaves with over what it came with.
void translate(Code& code, std::uint8_t family, bool source) {
  const int addresses = static_cast<int>(source ? offsetof(tna_rule_facts, nat_saddr)
                                                : offsetof(tna_rule_facts, nat_daddr));
  const int bytes = family == NFPROTO_IPV4 ? 4 : 16;
  const int first = family == NFPROTO_IPV4 ? 12 : 8;
  const int network = static_cast<int>(offsetof(tna_rule_facts, network)) + first;
  for (int at = 0; at < bytes; at += 4) {
    code.load(4, 1, kFacts, addresses + at);
    code.store(4, kFacts, network + (source ? 0 : bytes) + at, 1);
  }
  code.load(2, 1, kFacts,
            source ? offsetof(tna_rule_facts, nat_sport) : offsetof(tna_rule_facts, nat_dport));
  code.store(2, kFacts, static_cast<int>(offsetof(tna_rule_facts, transport)) + (source ? 0 : 2),
             1);
}

using MetChains = std::vector<std::pair<const RuleTable*, const RuleChain*>>;

// Chains of the family bridge, which bridged packets meet.
void write_frames(Function& function, const MetChains& chains, Met met, bool before_ip) {
  Code& code = function.code;
  met.frames = true;
  met.translates = false;
  for (const auto& [table, chain] : chains) {
    if (before_br_netfilter(met.hook, chain->base->priority) != before_ip) continue;
    met.beside_ip = met.family != NFPROTO_BRIDGE && beside_br_netfilter(met.hook, *chain->base);
    const Code::Label routed = code.label();
    if (met.family != NFPROTO_BRIDGE) {
      code.load(4, 1, kFacts, kBridged);
      code.jump_if(BPF_JEQ, 1, 0, routed);
    }
    function.calls.emplace_back(*table, *chain);
    TableCode(function, function.calls.back(), *table, met).base_chain(*chain);
    code.place(routed);
  }
}

bool asks_for(const RuleTable& table, Field field) {
  const auto is = [&](const Operand& operand) { return operand.field == field; };
  for (const RuleChain& chain : table.chains)
    for (const Rule& rule : chain.rules)
      for (const Step& step : rule.steps) {
        if (auto* test = std::get_if<Test>(&step); test && is(test->of)) return true;
        if (auto* lookup = std::get_if<Lookup>(&step);
            lookup && std::ranges::any_of(lookup->key, is))
          return true;
      }
  return false;
}

// Where connections are followed, packets of others than established ones don't come to the rules
// (bpf/fpm/conntrack.h). To say so once lets rules behind "established accept" be left out.
void expect_established(Code& code) {
  const Code::Label established = code.label();
  code.load(4, 1, kFacts, offsetof(tna_rule_facts, ct_state));
  code.jump_if(BPF_JEQ, 1, TNA_CT_ESTABLISHED, established);
  code.set(0, kPunt);
  code.exit();
  code.place(established);
}

void write_chain(Function& function, Met met, const RuleTable& table, const RuleChain& chain) {
  const bool before_routing = met.hook == RuleHook::prerouting;
  met.legacy = table.name.starts_with("legacy ");
  met.tracked = !before_routing || chain.base->priority > kConntrack;
  met.beside_tracking = before_routing && chain.base->priority == kConntrack;
  met.established = met.tracked && asks_for(table, Field::ct_state);
  if (met.established) expect_established(function.code);
  function.calls.emplace_back(table, chain);
  TableCode(function, function.calls.back(), table, met).base_chain(chain);
}

// The chains of IP, in their order.
void write_ip(Function& function, Met met) {
  Code& code = function.code;
  const bool before_routing = met.hook == RuleHook::prerouting;
  const std::int32_t nat = before_routing ? kDestinationNat : kSourceNat;
  bool translated = !met.translates || met.hook == RuleHook::forward;
  for (const auto& [table, chain] : function.rules.met(met.family, met.hook)) {
    if (!code.reachable()) return;
    const std::int32_t priority = chain->base->priority;
    if (chain->base->new_flows_only) continue;
    if (!translated && priority == nat) {  // which of the two is first depends on who came first
      function.shared.to_linux({table->family, table->name, chain->name, 0},
                               "at the priority of NAT");
      code.set(0, kPunt);
      return code.exit();
    }
    if (!translated && priority > nat) {
      translate(code, met.family, !before_routing);
      translated = true;
    }
    write_chain(function, met, *table, *chain);
  }
  if (!translated && before_routing) translate(code, met.family, false);
}

}  // namespace

bool has_frame_chains(const RuleSet& rules) {
  return std::ranges::any_of(
      kForwardingHooks, [&](RuleHook hook) { return !rules.met(NFPROTO_BRIDGE, hook).empty(); });
}

bool translates(const RuleSet& rules, std::uint8_t family) {
  for (RuleHook hook : {RuleHook::prerouting, RuleHook::postrouting})
    for (const auto& [table, chain] : rules.met(family, hook))
      if (chain->base->new_flows_only) return true;
  return false;
}

void write_hook(Function& function, const Met& met) {
  Code& code = function.code;
  const MetChains frames = function.rules.met(NFPROTO_BRIDGE, met.hook);
  write_frames(function, frames, met, true);
  if (met.family != NFPROTO_BRIDGE) {
    const Code::Label not_called = code.label();
    if (has_frame_chains(function.rules)) {
      code.load(4, 1, kFacts, kBridged);
      code.jump_if(BPF_JEQ, 1, TNA_BRIDGED_FRAME, not_called);
    }
    write_ip(function, met);
    code.place(not_called);
  }
  write_frames(function, frames, met, false);
}

void write_before_tracking(Function& function, const Met& met) {
  for (const auto& [table, chain] : function.rules.met(met.family, RuleHook::prerouting))
    if (chain->base->priority <= kConntrack && function.code.reachable())
      write_chain(function, met, *table, *chain);
}

}  // namespace tna
