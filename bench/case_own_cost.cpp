// SPDX-License-Identifier: Apache-2.0
// What the bridge's programs cost by themselves: the loaded program run on a frame that it
// forwards, again and again, against an empty program run in the same way. The ports are taps,
// whose program is that of a physical NIC. (A veth's XDP program also looks at the sk_buff which
// veth has behind the frame, and a test run has none there.)
#include <bpf/bpf.h>
#include <fmt/format.h>
#include <net/if.h>

#include <iterator>

#include "cases.h"
#include "clock.h"
#include "tap.h"
#include "tnad.h"

namespace tna::bench {
namespace {

// A round is a million runs, in portions so short that the stations stay fresh.
constexpr int kPortions = 10;
constexpr int kRepeat = 100'000;
constexpr std::uint32_t kXdpRedirect = 4;
constexpr std::uint32_t kTcRedirect = 7;

struct TestRun {
  std::uint32_t verdict = 0;
  double nanoseconds = 0;
};

// The measured frame, with a tag of that VLAN or untagged (0).
std::vector<unsigned char> frame_in(int vlan) {
  bench_frame plain = frame_between(0, 0);
  std::vector<unsigned char> frame(plain.bytes, plain.bytes + BENCH_FRAME_LENGTH);
  const unsigned char tag[] = {0x81, 0x00, static_cast<unsigned char>(vlan >> 8),
                               static_cast<unsigned char>(vlan)};
  if (vlan) frame.insert(frame.begin() + 12, std::begin(tag), std::end(tag));
  return frame;
}

// On a frame that arrives at the port, with the calling thread in the port's namespace.
Result<TestRun> run_on(int program, const std::string& hook, IfIndex port, int vlan) {
  std::vector<unsigned char> frame = frame_in(vlan);
  const auto size = static_cast<__u32>(frame.size());
  xdp_md xdp{.data_end = size, .ingress_ifindex = port};
  __sk_buff skb{.ifindex = port};
  LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(), .data_size_in = size,
              .repeat = kRepeat);
  if (hook == "xdp")
    options.ctx_in = &xdp, options.ctx_size_in = sizeof xdp;
  else
    options.ctx_in = &skb, options.ctx_size_in = sizeof skb;
  if (bpf_prog_test_run_opts(program, &options) < 0) return errno_error("run the program");
  return TestRun{options.retval, double(options.duration)};
}

// Nanoseconds of one run each, a value for every portion.
struct Samples {
  std::vector<double> program, empty, own;
};

struct Ports {
  Tap in, out;
  int vlan = 0;  // of the tag that frames have
  // The station that the measured frame comes from, and the one that it goes to.
  Result<> speak() const {
    Mac source = station(0, Side::generator, 0), destination = station(0, Side::sink, 0);
    TRY(out.speak(destination, source, vlan));
    return in.speak(source, destination, vlan);
  }
};

// One round; the program must go its whole way, to the redirect, in every portion.
Result<> sample(const Ports& ports, const Flow& flow, const Tnad& tnad, const std::string& hook,
                Samples& samples) {
  IfIndex port = if_nametoindex(ports.in.name().c_str());
  std::uint32_t id = attached_program(port, hook);
  Fd program{bpf_prog_get_fd_by_id(id)};
  if (!program)
    return error("no " + hook + " program: " + dump(TRY(tnad.interface(ports.in.name()))));

  std::uint32_t wanted = hook == "xdp" ? kXdpRedirect : kTcRedirect;
  int empty = TRY(flow.empty_program(hook));
  int refreshes = 0;
  for (int portion = 0; portion < kPortions;) {
    double nothing = TRY(run_on(empty, hook, port, ports.vlan)).nanoseconds;
    TRY(ports.speak());
    TestRun all = TRY(run_on(program.get(), hook, port, ports.vlan));
    if (all.verdict != wanted) {
      // The station fell due for a refresh by Linux in the middle; when it speaks again it gets it.
      if (++refreshes <= kPortions) continue;
      return error(fmt::format("the {} program's verdict is {} and no redirect: {}", hook,
                               all.verdict, dump(TRY(tnad.interface(ports.in.name())))));
    }
    samples.program.push_back(all.nanoseconds);
    samples.empty.push_back(nothing);
    samples.own.push_back(all.nanoseconds - nothing);
    ++portion;
  }
  return {};
}

Result<Samples> sample_rounds(const char* name, const Ports& ports, const Flow& flow,
                              const Tnad& tnad, const std::string& hook, int rounds) {
  Samples samples;
  for (int round = 1; round <= rounds; ++round) {
    fmt::print(stderr, "{}: {}, round {} of {}\n", name, hook, round, rounds);
    TRY(sample(ports, flow, tnad, hook, samples));
  }
  return samples;
}

Result<> wait_for_module(const Tnad& tnad, const std::string& port, const std::string& module) {
  for (int tries = 0; tries < 500; ++tries) {
    const Json interface = TRY(tnad.interface(port));
    for (const Json& one : interface["modules"])
      if (one == module) return {};
    pause_for(0.02);
  }
  return error("the program of " + port + " has no module " + module + " after 10 s");
}

}  // namespace

// Frames of the PVID without a tag, and tagged ones from trunk to trunk, against a bridge that does
// not filter. (A test run's repetitions get the frame as the one before left it, so a tag that is
// put on or taken off can't be measured in this way.)
Result<std::vector<Row>> vlan_cost(const Options& options) {
  Bed bed = TRY(Bed::create());
  if (!bed.in_dut("ip link set br0 type bridge vlan_filtering 0 vlan_default_pvid 1")) {
    fmt::print(stderr, "vlan-own-cost: this kernel's bridge can't filter VLANs\n");
    return std::vector<Row>{};
  }
  Flow flow = TRY(Flow::open(bed));
  Ports ports{TRY(Tap::create(bed, "t0")), TRY(Tap::create(bed, "t1"))};
  Tnad tnad = TRY(Tnad::start(bed, "xdp", "xdp"));
  Inside inside = TRY(Inside::enter(bed.dut()));
  Row row{.name = "vlan-own-cost", .hook = "xdp", .runs = options.rounds};
  auto own_nanoseconds = [&]() -> Result<double> {
    return median(
        TRY(sample_rounds("vlan-own-cost", ports, flow, tnad, "xdp", options.rounds)).own);
  };
  double plain = TRY(own_nanoseconds());
  TRY(bed.in_dut("ip link set br0 type bridge vlan_filtering 1"));
  for (const char* port : {"t0", "t1"})
    TRY(bed.in_dut(std::string("bridge vlan add vid 5 dev ") + port));
  TRY(wait_for_module(tnad, "t0", "vlan_ingress"));
  double untagged = TRY(own_nanoseconds());
  ports.vlan = 5;
  double tagged = TRY(own_nanoseconds());
  // More than are looked through one by one (bpf/lib/vlan.h): now the hash tables are asked.
  for (const char* port : {"t0", "t1"})
    TRY(bed.in_dut(std::string("bridge vlan add vid 100-200 dev ") + port));
  double of_many = TRY(own_nanoseconds());
  TRY(tnad.stop());
  row.values["plain_ns"] = plain;
  row.values["untagged_ns"] = untagged;
  row.values["tagged_ns"] = tagged;
  row.values["untagged_of_plain"] = untagged / plain;
  row.values["tagged_of_plain"] = tagged / plain;
  row.values["of_100_vlans_of_plain"] = of_many / plain;
  row.goals = {{"untagged_of_plain", Goal::at_most, 1.4}, {"tagged_of_plain", Goal::at_most, 1.4}};
  return std::vector<Row>{row};
}

Result<std::vector<Row>> own_cost(const Options& options) {
  Bed bed = TRY(Bed::create());
  Flow flow = TRY(Flow::open(bed));
  Ports ports{TRY(Tap::create(bed, "t0")), TRY(Tap::create(bed, "t1"))};
  std::vector<Row> rows;
  for (const char* hook : {"xdp", "tc"}) {
    Tnad tnad = TRY(Tnad::start(bed, hook, hook));
    Inside inside = TRY(Inside::enter(bed.dut()));
    Samples samples =
        TRY(sample_rounds("bridge-own-cost", ports, flow, tnad, hook, options.rounds));
    TRY(tnad.stop());
    Row row{.name = "bridge-own-cost", .hook = hook, .runs = options.rounds};
    row.values["own_ns"] = median(samples.own);
    row.values["program_ns"] = median(samples.program);
    row.values["empty_ns"] = median(samples.empty);
    if (row.hook == "xdp") row.goals = {{"own_ns", Goal::at_most, 80}};
    rows.push_back(row);
  }
  return rows;
}

}  // namespace tna::bench
