// SPDX-License-Identifier: Apache-2.0
// tna_reading: how long it takes to read the rule set of the network namespace that it is started
// in (ip netns exec NAME build/tna_reading): from the kernel's lists to a RuleSet, step by step,
// the best of a few times, and the memory that each form keeps.
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iterator>

#include "introspect/nft_reader.h"
#include "introspect/xtables_reader.h"
#include "rules/from_nft.h"

namespace tna {
namespace {

constexpr int kTimes = 5;

double now_ms() {
  using namespace std::chrono;
  return duration<double, std::milli>(steady_clock::now().time_since_epoch()).count();
}

double used_mib() {
  const auto usage = ::mallinfo2();
  return static_cast<double>(usage.uordblks + usage.hblkhd) / (1 << 20);
}

struct Figures {
  double nft_ms = 1e9, legacy_ms = 1e9, form_ms = 1e9;
  double read_mib = 0, form_mib = 0;
};

Result<> measure(Figures& best) {
  const double empty = used_mib(), start = now_ms();
  nft::Ruleset read = TRY(read_nft_ruleset());
  const double nft = now_ms();
  std::ranges::move(TRY(read_xtables()), std::back_inserter(read.tables));
  const double legacy = now_ms(), with_read = used_mib();
  const RuleSet rules = rules_from_nft(read);
  const double form = now_ms();
  best.nft_ms = std::min(best.nft_ms, nft - start);
  best.legacy_ms = std::min(best.legacy_ms, legacy - nft);
  best.form_ms = std::min(best.form_ms, form - legacy);
  best.read_mib = with_read - empty;
  best.form_mib = used_mib() - with_read;
  return {};
}

std::size_t count_rules(const nft::Ruleset& read) {
  std::size_t count = 0;
  for (const nft::Table& table : read.tables)
    for (const nft::Chain& chain : table.chains) count += chain.rules.size();
  return count;
}

Result<> report() {
  Figures best;
  for (int i = 0; i < kTimes; ++i) TRY(measure(best));
  nft::Ruleset read = TRY(read_nft_ruleset());
  std::ranges::move(TRY(read_xtables()), std::back_inserter(read.tables));
  std::printf(
      "%zu rules: nf_tables read in %.1f ms, legacy tables in %.1f ms, form made in %.1f ms; "
      "%.1f MiB read, %.1f MiB form\n",
      count_rules(read), best.nft_ms, best.legacy_ms, best.form_ms, best.read_mib, best.form_mib);
  return {};
}

}  // namespace
}  // namespace tna

int main() {
  auto done = tna::report();
  if (!done) std::fprintf(stderr, "tna_reading: %s\n", done.error().message.c_str());
  return done ? 0 : 1;
}
