// SPDX-License-Identifier: Apache-2.0
// session.cpp: one campaign for each hook; random worlds take them in turn.
#include "session.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "generate.h"
#include "interrupt.h"

namespace tna::differential {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kFramesPerWorld = 1000;
constexpr int kProgressSeconds = 60;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// `seconds` is 0 where the time was shared with other campaigns.
void print_totals(const Totals& totals, const std::string& what, double seconds) {
  std::printf("%s: %d cases, %ld frames in, %ld out, %.0f%% fast, %d differences", what.c_str(),
              totals.cases, totals.frames, totals.received, 100 * totals.fast_share(),
              totals.differences);
  if (seconds > 0)
    std::printf(", %.0f frames a minute", 60 * static_cast<double>(totals.frames) / seconds);
  std::printf("\n");
  std::fflush(stdout);
}

void print_reasons(const Totals& totals) {
  if (totals.counters.reasons.empty()) return;
  std::printf("  slow:");
  for (const auto& [name, count] : totals.counters.reasons)
    if (count) std::printf(" %s %llu", name.c_str(), static_cast<unsigned long long>(count));
  std::printf("\n");
  if (totals.counters.fast_of.empty()) return;
  std::printf("  fast:");
  for (const auto& [name, count] : totals.counters.fast_of)
    std::printf(" %s %llu", name.c_str(), static_cast<unsigned long long>(count));
  std::printf("\n");
}

class Session {
 public:
  Session(const Wanted& wanted, const Options& options, const Shapes& shapes);
  Result<bool> run();

 private:
  Result<> run_corpus();
  Result<> run_random();
  void progress(std::uint64_t seed);
  Totals sum() const;
  bool fast_of_each(const std::string& comment) const;

  const Wanted& wanted_;
  const Shapes& shapes_;
  bool plain_;
  std::vector<Campaign> campaigns_;  // one for each hook
  Clock::time_point start_ = Clock::now();
  double next_progress_ = kProgressSeconds;
  Totals corpus_;
};

Session::Session(const Wanted& wanted, const Options& options, const Shapes& shapes)
    : wanted_(wanted), shapes_(shapes), plain_(options.build.empty()) {
  for (const std::string& hook : wanted.hooks) {
    Options for_hook = options;
    for_hook.hook = hook;
    campaigns_.emplace_back(for_hook, wanted.save, wanted.shrink_seconds);
  }
}

Totals Session::sum() const {
  Totals sum;
  for (const Campaign& campaign : campaigns_) sum.add(campaign.totals);
  return sum;
}

// Of what those rules count some went fast, by each hook.
bool Session::fast_of_each(const std::string& comment) const {
  if (comment.empty()) return true;
  bool all = true;
  for (std::size_t hook = 0; hook < campaigns_.size(); ++hook) {
    const auto& counted = campaigns_[hook].totals.counters.fast_of;
    const auto found = counted.find(comment);
    if (found != counted.end() && found->second) continue;
    std::printf("hook %s: no packet that rules called \"%s\" count took the fast path\n",
                wanted_.hooks[hook].c_str(), comment.c_str());
    all = false;
  }
  return all;
}

void Session::progress(std::uint64_t seed) {
  const double seconds = seconds_since(start_);
  if (seconds < next_progress_) return;
  next_progress_ += kProgressSeconds;
  print_totals(sum(), "seed " + std::to_string(seed), seconds);
}

Result<> Session::run_corpus() {
  for (std::size_t hook = 0; hook < campaigns_.size(); ++hook) {
    Totals& totals = campaigns_[hook].totals;
    TRY(campaigns_[hook].run_corpus(wanted_.corpus));
    print_totals(totals, "corpus, hook " + wanted_.hooks[hook], seconds_since(start_));
    corpus_.add(totals);
    totals = {};
    start_ = Clock::now();
  }
  return {};
}

Result<> Session::run_random() {
  const int worlds =
      wanted_.worlds > 0 ? wanted_.worlds : std::max(1, wanted_.frames / kFramesPerWorld);
  const int frames = wanted_.minutes > 0 ? kFramesPerWorld : wanted_.frames / worlds;
  const auto done = [&](int world) {
    if (sum().differences >= wanted_.differences) return true;
    return wanted_.minutes > 0 ? seconds_since(start_) >= 60 * wanted_.minutes : world >= worlds;
  };
  int world = 0;
  for (; !done(world); ++world) {
    const std::uint64_t seed = wanted_.seed + world;
    auto ran = campaigns_[world % campaigns_.size()].run(random_case(seed, frames, shapes_));
    if (interrupted()) break;
    TRY(std::move(ran));
    progress(seed);
  }
  if (world)
    std::printf("seeds %llu to %llu\n", static_cast<unsigned long long>(wanted_.seed),
                static_cast<unsigned long long>(wanted_.seed + world - 1));
  return {};
}

Result<bool> Session::run() {
  if (!wanted_.case_file.empty()) {
    for (Campaign& campaign : campaigns_) TRY(campaign.run(TRY(read_case(wanted_.case_file))));
    print_totals(sum(), wanted_.case_file, seconds_since(start_));
    print_reasons(sum());
    return sum().differences == 0;
  }
  if (!wanted_.corpus.empty()) TRY(run_corpus());
  TRY(run_random());
  const double seconds = seconds_since(start_);
  for (std::size_t hook = 0; hook < campaigns_.size(); ++hook) {
    print_totals(campaigns_[hook].totals, "random, hook " + wanted_.hooks[hook],
                 campaigns_.size() > 1 ? 0 : seconds);
    print_reasons(campaigns_[hook].totals);
  }
  if (campaigns_.size() > 1) print_totals(sum(), "random, all", seconds);
  Totals all = sum();
  all.add(corpus_);
  if (corpus_.cases) print_totals(all, "corpus and random", 0);
  // Of the corpus much is odd on purpose, and slow.
  const bool enough = plain_ || sum().fast_share() * 100 >= wanted_.least_fast;
  if (!enough) std::printf("too few frames took the fast path: this proves nothing\n");
  const bool those = plain_ || fast_of_each(wanted_.fast_of);
  if (all.differences)
    std::printf("differences: %d, in %s\n", all.differences, wanted_.save.c_str());
  return enough && those && all.differences == 0 && !interrupted();
}

}  // namespace

Result<bool> run_session(const Wanted& wanted, const Options& options, const Shapes& shapes) {
  return Session(wanted, options, shapes).run();
}

}  // namespace tna::differential
