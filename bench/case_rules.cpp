// SPDX-License-Identifier: Apache-2.0
// A router with rules that every packet has to pass, none of which concerns it: half of them are
// about other addresses, half about other ports of these.
#include <fmt/format.h>

#include <cmath>

#include "cases.h"
#include "router.h"
#include "rule_texts.h"

namespace tna::bench {
namespace {

constexpr int kFlows = 10'000, kElements = 100'000;

struct Tool {
  const char* name;
  std::string (*rules)(int);
  const char* command;  // which reads them from a file
};

std::string of_nft(int count) {
  return nft_rules(count, 1);
}
std::string of_iptables(int count) {
  return iptables_rules(count, 1);
}

std::string of_a_set(int elements) {
  std::string text = "table ip bench {\n set s {\n  type ipv4_addr;\n  elements = { ";
  for (int i = 0; i < elements; ++i)
    text += fmt::format("{}10.{}.{}.{}", i ? ", " : "", i >> 16, i >> 8 & 255, i & 255);
  return text +
         " }\n }\n chain c {\n  type filter hook forward priority 0;\n  ip saddr @s drop\n }\n}\n";
}

constexpr Tool kNft{"nft", of_nft, "nft -f"};
constexpr Tool kSet{"set", of_a_set, "nft -f"};
constexpr Tool kTools[] = {kNft,
                           {"iptables-nft", of_iptables, "iptables-nft-restore"},
                           {"legacy", of_iptables, "iptables-legacy-restore"}};

constexpr int kEver = -1;  // flows: each frame is of another one

Result<std::unique_ptr<Router>> open(int flows) {
  if (flows == kStations) return open_router(10);
  std::unique_ptr<Router> router = TRY(open_router_to(kFlows, kFlows));
  if (flows == kEver) {
    router->flow->scatter();
    TRY(router->bed.in_dut("ip route add 198.18.0.0/16 dev " + Bed::port_in(0)));  // sources
  }
  return router;
}

std::string text_of(int flows) {
  if (flows == kEver) return "-ever-new";
  return flows == kStations ? "" : fmt::format("-{}-flows", flows);
}

// One number of rules by each of the tools, beside none.
Result<std::vector<Row>> compare(int count, int flows, std::span<const Tool> tools, double least,
                                 double over_linux, const Options& options) {
  std::vector<std::unique_ptr<Router>> routers;
  routers.push_back(TRY(open(flows)));
  std::vector<Measurement> measurements{{routers[0]->subject(), Variant::tna_xdp}};
  for (const Tool& tool : tools) {
    routers.push_back(TRY(open(flows)));
    TRY(load_rules(routers.back()->bed, tool.command, tool.rules(count)));
    measurements.push_back({routers.back()->subject(), Variant::tna_xdp});
    measurements.push_back({routers.back()->subject(), Variant::plain_linux});
  }
  const std::string flows_text = text_of(flows);
  std::vector<double> pps =
      TRY(measure(fmt::format("rules-{}{}", count, flows_text), measurements, options));
  std::vector<Row> rows;
  for (std::size_t i = 0; i < tools.size(); ++i) {
    const double mine = pps[2 * i + 1], linux_alone = pps[2 * i + 2];
    Row row = throughput_row(fmt::format("{}-{}{}", tools[i].name, count, flows_text), "xdp",
                             options.rounds, mine, linux_alone, 0);
    row.values["over_none"] = ratio(mine, pps[0]);
    row.values["none_pps"] = std::round(pps[0]);
    row.goals = {{"over_none", Goal::at_least, least}};
    if (over_linux && tools[i].rules == of_nft)
      row.goals.push_back({"over_linux", Goal::at_least, over_linux});
    rows.push_back(row);
  }
  return rows;
}

}  // namespace

Result<std::vector<Row>> rules(const Options& options) {
  std::vector<Row> rows;
  const auto add = [&](Result<std::vector<Row>> more) -> Result<> {
    if (!more) return std::unexpected(more.error());
    rows.insert(rows.end(), more->begin(), more->end());
    return {};
  };
  TRY(add(compare(100, kStations, kTools, 0.9, 3, options)));
  TRY(add(compare(1'000, kStations, kTools, 0.85, 10, options)));
  TRY(add(compare(10'000, kStations, kTools, 0.8, 60, options)));
  return rows;
}

Result<std::vector<Row>> rules_flows(const Options& options) {
  std::vector<Row> rows;
  for (int flows : {kFlows, kEver})
    for (auto [count, least, over_linux] :
         {std::tuple{100, 0.9, 3}, std::tuple{1'000, 0.85, 10}, std::tuple{10'000, 0.65, 60}}) {
      std::vector<Row> more =
          TRY(compare(count, flows, std::span(&kNft, 1), least, over_linux, options));
      rows.insert(rows.end(), more.begin(), more.end());
    }
  return rows;
}

Result<std::vector<Row>> rules_set(const Options& options) {
  return compare(kElements, kStations, std::span(&kSet, 1), 0.85, 0, options);
}

}  // namespace tna::bench
