// SPDX-License-Identifier: Apache-2.0
#include "compile/compile.h"

#include <linux/netfilter.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <tuple>

#include "compile/met_chains.h"
#include "compile/rule_shared.h"
#include "compile/table_code.h"
#include "rules/reach.h"
#include "tna.h"

namespace tna {
namespace {

// Routing is between the hooks, and takes one from the TTL; of that which the packet came with, it
// is known that there is one to be taken.
void route(Function& into, std::uint8_t family) {
  Code& code = into.code;
  const Code::Label bridged = code.label();
  code.load(4, 1, kFacts, kBridged);
  code.jump_if(BPF_JNE, 1, 0, bridged);
  if (into.marked) {
    code.load(4, 1, kFacts, offsetof(tna_rule_facts, mark));
    code.store(4, kFacts, offsetof(tna_rule_facts, mark_routed_by), 1);
  }
  const int ttl =
      static_cast<int>(offsetof(tna_rule_facts, network)) + (family == NFPROTO_IPV4 ? 8 : 7);
  code.load(1, 1, kFacts, ttl);
  if (into.hops_written) {
    const Code::Label enough = code.label();
    code.jump_if(BPF_JGT, 1, 1, enough);
    code.set(0, kPunt);
    code.exit();
    code.place(enough);
  }
  code.add_value(1, -1);
  code.store(1, kFacts, ttl, 1);
  code.place(bridged);
}

void number_names(Function& into, const Met& met) {
  OperandCode operands(into.code, met);
  for (const auto& [field, cuts] : met.names->cuts()) {
    if (met.for_zone && field == Field::oifname) continue;
    into.size.search(cuts.size(), [&] {
      operands.count_cuts({field, 0, 16, {}}, cuts, NameNumbers::place(field));
    });
    into.shared.devices();
  }
}

Result<std::vector<bpf_insn>> finish(Function& made) {
  Code& code = made.code;
  code.set(0, kNext);
  code.exit();
  for (const ChainCalls& each : made.calls) each.write_returns(code);
  return code.finish();
}

Result<std::vector<bpf_insn>> function(const RuleSet& rules, std::uint8_t family,
                                       RuleShared& shared) {
  Function made(rules, shared);
  made.code.move(kFacts, 1);
  const NameNumbers names(rules, family);
  Met met{.family = family, .translates = translates(rules, family), .names = &names};
  number_names(made, met);
  for (RuleHook hook : kForwardingHooks) {
    if (hook == RuleHook::forward && family != NFPROTO_BRIDGE) route(made, family);
    met.hook = hook;
    write_hook(made, met);
  }
  return finish(made);
}

bool sets_zones(const RuleSet& rules, std::uint8_t family) {
  const auto sets = [](const Rule& rule) {
    return std::ranges::any_of(
        rule.steps, [](const Step& step) { return std::holds_alternative<SetZone>(step); });
  };
  return std::ranges::any_of(rules.tables, [&](const RuleTable& table) {
    return (table.family == family || table.family == NFPROTO_INET) &&
           std::ranges::any_of(table.chains, [&](const RuleChain& chain) {
             return std::ranges::any_of(chain.rules, sets);
           });
  });
}

// What says in which zone a packet's connection is looked for; empty: in 0, of all.
Result<std::vector<bpf_insn>> zone_function(const RuleSet& rules, std::uint8_t family,
                                            RuleShared& shared) {
  if (!shared.zones || !sets_zones(rules, family)) return std::vector<bpf_insn>{};
  Function made(rules, shared);
  made.code.move(kFacts, 1);
  const NameNumbers names(rules, family);
  const Met met{.family = family, .hook = RuleHook::prerouting, .for_zone = true, .names = &names};
  number_names(made, met);
  write_before_tracking(made, met);
  if (!made.zoned) return std::vector<bpf_insn>{};
  return finish(made);
}

bool same(const std::vector<bpf_insn>& a, const std::vector<bpf_insn>& b) {
  return std::ranges::equal(a, b, [](const bpf_insn& x, const bpf_insn& y) {
    return x.code == y.code && x.dst_reg == y.dst_reg && x.src_reg == y.src_reg && x.off == y.off &&
           x.imm == y.imm;
  });
}

}  // namespace

CompiledRules compile(const RuleSet& rules, bool zones) {
  CompiledRules compiled;
  RuleShared shared(compiled, zones);
  for (auto [family, code, why_not] :
       {std::tuple{NFPROTO_IPV4, &compiled.ipv4, &compiled.why_not4},
        std::tuple{NFPROTO_IPV6, &compiled.ipv6, &compiled.why_not6},
        std::tuple{NFPROTO_BRIDGE, &compiled.frames, &compiled.why_not_frames}}) {
    if (family == NFPROTO_BRIDGE && !has_frame_chains(rules)) continue;
    auto made = function(rules, static_cast<std::uint8_t>(family), shared);
    if (made)
      *code = std::move(*made);
    else
      *why_not = made.error().message;
  }
  for (auto [family, code, judging, why_not] :
       {std::tuple{NFPROTO_IPV4, &compiled.zones4, &compiled.ipv4, &compiled.why_not4},
        std::tuple{NFPROTO_IPV6, &compiled.zones6, &compiled.ipv6, &compiled.why_not6}}) {
    auto made = zone_function(rules, static_cast<std::uint8_t>(family), shared);
    if (made) {
      *code = std::move(*made);
    } else {
      judging->clear();
      *why_not = made.error().message;
    }
  }
  shared.finish();
  compiled.counters_read_by = counters_read_by(rules);
  return compiled;
}

bool CompiledRules::same_code(const CompiledRules& other) const {
  return same(ipv4, other.ipv4) && same(ipv6, other.ipv6) && same(frames, other.frames) &&
         same(zones4, other.zones4) && same(zones6, other.zones6) && devices == other.devices &&
         std::ranges::equal(maps, other.maps, &RuleMap::same_shape) &&
         counters() == other.counters() &&
         rule_cells_value_size(cells) == rule_cells_value_size(other.cells);
}

std::size_t CompiledRules::counters() const {
  constexpr std::size_t kLeast = 64;
  return std::bit_ceil(std::max(counted.size(), kLeast));
}

}  // namespace tna
