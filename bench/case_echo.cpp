// SPDX-License-Identifier: Apache-2.0
// UDP echo on one veth: an application by AF_XDP against a program with a UDP socket. Each side has
// a processor for itself: what asks, and the echo with what receives its packets (NAPI of both ends
// of the veth runs in threads, which are pinned).
#include <fmt/format.h>

#include <cmath>

#include "cases.h"
#include "clock.h"
#include "echoes.h"
#include "napi.h"
#include "router.h"
#include "tnad.h"
#include "window.h"

namespace tna::bench {
namespace {

constexpr int kAskerCpu = 0, kEchoCpu = 1;
constexpr std::uint32_t kAddress = 0xc0000201;    // of the router's port: Bed::make_router()
constexpr std::uint32_t kRequests[] = {64, 192};  // under way at a time

struct Samples {
  std::vector<double> socket, socket_many, app, bare_xsk, bare_xdp;
  std::uint64_t answers = 0, lost = 0;
};

class Measured {
 public:
  static Result<std::unique_ptr<Measured>> open() {
    std::unique_ptr<Measured> all(new Measured{TRY(open_router(0))});
    const Bed& bed = all->bed();
    all->flow().send_to(Bed::router_mac(0), kAddress);
    all->window_.emplace(TRY(Window::open(bed, all->flow())));
    TRY(pin_napi(bed.dut(), Bed::port_in(0), kEchoCpu));
    TRY(pin_napi(bed.generator(), Bed::generator_end(0), kAskerCpu));
    pin_to(kAskerCpu);
    return all;
  }

  Result<> round(std::uint32_t requests, double seconds, Samples& samples) {
    const auto ask = [&](std::vector<double>& rates) -> Result<std::uint64_t> {
      const Window::Answers answers = TRY(window_->run(requests, seconds));
      rates.push_back(answers.pps);
      samples.answers += answers.count;
      samples.lost += answers.lost;
      return answers.count;
    };
    {
      SocketEcho echo = TRY(SocketEcho::start(bed(), Calls::one, kEchoCpu));
      TRY(ask(samples.socket));
    }
    {
      SocketEcho echo = TRY(SocketEcho::start(bed(), Calls::many, kEchoCpu));
      TRY(ask(samples.socket_many));
    }
    {
      Tnad tnad = TRY(Tnad::start(bed(), "xdp", "xdp"));
      {
        Child echo = TRY(start_app(tnad));
        const std::uint64_t answers = TRY(ask(samples.app));
        TRY(taken(tnad, answers));
      }
      TRY(tnad.stop());
    }
    {
      XskEcho echo = TRY(XskEcho::start(bed(), flow(), kEchoCpu));
      TRY(ask(samples.bare_xsk));
    }
    Link echo = TRY(flow().attach("echo", bed().dut(), Bed::port_in(0)));
    TRY(ask(samples.bare_xdp));
    return {};
  }

 private:
  explicit Measured(std::unique_ptr<Router> router) : router_(std::move(router)) {}
  const Bed& bed() const { return router_->bed; }
  Flow& flow() { return *router_->flow; }

  Result<Child> start_app(const Tnad& tnad) const {
    Child app =
        TRY(Child::start({"nsenter", "--net=/run/netns/" + bed().dut().name(),
                          sibling("tna_example_udp_echo"), "--control", tnad.control(), "--drop",
                          fmt::format("iifname {} udp dport {}", Bed::port_in(0), BENCH_UDP_PORT)},
                         kEchoCpu));
    TRY(app.wait_for("ready", 30));
    return app;
  }

  // The answers were the application's, or what was measured is not what the row says.
  Result<> taken(const Tnad& tnad, std::uint64_t answers) const {
    const Json apps = TRY(tnad.json({"app", "list"}));
    std::uint64_t taken = 0;
    for (const Json& app : items(apps, "apps")) taken += count(app, "taken");
    if (double(taken) < 0.99 * double(answers))
      return error(fmt::format("the application had {} of {} requests", taken, answers));
    return {};
  }

  std::unique_ptr<Router> router_;
  std::optional<Window> window_;
};

Row row_of(std::uint32_t requests, const Options& options, const Samples& samples) {
  Row row{.name = fmt::format("udp-echo-{}", requests), .hook = "xdp", .runs = options.rounds};
  const double app = median(samples.app), socket = median(samples.socket),
               many = median(samples.socket_many);
  row.values["pps"] = std::round(app);
  row.values["socket_pps"] = std::round(socket);
  row.values["over_socket"] = ratio(app, socket);
  row.values["many_a_call_pps"] = std::round(many);
  row.values["over_many_a_call"] = ratio(app, many);
  row.values["bare_af_xdp_pps"] = std::round(median(samples.bare_xsk));
  row.values["of_bare_af_xdp"] = ratio(app, median(samples.bare_xsk));
  row.values["bare_xdp_pps"] = std::round(median(samples.bare_xdp));
  row.values["lost"] = samples.lost;
  row.values["answers"] = samples.answers;
  row.goals = {{"over_socket", Goal::at_least, 2.0}};
  return row;
}

}  // namespace

Result<std::vector<Row>> echo(const Options& options) {
  std::unique_ptr<Measured> measured = TRY(Measured::open());
  std::vector<Samples> samples(std::size(kRequests));
  for (int round = 1; round <= options.rounds; ++round) {
    fmt::print(stderr, "udp-echo: round {} of {}\n", round, options.rounds);
    for (std::size_t i = 0; i < samples.size(); ++i)
      TRY(measured->round(kRequests[i], options.seconds, samples[i]));
  }
  std::vector<Row> rows;
  for (std::size_t i = 0; i < samples.size(); ++i)
    rows.push_back(row_of(kRequests[i], options, samples[i]));
  return rows;
}

}  // namespace tna::bench
