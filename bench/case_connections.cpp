// SPDX-License-Identifier: Apache-2.0
// A router that follows 10,000 connections: stateful firewalls and masquerading.
#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <utility>

#include "cases.h"
#include "command.h"
#include "router.h"

namespace tna::bench {
namespace {

constexpr int kFlows = 10'000, kRules = 100, kIdle = 990'000;
constexpr long kRoom = 1'200'000;  // entries, in a namespace's table
constexpr const char* kLimit = "/proc/sys/net/netfilter/nf_conntrack_max";
constexpr const char* kMasquerade = "192.0.2.2";  // of the egress port

std::string dotted(std::uint32_t address) {
  return fmt::format("{}.{}.{}.{}", address >> 24, address >> 16 & 255, address >> 8 & 255,
                     address & 255);
}

// The machine's limit on entries, raised for as long as there are many.
class Room {
 public:
  static Result<Room> make() {
    Room room;
    std::ifstream(kLimit) >> room.before_;
    if (room.before_ >= kRoom) return room;
    std::ofstream limit(kLimit);
    if (!(limit << kRoom << std::flush)) return errno_error(std::string("write ") + kLimit);
    room.raised_ = true;
    return room;
  }
  Room(Room&& other) noexcept
      : before_(other.before_), raised_(std::exchange(other.raised_, false)) {}
  ~Room() {
    if (raised_) std::ofstream(kLimit) << before_;
  }

 private:
  Room() = default;
  long before_ = 0;
  bool raised_ = false;
};

Result<> restore(const Bed& bed, const std::string& lines) {
  char name[] = "/tmp/tna-bench-connections-XXXXXX";
  const int fd = ::mkstemp(name);
  if (fd < 0) return errno_error("make a file for connections");
  ::close(fd);
  std::ofstream(name) << lines;
  auto done = bed.in_dut("conntrack -R " + std::string(name));
  ::unlink(name);
  if (!done) return std::unexpected(done.error());
  return {};
}

// Of others, who say nothing meanwhile.
Result<> add_idle(const Bed& bed) {
  std::string lines;
  for (int i = 0; i < kIdle; ++i)
    lines += fmt::format(
        "-I -s {} -d 192.0.2.200 -p udp --sport 9 --dport {} -t 3600 "
        "-u SEEN_REPLY,ASSURED\n",
        dotted(0x0a000000u + (i & 0xffff)), 1 + (i >> 16));
  return restore(bed, lines);
}

// Connections as they are when both ends have spoken for some time.
Result<> add_connections(const Bed& bed, bool masqueraded) {
  std::string lines;
  for (int i = 0; i < kFlows; ++i) {
    const int station = i % kStations;
    lines += fmt::format(
        "-I -s 198.18.0.{} -d {} -p udp --sport {} --dport 9 -t 600 -u SEEN_REPLY,ASSURED{}\n",
        station + 1, dotted(Bed::behind_route(i)), BENCH_STATION_PORT + station,
        masqueraded ? std::string(" --src-nat ") + kMasquerade : "");
  }
  return restore(bed, lines);
}

std::string rules_of_others() {
  std::string text;
  for (int i = 0; i < kRules; ++i)
    text += fmt::format("  ip saddr 198.18.0.0/15 udp dport {} drop\n", 20000 + i);
  return text;
}

std::string firewall(bool rules_first) {
  const std::string established = "  ct state established,related accept\n";
  return "table ip bench {\n chain c {\n  type filter hook forward priority 0; policy drop;\n" +
         (rules_first ? rules_of_others() + established : established + rules_of_others()) +
         " }\n}\n";
}

std::string masquerade() {
  return "table ip bench {\n chain c {\n  type nat hook postrouting priority 100;\n  oifname \"" +
         Bed::port_out(0) + "\" masquerade\n }\n}\n";
}

Result<std::unique_ptr<Router>> open_tracked(const std::string& rules, bool masqueraded = false) {
  std::unique_ptr<Router> router = TRY(open_router_to(kFlows, kFlows));
  TRY(run({"ip", "netns", "exec", router->bed.dut().name(), "nft", "-f", "-"}, rules));
  TRY(add_connections(router->bed, masqueraded));
  return router;
}

Result<Row> compare(const std::string& name, Router& router, double least, const Options& options) {
  Subject subject = router.subject();
  subject.tracked = true;
  std::vector<double> pps = TRY(measure(name,
                                        {{subject, Variant::plain_linux},
                                         {subject, Variant::bare_redirect},
                                         {subject, Variant::tna_xdp}},
                                        options));
  Row row = throughput_row(name, "xdp", options.rounds, pps[2], pps[0], pps[1]);
  row.goals = {{"over_linux", Goal::at_least, least}, {"of_redirect", Goal::at_least, 0.85}};
  return row;
}

}  // namespace

Result<std::vector<Row>> connections(const Options& options) {
  Row first = TRY(compare("stateful", *TRY(open_tracked(firewall(false))), 2.2, options));
  Row last = TRY(compare("stateful-100-before", *TRY(open_tracked(firewall(true))), 3, options));
  Row nat = TRY(compare("masquerade", *TRY(open_tracked(masquerade(), true)), 2, options));
  return std::vector{first, last, nat};
}

Result<std::vector<Row>> connections_many(const Options& options) {
  const Room room = TRY(Room::make());
  const std::unique_ptr<Router> few = TRY(open_tracked(firewall(false)));
  const std::unique_ptr<Router> many = TRY(open_tracked(firewall(false)));
  TRY(add_idle(many->bed));
  Subject small = few->subject(), large = many->subject();
  small.tracked = large.tracked = true;
  std::vector<double> pps = TRY(measure("connections-1m",
                                        {{small, Variant::plain_linux},
                                         {large, Variant::plain_linux},
                                         {small, Variant::tna_xdp},
                                         {large, Variant::tna_xdp}},
                                        options));
  Row row = throughput_row("connections-1m", "xdp", options.rounds, pps[3], pps[1], 0);
  row.values["over_small"] = ratio(pps[3], pps[2]);
  row.values["small_pps"] = std::round(pps[2]);
  row.values["linux_over_small"] = ratio(pps[1], pps[0]);
  row.goals = {{"over_small", Goal::at_least, 0.8}};
  return std::vector{row};
}

}  // namespace tna::bench
