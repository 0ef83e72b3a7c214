// SPDX-License-Identifier: Apache-2.0
// The cases that count frames at the sink.
#include <cmath>
#include <list>
#include <thread>

#include "cases.h"

namespace tna::bench {
namespace {

constexpr int kManyStations = 100'000;
constexpr double kTwice = 1.8;  // what two processors should do, where the generator can

// The processor and the generator are one for all of them: a bed with its flows.
struct Lab {
  Bed bed;
  std::list<Flow> flows{};

  Subject subject(size_t flow_count, Expect expect = Expect::all_fast) {
    Subject subject{.bed = &bed, .flows = {}, .expect = expect};
    for (Flow& flow : flows)
      if (subject.flows.size() < flow_count) subject.flows.push_back(&flow);
    return subject;
  }
};

Result<std::unique_ptr<Lab>> open_lab(int lanes = 1) {
  std::unique_ptr<Lab> lab(new Lab{TRY(Bed::create(lanes))});
  for (int lane = 0; lane < lanes; ++lane) lab->flows.push_back(TRY(Flow::open(lab->bed, lane)));
  return lab;
}

}  // namespace

Result<std::vector<Row>> bridge(const Options& options) {
  std::unique_ptr<Lab> lab = TRY(open_lab());
  Subject subject = lab->subject(1);
  std::vector<double> pps = TRY(measure("bridge",
                                        {{subject, Variant::plain_linux},
                                         {subject, Variant::bare_redirect},
                                         {subject, Variant::tna_xdp},
                                         {subject, Variant::tna_tc}},
                                        options));
  Row xdp = throughput_row("bridge", "xdp", options.rounds, pps[2], pps[0], pps[1]);
  xdp.goals = {{"over_linux", Goal::at_least, 2.8}, {"of_redirect", Goal::at_least, 0.92}};
  Row tc = throughput_row("bridge", "tc", options.rounds, pps[3], pps[0], pps[1]);
  tc.goals = {{"over_linux", Goal::at_least, 1.35}};
  return std::vector{xdp, tc};
}

Result<std::vector<Row>> fdb_100k(const Options& options) {
  std::unique_ptr<Lab> small = TRY(open_lab()), big = TRY(open_lab());
  TRY(big->bed.add_quiet_stations(kManyStations));
  int entries = TRY(big->bed.fdb_entries());
  Subject few = small->subject(1), many = big->subject(1);
  std::vector<double> pps = TRY(measure("fdb-100k",
                                        {{many, Variant::plain_linux},
                                         {few, Variant::tna_xdp},
                                         {many, Variant::tna_xdp},
                                         {few, Variant::tna_tc},
                                         {many, Variant::tna_tc}},
                                        options));
  if (int left = TRY(big->bed.fdb_entries()); left < kManyStations)
    return error("the FDB shrank from " + std::to_string(entries) + " to " + std::to_string(left));
  std::vector<Row> rows;
  for (size_t i : {1u, 3u}) {
    Row row =
        throughput_row("fdb-100k", i == 1 ? "xdp" : "tc", options.rounds, pps[i + 1], pps[0], 0);
    row.values["over_small"] = ratio(pps[i + 1], pps[i]);
    row.values["small_pps"] = std::round(pps[i]);
    row.values["fdb_entries"] = entries;
    row.goals = {{"over_small", Goal::at_least, 0.9}};
    rows.push_back(row);
  }
  return rows;
}

Result<std::vector<Row>> two_cores(const Options& options) {
  if (std::thread::hardware_concurrency() < 2) return error("two-cores needs two processors");
  std::unique_ptr<Lab> lab = TRY(open_lab(2));
  std::vector<Measurement> measurements;
  for (Variant variant :
       {Variant::plain_linux, Variant::bare_redirect, Variant::tna_xdp, Variant::tna_tc}) {
    measurements.push_back({lab->subject(1), variant});
    measurements.push_back({lab->subject(2), variant});
  }
  std::vector<double> pps = TRY(measure("two-cores", measurements, options));
  std::vector<Row> rows;
  for (size_t i : {4u, 6u}) {
    Row row = throughput_row("two-cores", i == 4 ? "xdp" : "tc", options.rounds, pps[i + 1], pps[1],
                             pps[3]);
    row.values["over_one"] = ratio(pps[i + 1], pps[i]);
    row.values["one_pps"] = std::round(pps[i]);
    row.values["linux_over_one"] = ratio(pps[1], pps[0]);
    row.values["redirect_over_one"] = ratio(pps[3], pps[2]);
    // Two processors may be halves of one core, and share its speed whatever runs on them.
    double ceiling = pps[3] / pps[2];
    row.values["of_redirect_scaling"] = ratio(pps[i + 1] / pps[i], ceiling);
    if (ceiling >= kTwice)
      row.goals = {{"over_one", Goal::at_least, kTwice}};
    else
      row.goals = {{"of_redirect_scaling", Goal::at_least, 0.95}};
    rows.push_back(row);
  }
  return rows;
}

// A backup port costs Linux a load and a test; to TNA it is a punt which it finds last of all,
// after both FDB lookups: the dearest punt there is.
Result<std::vector<Row>> punt(const Options& options) {
  std::unique_ptr<Lab> lab = TRY(open_lab());
  TRY(lab->bed.add_quiet_ports(1));
  TRY(lab->bed.in_dut("bridge link set dev " + Bed::port_out(0) + " backup_port p100"));
  Subject subject = lab->subject(1, Expect::all_punted);
  std::vector<double> pps = TRY(measure(
      "punt",
      {{subject, Variant::plain_linux}, {subject, Variant::tna_xdp}, {subject, Variant::tna_tc}},
      options));
  Row xdp = throughput_row("punt", "xdp", options.rounds, pps[1], pps[0], 0);
  xdp.goals = {{"over_linux", Goal::at_least, 0.9}};
  Row tc = throughput_row("punt", "tc", options.rounds, pps[2], pps[0], 0);
  tc.goals = {{"over_linux", Goal::at_least, 0.95}};
  return std::vector{xdp, tc};
}

}  // namespace tna::bench
