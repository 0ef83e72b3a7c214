// SPDX-License-Identifier: Apache-2.0
#include "daemon/rule_keeper.h"

#include <algorithm>
#include <chrono>
#include <iterator>

#include "assemble/guard.h"
#include "base/log.h"
#include "compile/compile.h"
#include "introspect/nft_reader.h"
#include "introspect/xtables_reader.h"
#include "rules/from_nft.h"

namespace tna {
namespace {

using Clock = std::chrono::steady_clock;

double ms(Clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

bool any_nft(const NetfilterState& netfilter) {
  for (const auto* family : {&netfilter.ipv4, &netfilter.ipv6})
    for (const HookArray& array : *family)
      if (std::ranges::any_of(array.functions, executes_nft)) return true;
  return false;
}

}  // namespace

Result<RuleSet> read_rules() {
  nft::Ruleset read = TRY(read_nft_ruleset());
  std::ranges::move(TRY(read_xtables()), std::back_inserter(read.tables));
  return rules_from_nft(read);
}

bool RuleKeeper::follow(const NetfilterState& netfilter) {
  if (!has_rules(netfilter, 4) && !has_rules(netfilter, 6)) {
    firewall_ = {};
    return false;
  }
  const RuleWords& words = netfilter.rules;
  if (firewall_.words == words && (firewall_.rules || !firewall_.why_not.empty())) return false;
  firewall_.words = words;
  if (any_nft(netfilter) && !words.nft_generation_at) {
    refuse("this kernel does not show when they change");
    return false;
  }
  if (words.tables4.size() > TNA_TABLES || words.tables6.size() > TNA_TABLES) {
    refuse("too many legacy tables");
    return false;
  }
  read(words);
  return true;
}

void RuleKeeper::read(const RuleWords& words) {
  const auto start = Clock::now();
  auto rules = read_rules();
  if (!rules) return refuse(rules.error().message);
  const auto known = Clock::now();
  auto compiled = std::make_shared<const CompiledRules>(compile(*rules));
  const bool same = firewall_.rules && firewall_.id && compiled->same_code(*firewall_.rules);
  if (words.nft_generation_at) firewall_.words.nft_generation = rules->generation;
  firewall_.rules = std::move(compiled);
  firewall_.why_not.clear();
  if (!same) firewall_.id = ++last_id_;
  log_debug("rules: read in {:.1f} ms, compiled in {:.1f} ms, {} and {} instructions, {}",
            ms(known - start), ms(Clock::now() - known), firewall_.rules->ipv4.size(),
            firewall_.rules->ipv6.size(), same ? "the same code" : "other code");
}

}  // namespace tna
