// SPDX-License-Identifier: Apache-2.0
// Routes change all the time, as they do where a full BGP table is: ten thousand a second. What the
// daemon does then, its processor time and how often it wakes up, and how fast packets are routed
// meanwhile; both in comparison with routes that stay.
#include <fmt/format.h>
#include <time.h>

#include <atomic>
#include <cmath>
#include <fstream>
#include <thread>

#include "cases.h"
#include "clock.h"
#include "command.h"
#include "router.h"
#include "tnad.h"

namespace tna::bench {
namespace {

constexpr int kPerSecond = 10'000, kBatch = 500;
constexpr double kLeast = 10;  // seconds: of less than one percent, enough to tell

double rounded(double value) {
  return std::round(value * 1000) / 1000;
}

// What the daemon has used up until now.
struct Used {
  double cpu = 0;  // seconds
  double wakeups = 0;
};

Result<Used> used_by(pid_t pid) {
  clockid_t clock{};
  timespec cpu{};
  if (int failed = clock_getcpuclockid(pid, &clock); failed)
    return errno_error("clock of tnad", failed);
  if (clock_gettime(clock, &cpu) < 0) return errno_error("clock of tnad");
  Used used{.cpu = double(cpu.tv_sec) + double(cpu.tv_nsec) / 1e9};
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  const std::string key = "voluntary_ctxt_switches:";
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(key)) used.wakeups = std::stod(line.substr(key.size()));
  return used;
}

// Changes routes for as long as it lives, from a thread of its own.
class Churn {
 public:
  Churn(const Bed& bed, int routes)
      : thread_([this, &bed, routes] { failed_ = !change(bed, routes); }) {}
  ~Churn() {
    ending_ = true;
    thread_.join();
  }
  // Until now; an error when it could not go on.
  Result<double> changes() const {
    if (failed_) return error("routes can't be changed");
    return changes_;
  }

 private:
  // Of four changes one takes a route away, one brings it back, and two give another one another
  // way and its own again: what `ip -batch` is to do.
  static std::string batch(int first, int routes) {
    std::string lines;
    for (int i = first; i < first + kBatch; i += 4) {
      const int number = i / 4 % routes, other = (number + routes / 2) % routes;
      lines +=
          fmt::format("route del {}\nroute replace {} {}\nroute add {} {}\nroute replace {} {}\n",
                      Bed::route(number), Bed::route(other), Bed::way(other + 1),
                      Bed::route(number), Bed::way(number), Bed::route(other), Bed::way(other));
    }
    return lines;
  }
  Result<> change(const Bed& bed, int routes) {
    double due = now();
    for (int first = 0; !ending_; first = (first + kBatch) % (4 * routes)) {
      TRY(run({"ip", "-n", bed.dut().name(), "-batch", "-"}, batch(first, routes)));
      changes_ = changes_ + kBatch;
      due += double(kBatch) / kPerSecond;
      pause_for(std::max(0.0, due - now()));
    }
    return {};
  }

  std::atomic<bool> ending_ = false, failed_ = false;
  std::atomic<double> changes_ = 0;
  std::thread thread_;  // the last one: it uses the others
};

struct Spell {
  double cpu_percent, wakeups_per_second;
};

Result<Spell> watch(const Tnad& tnad, double seconds) {
  const Used before = TRY(used_by(tnad.pid()));
  const double start = now();
  while (now() < start + seconds) {
    if (interrupted()) return error("interrupted");
    pause_for(0.1);
  }
  const double elapsed = now() - start;
  const Used after = TRY(used_by(tnad.pid()));
  return Spell{.cpu_percent = 100 * (after.cpu - before.cpu) / elapsed,
               .wakeups_per_second = (after.wakeups - before.wakeups) / elapsed};
}

// What the daemon does.
Result<> watch_daemon(const Router& router, int routes, double seconds, Row& row) {
  Tnad tnad = TRY(Tnad::start(router.bed, "xdp", "xdp"));
  pause_for(1);  // what starting brings with it
  const Spell quiet = TRY(watch(tnad, seconds));
  {
    Churn churn(router.bed, routes);
    const double start = now();
    const Spell busy = TRY(watch(tnad, seconds));
    row.values["changes_per_second"] = std::round(TRY(churn.changes()) / (now() - start));
    row.values["cpu_percent"] = rounded(busy.cpu_percent);
    row.values["wakeups_per_second"] = rounded(busy.wakeups_per_second);
  }
  row.values["quiet_cpu_percent"] = rounded(quiet.cpu_percent);
  row.values["quiet_wakeups_per_second"] = rounded(quiet.wakeups_per_second);
  return tnad.stop();
}

Result<Row> churn_among(int routes, const Options& options) {
  const std::string name =
      routes >= 1'000'000 ? "churn-1m" : fmt::format("churn-{}k", routes / 1000);
  std::unique_ptr<Router> router = TRY(open_router_to(kStations, routes));
  const std::vector<Measurement> measurements{{router->subject(), Variant::plain_linux},
                                              {router->subject(), Variant::tna_xdp}};
  const std::vector<double> quiet = TRY(measure(name + ", nothing changes", measurements, options));
  std::vector<double> busy;
  {
    Churn churn(router->bed, routes);
    busy = TRY(measure(name, measurements, options));
    TRY(churn.changes());
  }
  Row row = throughput_row(name, "xdp", options.rounds, busy[1], busy[0], 0);
  row.values["over_quiet"] = ratio(busy[1], quiet[1]);
  row.values["linux_over_quiet"] = ratio(busy[0], quiet[0]);
  TRY(watch_daemon(*router, routes, std::max(options.seconds, kLeast), row));
  row.goals = {{"cpu_percent", Goal::at_most, 1},
               {"changes_per_second", Goal::at_least, 0.95 * kPerSecond}};
  return row;
}

}  // namespace

Result<std::vector<Row>> route_churn(const Options& options) {
  std::vector<Row> rows;
  for (int routes : {5'000, 100'000, 1'000'000}) rows.push_back(TRY(churn_among(routes, options)));
  return rows;
}

}  // namespace tna::bench
