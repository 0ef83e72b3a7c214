// SPDX-License-Identifier: Apache-2.0
// Routing from one interface to another, with few routes and with many.
#include <cmath>
#include <memory>
#include <optional>

#include "cases.h"

namespace tna::bench {
namespace {

constexpr int kFew = 10, kMany = 1'000'000;

struct Router {
  Bed bed;
  std::optional<Flow> flow{};
  Subject subject() { return {.bed = &bed, .flows = {&*flow}, .routes = true}; }
};

Result<std::unique_ptr<Router>> open_router(int routes) {
  std::unique_ptr<Router> router(new Router{TRY(Bed::create())});
  TRY(router->bed.make_router());
  TRY(router->bed.add_routes(routes));
  router->flow.emplace(TRY(Flow::open(router->bed)));
  router->flow->send_through(Bed::router_mac(0));
  return router;
}

}  // namespace

Result<std::vector<Row>> route(const Options& options) {
  std::unique_ptr<Router> router = TRY(open_router(kFew));
  Subject subject = router->subject();
  std::vector<double> pps = TRY(measure("route",
                                        {{subject, Variant::plain_linux},
                                         {subject, Variant::bare_redirect},
                                         {subject, Variant::tna_xdp},
                                         {subject, Variant::tna_tc}},
                                        options));
  Row xdp = throughput_row("route", "xdp", options.rounds, pps[2], pps[0], pps[1]);
  xdp.goals = {{"over_linux", Goal::at_least, 2.0}, {"of_redirect", Goal::at_least, 0.93}};
  Row tc = throughput_row("route", "tc", options.rounds, pps[3], pps[0], pps[1]);
  return std::vector{xdp, tc};
}

Result<std::vector<Row>> routes_1m(const Options& options) {
  std::unique_ptr<Router> few = TRY(open_router(kFew)), many = TRY(open_router(kMany));
  std::vector<double> pps = TRY(measure("routes-1m",
                                        {{many->subject(), Variant::plain_linux},
                                         {few->subject(), Variant::tna_xdp},
                                         {many->subject(), Variant::tna_xdp}},
                                        options));
  Row row = throughput_row("routes-1m", "xdp", options.rounds, pps[2], pps[0], 0);
  row.values["over_small"] = std::round(pps[2] / pps[1] * 1000) / 1000;
  row.values["small_pps"] = std::round(pps[1]);
  row.goals = {{"over_small", Goal::at_least, 0.8}};
  return std::vector{row};
}

}  // namespace tna::bench
