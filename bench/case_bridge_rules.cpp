// SPDX-License-Identifier: Apache-2.0
// A bridge with rules that every frame has to pass, none of which concerns it: those of the family
// bridge, and those of IP, which br_netfilter takes its packets to.
#include <fmt/format.h>

#include <cmath>

#include "cases.h"
#include "rule_texts.h"

namespace tna::bench {
namespace {

struct Bridge {
  Bed bed;
  std::optional<Flow> flow{};
  Subject subject() { return {.bed = &bed, .flows = {&*flow}}; }
};

Result<std::unique_ptr<Bridge>> open() {
  std::unique_ptr<Bridge> bridge(new Bridge{TRY(Bed::create())});
  bridge->flow.emplace(TRY(Flow::open(bridge->bed)));
  return bridge;
}

struct Kind {
  const char* name;
  std::string (*rules)(int, unsigned);
};
constexpr Kind kKinds[] = {{"bridge", bridge_rules}, {"ip", nft_rules}};

}  // namespace

Result<std::vector<Row>> rules_of_bridges(const Options& options) {
  std::vector<Row> rows;
  for (const Kind& kind : kKinds)
    for (int count : {100, 1'000}) {
      std::unique_ptr<Bridge> none = TRY(open()), ruled = TRY(open());
      TRY(load_rules(ruled->bed, "nft -f", kind.rules(count, 1)));
      const std::vector<double> pps = TRY(measure(fmt::format("rules-{}-{}", kind.name, count),
                                                  {{none->subject(), Variant::tna_xdp},
                                                   {ruled->subject(), Variant::plain_linux},
                                                   {ruled->subject(), Variant::tna_xdp},
                                                   {none->subject(), Variant::tna_tc},
                                                   {ruled->subject(), Variant::tna_tc}},
                                                  options));
      for (auto [hook, without, with] :
           {std::tuple{"xdp", pps[0], pps[2]}, std::tuple{"tc", pps[3], pps[4]}}) {
        Row row = throughput_row(fmt::format("rules-{}-{}", kind.name, count), hook, options.rounds,
                                 with, pps[1], 0);
        row.values["over_none"] = ratio(with, without);
        row.values["none_pps"] = std::round(without);
        rows.push_back(row);
      }
    }
  return rows;
}

}  // namespace tna::bench
