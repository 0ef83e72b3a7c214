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

Result<Ports> ports_of(const Bed& bed, const std::string& bridge, int first, int vlan = 0) {
  return Ports{TRY(Tap::create(bed, fmt::format("t{}", first), bridge)),
               TRY(Tap::create(bed, fmt::format("t{}", first + 1), bridge)), vlan};
}

// Nanoseconds of one run each, a value for every portion.
struct Samples {
  std::vector<double> program, empty, own;
};

// One portion; the program must go its whole way, to the redirect.
Result<> sample(const Ports& ports, const Flow& flow, const Tnad& tnad, const std::string& hook,
                Samples& samples) {
  IfIndex port = if_nametoindex(ports.in.name().c_str());
  Fd program{bpf_prog_get_fd_by_id(attached_program(port, hook))};
  if (!program)
    return error("no " + hook + " program: " + dump(TRY(tnad.interface(ports.in.name()))));

  std::uint32_t wanted = hook == "xdp" ? kXdpRedirect : kTcRedirect;
  int empty = TRY(flow.empty_program(hook));
  TestRun all;
  // The station falls due for a refresh by Linux now and then; when it speaks again it gets it.
  for (int tries = 0; tries < 3; ++tries) {
    double nothing = TRY(run_on(empty, hook, port, ports.vlan)).nanoseconds;
    TRY(ports.speak());
    all = TRY(run_on(program.get(), hook, port, ports.vlan));
    if (all.verdict != wanted) continue;
    samples.program.push_back(all.nanoseconds);
    samples.empty.push_back(nothing);
    samples.own.push_back(all.nanoseconds - nothing);
    return {};
  }
  return error(fmt::format("the {} program's verdict is {} and no redirect: {}", hook, all.verdict,
                           dump(TRY(tnad.interface(ports.in.name())))));
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
// not filter; all in turn, for an emulator's speed changes from second to second. (A test run's
// repetitions get the frame as the one before left it, so a tag that is put on or taken off can't
// be measured in this way.)
Result<std::vector<Row>> vlan_cost(const Options& options) {
  Bed bed = TRY(Bed::create());
  if (!bed.in_dut("ip link add br1 type bridge vlan_filtering 1 vlan_default_pvid 1")) {
    fmt::print(stderr, "vlan-own-cost: this kernel's bridge can't filter VLANs\n");
    return std::vector<Row>{};
  }
  TRY(bed.in_dut("ip link add br2 type bridge vlan_filtering 1 vlan_default_pvid 1"));
  for (const char* bridge : {"br1", "br2"})
    TRY(bed.in_dut(std::string("ip link set up dev ") + bridge));
  Flow flow = TRY(Flow::open(bed));
  Ports plain = TRY(ports_of(bed, "br0", 0));
  Ports few = TRY(ports_of(bed, "br1", 2));
  Ports many = TRY(ports_of(bed, "br2", 4, 5));
  for (const char* port : {"t2", "t3", "t4", "t5"})
    TRY(bed.in_dut(std::string("bridge vlan add vid 5 dev ") + port));
  // More than are looked through one by one: the hash tables are asked (bpf/lib/vlan.h).
  for (const char* port : {"t4", "t5"})
    TRY(bed.in_dut(std::string("bridge vlan add vid 100-200 dev ") + port));
  Tnad tnad = TRY(Tnad::start(bed, "xdp", "xdp"));
  Inside inside = TRY(Inside::enter(bed.dut()));
  for (const char* port : {"t2", "t4"}) TRY(wait_for_module(tnad, port, "vlan_ingress"));

  Samples of_plain, untagged, tagged, of_many;
  for (int round = 1; round <= options.rounds; ++round) {
    fmt::print(stderr, "vlan-own-cost: round {} of {}\n", round, options.rounds);
    for (int portion = 0; portion < kPortions; ++portion) {
      TRY(sample(plain, flow, tnad, "xdp", of_plain));
      few.vlan = 0;
      TRY(sample(few, flow, tnad, "xdp", untagged));
      few.vlan = 5;
      TRY(sample(few, flow, tnad, "xdp", tagged));
      TRY(sample(many, flow, tnad, "xdp", of_many));
    }
  }
  TRY(tnad.stop());
  Row row{.name = "vlan-own-cost", .hook = "xdp", .runs = options.rounds};
  const double plain_ns = median(of_plain.own);
  row.values["plain_ns"] = plain_ns;
  row.values["untagged_of_plain"] = ratio(median(untagged.own), plain_ns);
  row.values["tagged_of_plain"] = ratio(median(tagged.own), plain_ns);
  row.values["of_100_vlans_of_plain"] = ratio(median(of_many.own), plain_ns);
  for (const char* key : {"untagged_of_plain", "tagged_of_plain", "of_100_vlans_of_plain"})
    row.goals.push_back({key, Goal::at_most, 1.4});
  return std::vector<Row>{row};
}

Result<std::vector<Row>> own_cost(const Options& options) {
  Bed bed = TRY(Bed::create());
  Flow flow = TRY(Flow::open(bed));
  Ports ports = TRY(ports_of(bed, "br0", 0));
  std::vector<Row> rows;
  for (const char* hook : {"xdp", "tc"}) {
    Tnad tnad = TRY(Tnad::start(bed, hook, hook));
    Inside inside = TRY(Inside::enter(bed.dut()));
    Samples samples;
    for (int round = 1; round <= options.rounds; ++round) {
      fmt::print(stderr, "bridge-own-cost: {}, round {} of {}\n", hook, round, options.rounds);
      for (int portion = 0; portion < kPortions; ++portion)
        TRY(sample(ports, flow, tnad, hook, samples));
    }
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

// With an observer that does nothing and without it, in turn.
Result<std::vector<Row>> hook_cost(const Options& options) {
  Bed bed = TRY(Bed::create());
  Flow flow = TRY(Flow::open(bed));
  Ports ports = TRY(ports_of(bed, "br0", 0));
  std::vector<Row> rows;
  for (const char* hook : {"xdp", "tc"}) {
    Tnad tnad = TRY(Tnad::start(bed, hook, hook));
    Inside inside = TRY(Inside::enter(bed.dut()));
    Samples without, with;
    std::vector<double> add_ms;
    for (int round = 1; round <= options.rounds; ++round) {
      fmt::print(stderr, "hook-own-cost: {}, round {} of {}\n", hook, round, options.rounds);
      for (int portion = 0; portion < kPortions; ++portion) {
        TRY(sample(ports, flow, tnad, hook, without));
        const double before = now();
        TRY(tnad.tna({"hook", "add", sibling("hooks/nothing.o"), "--at", "end"}));
        add_ms.push_back((now() - before) * 1000);
        TRY(sample(ports, flow, tnad, hook, with));
        TRY(tnad.tna({"hook", "remove", "nothing"}));
      }
    }
    TRY(tnad.stop());
    Row row{.name = "hook-own-cost", .hook = hook, .runs = options.rounds};
    row.values["without_ns"] = median(without.own);
    row.values["with_ns"] = median(with.own);
    row.values["hook_ns"] = median(with.own) - median(without.own);
    row.values["add_ms"] = median(add_ms);
    row.goals = {{"hook_ns", Goal::at_most, 3}, {"add_ms", Goal::at_most, 100}};
    rows.push_back(row);
  }
  return rows;
}

}  // namespace tna::bench
