// SPDX-License-Identifier: Apache-2.0
// Frames for several ports, which Linux copies whether TNA is there or not: what it costs that TNA
// looks at them first. Receivers drop by XDP, so that there is as little as possible beside it.
#include "base/json.h"
#include "cases.h"

namespace tna::bench {
namespace {

constexpr int kPorts = 8;
constexpr int kQuiet = kPorts - 2;  // p100 ...; the lane's two send and count

struct Traffic {
  const char* what;
  Mac mac;
  std::uint32_t address;
  int receivers;  // ports that must get a copy
};

constexpr Traffic kTraffic[] = {
    {"multicast, 2 of 8 ports", Mac{{0x01, 0x00, 0x5e, 1, 1, 1}}, 0xef010101, 2},  // 239.1.1.1
    {"broadcast, 8 ports", Mac{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}, 0xffffffff, kPorts - 1},
};

std::string quiet_port(int number) {
  return "p" + std::to_string(100 + number);
}

// The members of the group are p1 and p100. Groups are looked up only where somebody asks for them.
Result<> join_group(const Bed& bed) {
  TRY(bed.in_dut("ip link set br0 type bridge mcast_query_response_interval 1"));
  TRY(bed.in_dut("ip link set br0 type bridge mcast_querier 1"));
  for (const std::string& port : {Bed::port_out(0), quiet_port(0)})
    TRY(bed.in_dut("bridge mdb add dev br0 port " + port + " grp 239.1.1.1 permanent"));
  return {};
}

Result<std::uint64_t> sent_out_of(const Bed& bed, const std::string& port) {
  Json shown = Json::parse(TRY(bed.in_dut("ip -s -j link show dev " + port)), nullptr, false);
  if (!shown.is_array() || shown.empty()) return error("`ip -s -j link show` prints no JSON");
  return shown[0]["stats64"]["tx"]["packets"].get<std::uint64_t>();
}

// Sends a little: the right number of ports must get it.
Result<> check_receivers(const Bed& bed, Flow& flow, const Traffic& traffic) {
  constexpr int kFrames = 1000;
  std::vector<std::string> ports{Bed::port_out(0)};
  for (int i = 0; i < kQuiet; ++i) ports.push_back(quiet_port(i));
  std::vector<std::uint64_t> before;
  for (const std::string& port : ports) before.push_back(TRY(sent_out_of(bed, port)));
  TRY(flow.send(kFrames));
  int receivers = 0;
  for (size_t i = 0; i < ports.size(); ++i)
    receivers += TRY(sent_out_of(bed, ports[i])) - before[i] >= kFrames;
  if (receivers == traffic.receivers) return {};
  return error(std::string(traffic.what) + ": " + std::to_string(receivers) +
               " ports get it, not " + std::to_string(traffic.receivers));
}

}  // namespace

Result<std::vector<Row>> flood(const Options& options) {
  Bed bed = TRY(Bed::create());
  TRY(bed.add_quiet_ports(kQuiet));
  TRY(join_group(bed));
  Flow flow = TRY(Flow::open(bed));
  std::vector<Link> receivers;
  for (int i = 0; i < kQuiet; ++i)
    receivers.push_back(
        TRY(flow.attach("discard", bed.generator(), "q" + std::to_string(100 + i))));
  Subject subject{.bed = &bed, .flows = {&flow}, .expect = Expect::all_punted};
  std::vector<Row> rows;
  for (const Traffic& traffic : kTraffic) {
    flow.send_to(traffic.mac, traffic.address);
    TRY(check_receivers(bed, flow, traffic));
    std::vector<double> pps = TRY(measure(
        std::string("flood: ") + traffic.what,
        {{subject, Variant::plain_linux}, {subject, Variant::tna_xdp}, {subject, Variant::tna_tc}},
        options));
    for (auto [hook, measured] : {std::pair{"xdp", pps[1]}, std::pair{"tc", pps[2]}}) {
      Row row = throughput_row("flood", hook, options.rounds, measured, pps[0], 0);
      row.values["frames"] = traffic.what;
      row.goals = {{"over_linux", Goal::at_least, 0.95}};
      rows.push_back(row);
    }
  }
  return rows;
}

}  // namespace tna::bench
