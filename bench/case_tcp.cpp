// SPDX-License-Identifier: Apache-2.0
// One TCP stream between two containers on the bridge, as `tnad` without any option serves it.
#include <fmt/format.h>

#include <cmath>

#include "cases.h"
#include "clock.h"
#include "command.h"
#include "tcp_stream.h"
#include "tnad.h"

namespace tna::bench {
namespace {

constexpr const char* kServer = "192.0.2.2";

Result<double> accelerated_stream(const Bed& bed, double seconds) {
  Tnad tnad = TRY(Tnad::start(bed, "auto", "tc"));
  TRY(tcp_stream(bed, kServer, 1));  // both ends are learned and fresh now
  Json before = TRY(tnad.interface(Bed::port_in(0)));
  double rate = TRY(tcp_stream(bed, kServer, seconds));
  Json after = TRY(tnad.interface(Bed::port_in(0)));
  double fast = double(count(after, "fast_bytes") - count(before, "fast_bytes"));
  double sent = rate / 8 * std::ceil(seconds);
  if (fast < 0.9 * sent)
    return error(
        fmt::format("only {:.0f} of about {:.0f} bytes went fast: {}", fast, sent, dump(after)));
  TRY(tnad.stop());
  return rate;
}

}  // namespace

Result<std::vector<Row>> tcp(const Options& options) {
  Bed bed = TRY(Bed::create());
  TRY(run({"ip", "-n", bed.generator().name(), "addr", "add", "192.0.2.1/24", "dev",
           Bed::generator_end(0)}));
  TRY(run({"ip", "-n", bed.sink().name(), "addr", "add", std::string(kServer) + "/24", "dev",
           Bed::sink_end(0)}));
  std::vector<double> plain, fast;
  for (int round = 1; round <= options.rounds; ++round) {
    fmt::print(stderr, "tcp: round {} of {}\n", round, options.rounds);
    TRY(nothing_attached(bed));
    TRY(tcp_stream(bed, kServer, 1));
    plain.push_back(TRY(tcp_stream(bed, kServer, options.seconds)));
    fast.push_back(TRY(accelerated_stream(bed, options.seconds)));
  }
  Row row{.name = "tcp", .hook = "tc", .runs = options.rounds};
  row.values["gbit_per_second"] = std::round(median(fast) / 1e7) / 100;
  row.values["linux_gbit_per_second"] = std::round(median(plain) / 1e7) / 100;
  row.values["over_linux"] = ratio(median(fast), median(plain));
  row.goals = {{"over_linux", Goal::at_least, 1.0}};
  return std::vector{row};
}

}  // namespace tna::bench
