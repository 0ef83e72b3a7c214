// SPDX-License-Identifier: Apache-2.0
#include "daemon/rule_keeper.h"

#include <malloc.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <iterator>

#include "assemble/guard.h"
#include "base/log.h"
#include "compile/compile.h"
#include "compile/sets.h"
#include "introspect/nft_reader.h"
#include "introspect/xtables_reader.h"
#include "rules/from_nft.h"
#include "rules/reach.h"

namespace tna {
namespace {

using Clock = std::chrono::steady_clock;

double ms(Clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

Result<RuleSet> with_xtables(Result<nft::Ruleset> read) {
  if (!read) return std::unexpected(read.error());
  std::ranges::move(TRY(read_xtables()), std::back_inserter(read->tables));
  return rules_from_nft(*read);
}

}  // namespace

Result<RuleSet> read_rules() {
  return with_xtables(read_nft_ruleset());
}

Result<nft::Ruleset> RuleKeeper::read_nft() {
  if (!reader_) reader_ = TRY(open_nft_reader());
  auto read = read_nft_ruleset(*reader_);
  if (!read) reader_.reset();
  return read;
}

bool RuleKeeper::follow(const NetfilterState& netfilter) {
  outrun_ = false;
  if (!has_rules(netfilter, 4) && !has_rules(netfilter, 6) && !has_frame_rules(netfilter)) {
    firewall_ = {};
    given_up_ = false;
    changes_.reset();
    reader_.reset();
    return false;
  }
  const RuleWords& words = netfilter.rules;
  if (firewall_.words == words && (firewall_.rules || !firewall_.why_not.empty())) return false;
  if (take_changes(words)) {
    firewall_.words = words;
    return false;
  }
  const RuleWords before = std::exchange(firewall_.words, words);
  if (any_executes_nft(netfilter) && !words.nft_generation_at) {
    refuse("this kernel does not show when they change");
    return false;
  }
  if (words.tables4.size() > TNA_TABLES || words.tables6.size() > TNA_TABLES) {
    refuse("too many legacy tables");
    return false;
  }
  read(words, netfilter.zones_shown);
  if (outrun_) firewall_.words = before;
  return !outrun_;
}

// Whether what was committed since the rules were read matters to no forwarded packet, or is only
// of elements, which were taken.
bool RuleKeeper::take_changes(const RuleWords& now) {
  RuleWords but_for_generation = now;
  but_for_generation.nft_generation = firewall_.words.nft_generation;
  if (!firewall_.rules || given_up_ || !changes_ || but_for_generation != firewall_.words)
    return false;
  const auto touched = changes_->between(firewall_.words.nft_generation, now.nft_generation);
  if (!touched) return false;
  // A chain whose handle is not new may have had another name.
  const auto renamed = [&](const auto& named) {
    const auto newest = newest_.find({named.first.family, named.first.table});
    return newest != newest_.end() && named.second <= newest->second;
  };
  if (std::ranges::any_of(touched->named, renamed)) return false;
  std::set<nft::Part> met;
  std::ranges::set_intersection(touched->parts, met_, std::inserter(met, met.end()));
  return take_elements(met, now.nft_generation);
}

// False: it takes to read all, or the sets are of another generation by now.
bool RuleKeeper::take_elements(const std::set<nft::Part>& sets, std::uint32_t generation) {
  if (sets.empty()) return true;
  if (!std::ranges::includes(plain_, sets)) return false;
  const auto start = Clock::now();
  CompiledRules taken = *firewall_.rules;
  for (const nft::Part& set : sets) {
    if (!reader_) return false;
    auto read = read_nft_set(*reader_, set);
    if (!read) reader_.reset();
    if (!read || read->generation != generation) return false;
    for (const RuleTable& table : rules_from_nft(*read).tables) {
      auto made = with_elements(taken, table, table.sets.front());
      if (!made) return false;
      taken = std::move(*made);
    }
  }
  firewall_.rules = std::make_shared<const CompiledRules>(std::move(taken));
  log_debug("rules: elements of {} sets read in {:.1f} ms", sets.size(), ms(Clock::now() - start));
  return true;
}

void RuleKeeper::give_up(const RuleWords& now) {
  if (!firewall_.rules) return refuse("they change all the time");
  given_up_ = true;
  firewall_.words = now;
  firewall_.words.nft_generation -= 1;  // it is over, and they don't come again
  for (auto* tables : {&firewall_.words.tables4, &firewall_.words.tables6})
    for (RuleWords::Table& table : *tables) table.rules = ~0ULL;
}

// The forms in between are many times as large as what is made of them.
void RuleKeeper::rest() {
  if (std::exchange(has_read_, false)) ::malloc_trim(0);
}

void RuleKeeper::read(const RuleWords& words, bool zones) {
  const auto start = Clock::now();
  has_read_ = true;
  if (!changes_ && words.nft_generation_at)
    if (auto opened = NftChanges::open()) changes_ = std::move(*opened);
  auto rules = with_xtables(read_nft());
  outrun_ = !rules && (rules.error().code == EAGAIN || rules.error().code == ENOENT);
  if (outrun_) return;
  if (!rules) return refuse(rules.error().message);
  const auto known = Clock::now();
  auto compiled = std::make_shared<const CompiledRules>(compile(*rules, zones));
  const bool same = firewall_.rules && firewall_.id && compiled->same_code(*firewall_.rules);
  if (words.nft_generation_at) firewall_.words.nft_generation = rules->generation;
  given_up_ = false;
  firewall_.rules = std::move(compiled);
  firewall_.why_not.clear();
  if (!same) firewall_.id = ++last_id_;
  firewall_.version = ++last_version_;
  met_ = met_by_forwarded(*rules);
  plain_.clear();
  newest_.clear();
  for (const RuleTable& table : rules->tables) {
    newest_[{table.family, table.name}] = table.newest;
    for (const ElementSet& set : table.sets)
      if (!set.verdicts && !set.otherwise && set.punt.empty())
        plain_.insert({table.family, table.name, set.name, true});
  }
  log_debug("rules: read in {:.1f} ms, compiled in {:.1f} ms, {} and {} instructions, {}",
            ms(known - start), ms(Clock::now() - known), firewall_.rules->ipv4.size(),
            firewall_.rules->ipv6.size(), same ? "the same code" : "other code");
}

}  // namespace tna
