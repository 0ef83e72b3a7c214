// SPDX-License-Identifier: Apache-2.0
// From a change of the configuration to the new program running, seen from outside: the clock runs
// from before the change is asked for until the kernel names the new program.
#include <fmt/format.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cmath>

#include "cases.h"
#include "clock.h"
#include "tnad.h"

namespace tna::bench {
namespace {

constexpr double kTooLong = 60;  // seconds after which nothing will come any more
constexpr double kRest = 0.05;   // between two changes, so that each has a rebuild to itself

constexpr int kMany = 200;        // ports; with more of them it may take longer
constexpr double kPatience = 10;  // seconds for one row: when a change is slow, fewer runs must do

// What one port count and hook are measured on; the calling thread is in the bed's dut.
struct Scene {
  const Tnad& tnad;
  std::string hook;
  std::vector<IfIndex> ports;  // the last one joins and leaves
};

struct Times {
  std::vector<double> outside_ms, rebuild_ms;
};

// Milliseconds from `start` until the condition holds.
Result<double> until(double start, const std::string& what, auto&& condition) {
  while (!condition()) {
    if (now() > start + kTooLong) return error("in vain waited for " + what);
    pause_for(0.001);  // asking takes the lock of the configuration, which the daemon needs
  }
  return (now() - start) * 1000;
}

// `brctl addif` or `brctl delif`, without the time to start a program.
Result<> bridge_port(unsigned long request, IfIndex port) {
  Fd socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  ifreq ask{};
  std::strcpy(ask.ifr_name, "br0");
  ask.ifr_ifindex = int(port);
  if (ioctl(socket.get(), request, &ask) < 0) return errno_error("change the ports of br0");
  return {};
}

Result<> note_rebuild(const Scene& scene, Times& times) {
  times.rebuild_ms.push_back(number(TRY(scene.tnad.json({"status"})), "last_rebuild_ms"));
  pause_for(kRest);
  return {};
}

// A port joins: until it has a program.
Result<> join(const Scene& scene, Times& times) {
  IfIndex port = scene.ports.back();
  TRY(bridge_port(SIOCBRDELIF, port));
  TRY(until(now(), "the port's program to go",
            [&] { return !attached_program(port, scene.hook); }));
  pause_for(kRest);
  double start = now();
  TRY(bridge_port(SIOCBRADDIF, port));
  times.outside_ms.push_back(TRY(until(start, "the new port's program",
                                       [&] { return attached_program(port, scene.hook) != 0; })));
  return note_rebuild(scene, times);
}

// Neighbour suppression on one port asks for a module more in every port's program: until the first
// and the last port have their new one (tnad replaces them in the order of interface indexes). The
// time to run `bridge` is included.
Result<> respecialise(const Bed& bed, const Scene& scene, Times& times) {
  bool on = times.outside_ms.size() % 2 == 0;
  auto [first, last] = std::ranges::minmax(scene.ports);
  AttachedLink links[] = {TRY(AttachedLink::find(first, scene.hook)),
                          TRY(AttachedLink::find(last, scene.hook))};
  std::uint32_t before = links[0].program();
  double start = now();
  TRY(bed.in_dut("bridge link set dev " + Bed::port_in(0) + " neigh_suppress " +
                 (on ? "on" : "off")));
  times.outside_ms.push_back(TRY(until(start, "every port's new program", [&] {
    return std::ranges::none_of(links, [&](const AttachedLink& link) {
      std::uint32_t program = link.program();
      return program == 0 || program == before;
    });
  })));
  return note_rebuild(scene, times);
}

Row row_of(const std::string& hook, const char* change, int ports, const Times& times) {
  Row row{.name = "reaction", .hook = hook, .runs = int(times.outside_ms.size())};
  row.values["change"] = change;
  row.values["ports"] = ports;
  row.values["change_to_running_ms"] = std::round(median(times.outside_ms) * 100) / 100;
  row.values["last_rebuild_ms"] = std::round(median(times.rebuild_ms) * 100) / 100;
  row.goals = {{"change_to_running_ms", Goal::at_most, ports > kMany ? 100.0 : 50.0}};
  return row;
}

Result<> measure_ports(int count, const std::string& hook, int runs, std::vector<Row>& rows) {
  Bed bed = TRY(Bed::create());
  TRY(bed.add_quiet_ports(count - 2));
  Tnad tnad = TRY(Tnad::start(bed, hook, hook));
  Scene scene{tnad, hook, {}};
  std::vector<std::string> names{Bed::port_in(0), Bed::port_out(0)};
  for (int i = 0; i < count - 2; ++i) names.push_back("p" + std::to_string(100 + i));
  for (const std::string& name : names) scene.ports.push_back(TRY(index_of(bed.dut(), name)));
  Inside inside = TRY(Inside::enter(bed.dut()));
  Times joined, respecialised;
  auto enough = [&, start = now()](const Times& times, double limit) {
    int done = int(times.outside_ms.size());
    return done >= runs || (done >= 3 && now() > start + limit);
  };
  while (!enough(joined, kPatience)) TRY(join(scene, joined));
  while (!enough(respecialised, 2 * kPatience)) TRY(respecialise(bed, scene, respecialised));
  rows.push_back(row_of(hook, "a port joins", count, joined));
  rows.push_back(row_of(hook, "every port's program is replaced", count, respecialised));
  return tnad.stop();
}

}  // namespace

Result<std::vector<Row>> reaction(const Options& options) {
  int runs = options.rounds * 3;  // 21 by default: the median of about twenty
  std::vector<Row> rows;
  for (const char* hook : {"tc", "xdp"})
    for (int ports : {2, kMany, 500}) {
      fmt::print(stderr, "reaction: {}, {} ports\n", hook, ports);
      TRY(measure_ports(ports, hook, runs, rows));
    }
  return rows;
}

}  // namespace tna::bench
