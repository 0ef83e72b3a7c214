// SPDX-License-Identifier: Apache-2.0
#include "measure.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <thread>

#include "clock.h"
#include "tnad.h"

namespace tna::bench {
namespace {

constexpr std::uint32_t kWarmUp = 20'000;

Result<> warm_up(const Subject& subject) {
  TRY(subject.bed->speak());
  for (Flow* flow : subject.flows) TRY(flow->send(kWarmUp));
  return {};
}

// The counters must tell the same as the sinks, or what was measured is not what the row says.
Result<> check(Expect expect, const Rate& rate, const PortCounters& before,
               const PortCounters& after) {
  double fast = double(after.fast - before.fast), slow = double(after.slow - before.slow);
  if (expect == Expect::all_fast && fast < 0.97 * double(rate.received))
    return error(fmt::format("only {:.0f} of {} frames went fast, {:.0f} were punted", fast,
                             rate.received, slow));
  if (expect == Expect::all_punted && (fast > 0 || slow < 0.99 * double(rate.sent)))
    return error(
        fmt::format("{:.0f} of {} frames went fast and {:.0f} were punted, but all should be", fast,
                    rate.sent, slow));
  return {};
}

Result<double> measure_tna(const Subject& subject, Variant variant, double seconds) {
  Tnad tnad = TRY(Tnad::start(*subject.bed, hook_of(variant), hook_of(variant)));
  TRY(warm_up(subject));
  PortCounters before = TRY(tnad.counters());
  Rate rate = TRY(run_flows(subject.flows, seconds));
  TRY(check(subject.expect, rate, before, TRY(tnad.counters())));
  TRY(tnad.stop());
  return rate.pps;
}

Result<double> measure_redirect(const Subject& subject, double seconds) {
  std::vector<Link> links;
  for (Flow* flow : subject.flows)
    links.push_back(TRY(flow->attach_redirect(subject.routes, subject.tracked)));
  TRY(warm_up(subject));
  return TRY(run_flows(subject.flows, seconds)).pps;
}

}  // namespace

std::string hook_of(Variant variant) {
  return variant == Variant::tna_tc ? "tc" : "xdp";
}

Result<Rate> run_flows(const std::vector<Flow*>& flows, double seconds) {
  std::vector<Result<Rate>> rates(flows.size());
  std::vector<std::thread> threads;
  for (size_t i = 0; i < flows.size(); ++i)
    threads.emplace_back([&rates, &flows, seconds, i] {
      pin_to(int(i));
      setpriority(PRIO_PROCESS, 0, -20);  // of this thread: what else runs here disturbs less
      rates[i] = flows[i]->run(seconds);
    });
  for (std::thread& thread : threads) thread.join();
  Rate sum;
  for (Result<Rate>& result : rates) {
    Rate rate = TRY(std::move(result));
    sum.pps += rate.pps;
    sum.sent += rate.sent;
    sum.received += rate.received;
  }
  return sum;
}

Result<double> measure_once(const Subject& subject, Variant variant, double seconds) {
  TRY(nothing_attached(*subject.bed));
  if (variant == Variant::bare_redirect) return measure_redirect(subject, seconds);
  if (variant != Variant::plain_linux) return measure_tna(subject, variant, seconds);
  TRY(warm_up(subject));
  return TRY(run_flows(subject.flows, seconds)).pps;
}

Result<std::vector<double>> measure(const std::string& title,
                                    const std::vector<Measurement>& measurements,
                                    const Options& options) {
  std::vector<std::vector<double>> samples(measurements.size());
  for (int round = 1; round <= options.rounds; ++round) {
    fmt::print(stderr, "{}: round {} of {}\n", title, round, options.rounds);
    for (size_t i = 0; i < measurements.size(); ++i) {
      if (interrupted()) return error("interrupted");
      const auto& [subject, variant] = measurements[i];
      samples[i].push_back(TRY(measure_once(subject, variant, options.seconds)));
    }
  }
  std::vector<double> medians;
  for (const std::vector<double>& values : samples) medians.push_back(median(values));
  return medians;
}

}  // namespace tna::bench
