// SPDX-License-Identifier: Apache-2.0
// Routing from one interface to another, with few routes and with many.
#include <cmath>

#include "cases.h"
#include "router.h"

namespace tna::bench {
namespace {

constexpr int kFew = 10, kMany = 1'000'000, kFull = 100'000, kDestinations = 10'000;

// Against the least that routes, and Linux alone.
Result<std::vector<Row>> compare(const std::string& name, Router& router, const Options& options) {
  Subject subject = router.subject();
  std::vector<double> pps = TRY(measure(name,
                                        {{subject, Variant::plain_linux},
                                         {subject, Variant::bare_redirect},
                                         {subject, Variant::tna_xdp},
                                         {subject, Variant::tna_tc}},
                                        options));
  Row xdp = throughput_row(name, "xdp", options.rounds, pps[2], pps[0], pps[1]);
  xdp.goals = {{"over_linux", Goal::at_least, 2.0}, {"of_redirect", Goal::at_least, 0.93}};
  Row tc = throughput_row(name, "tc", options.rounds, pps[3], pps[0], pps[1]);
  return std::vector{xdp, tc};
}

}  // namespace

Result<std::vector<Row>> route(const Options& options) {
  return compare("route", *TRY(open_router(kFew)), options);
}

Result<std::vector<Row>> route_ipv6(const Options& options) {
  return compare("route-ipv6", *TRY(open_router(0, Family::ipv6)), options);
}

// From a station of a bridge that is the router's interface, and to one.
Result<std::vector<Row>> routed_bridge(const Options& options) {
  std::unique_ptr<Router> up = TRY(open_router(0, Family::ipv4, Side::generator)),
                          down = TRY(open_router(0, Family::ipv4, Side::sink));
  std::vector<double> pps = TRY(measure("routed-bridge",
                                        {{up->subject(), Variant::plain_linux},
                                         {up->subject(), Variant::tna_xdp},
                                         {down->subject(), Variant::plain_linux},
                                         {down->subject(), Variant::tna_xdp}},
                                        options));
  Row from = throughput_row("from-bridge", "xdp", options.rounds, pps[1], pps[0], 0);
  Row to = throughput_row("to-bridge", "xdp", options.rounds, pps[3], pps[2], 0);
  for (Row* row : {&from, &to}) row->goals = {{"over_linux", Goal::at_least, 2.2}};
  return std::vector{from, to};
}

Result<std::vector<Row>> route_10k(const Options& options) {
  return compare("route-10k", *TRY(open_router_to(kDestinations, kDestinations)), options);
}

Result<std::vector<Row>> routes_many(const Options& options) {
  std::vector<Row> rows;
  std::unique_ptr<Router> few = TRY(open_router_to(kStations, kFew));
  for (int routes : {kFull, kMany}) {
    std::string name = routes == kMany ? "routes-1m" : "routes-100k";
    std::unique_ptr<Router> many = TRY(open_router_to(kStations, routes));
    std::vector<double> pps = TRY(measure(name,
                                          {{few->subject(), Variant::plain_linux},
                                           {many->subject(), Variant::plain_linux},
                                           {few->subject(), Variant::tna_xdp},
                                           {many->subject(), Variant::tna_xdp}},
                                          options));
    Row row = throughput_row(name, "xdp", options.rounds, pps[3], pps[1], 0);
    row.values["over_small"] = ratio(pps[3], pps[2]);
    row.values["small_pps"] = std::round(pps[2]);
    row.values["linux_over_small"] = ratio(pps[1], pps[0]);
    row.goals = {{"over_small", Goal::at_least, 0.8}};
    rows.push_back(row);
  }
  return rows;
}

}  // namespace tna::bench
