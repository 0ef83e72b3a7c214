// SPDX-License-Identifier: Apache-2.0
#include "tcp_stream.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "base/json.h"
#include "command.h"

namespace tna::bench {
namespace {

Result<double> stream(const std::string& server, double seconds) {
  std::string printed = TRY(run({"nice", "-n", "-20", "iperf3", "-c", server, "-A", "0", "-J", "-t",
                                 fmt::format("{}", std::ceil(seconds))}));
  Json result = Json::parse(printed, nullptr, false);
  static const Json::json_pointer received("/end/sum_received/bits_per_second");
  if (result.is_discarded() || !result.contains(received)) return error("iperf3: " + printed);
  return result[received].get<double>();
}

}  // namespace

// Starts the server for one stream, and sends it.
Result<double> tcp_stream(const Bed& bed, const std::string& server, double seconds) {
  std::optional<Child> listener;
  {
    Inside inside = TRY(Inside::enter(bed.sink()));
    listener.emplace(
        TRY(Child::start({"nice", "-n", "-20", "iperf3", "-s", "-1", "-A", "1", "--forceflush"})));
  }
  TRY(listener->wait_for("listening", 5));
  Inside inside = TRY(Inside::enter(bed.generator()));
  double rate = TRY(stream(server, seconds));
  TRY(listener->finish(5));
  return rate;
}

}  // namespace tna::bench
