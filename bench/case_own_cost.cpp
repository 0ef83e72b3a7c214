// SPDX-License-Identifier: Apache-2.0
// What the bridge's program costs by itself: the loaded program run on a frame that it forwards,
// again and again, against an empty program run in the same way.
#include <bpf/bpf.h>
#include <fmt/format.h>

#include "cases.h"
#include "clock.h"
#include "tnad.h"

namespace tna::bench {
namespace {

constexpr int kRepeat = 1'000'000;
constexpr std::uint32_t kXdpRedirect = 4;
constexpr std::uint32_t kTcRedirect = 7;

struct TestRun {
  std::uint32_t verdict = 0;
  double nanoseconds = 0;
};

// On a frame that arrives at the port, with the calling thread in the port's namespace.
Result<TestRun> run_on(int program, const std::string& hook, IfIndex port, int repeat) {
  bench_frame frame = frame_between(0, 0);
  xdp_md xdp{.data_end = BENCH_FRAME_LENGTH, .ingress_ifindex = port};
  __sk_buff skb{.ifindex = port};
  LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.bytes,
              .data_size_in = BENCH_FRAME_LENGTH, .repeat = repeat);
  if (hook == "xdp")
    options.ctx_in = &xdp, options.ctx_size_in = sizeof xdp;
  else
    options.ctx_in = &skb, options.ctx_size_in = sizeof skb;
  if (bpf_prog_test_run_opts(program, &options) < 0) return errno_error("run the program");
  return TestRun{options.retval, double(options.duration)};
}

// One round: the program's time above the empty one's, in nanoseconds.
struct Sample {
  double program, empty;
};
Result<Sample> sample(const Bed& bed, const Flow& flow, const Tnad& tnad, const std::string& hook) {
  IfIndex port = TRY(index_of(bed.dut(), Bed::port_in(0)));
  Inside inside = TRY(Inside::enter(bed.dut()));
  std::uint32_t id = attached_program(port, hook);
  Fd program{bpf_prog_get_fd_by_id(id)};
  if (!program) return errno_error(fmt::format("open program {} of {}", id, Bed::port_in(0)));

  std::uint32_t wanted = hook == "xdp" ? kXdpRedirect : kTcRedirect;
  int empty = TRY(flow.empty_program(hook));
  Sample sample;
  sample.empty = TRY(run_on(empty, hook, port, kRepeat)).nanoseconds;
  // The stations are fresh now, and the program goes its whole way.
  TestRun measured = TRY(run_on(program.get(), hook, port, kRepeat));
  if (measured.verdict != wanted)
    return error(fmt::format("the {} program's verdict is {} and no redirect: {}", hook,
                             measured.verdict, dump(TRY(tnad.interface(Bed::port_in(0))))));
  sample.program = measured.nanoseconds;
  return sample;
}

}  // namespace

Result<std::vector<Row>> own_cost(const Options& options) {
  Bed bed = TRY(Bed::create());
  Flow flow = TRY(Flow::open(bed));
  std::vector<Row> rows;
  for (const char* hook : {"xdp", "tc"}) {
    Tnad tnad = TRY(Tnad::start(bed, hook, hook));
    std::vector<double> program, empty, own;
    for (int round = 1; round <= options.rounds; ++round) {
      fmt::print(stderr, "bridge-own-cost: {}, round {} of {}\n", hook, round, options.rounds);
      TRY(bed.speak());
      Sample taken = TRY(sample(bed, flow, tnad, hook));
      program.push_back(taken.program);
      empty.push_back(taken.empty);
      own.push_back(taken.program - taken.empty);
    }
    TRY(tnad.stop());
    Row row{.name = "bridge-own-cost", .hook = hook, .runs = options.rounds};
    row.values["own_ns"] = median(own);
    row.values["program_ns"] = median(program);
    row.values["empty_ns"] = median(empty);
    if (row.hook == "xdp") row.goals = {{"own_ns", Goal::at_most, 80}};
    rows.push_back(row);
  }
  return rows;
}

}  // namespace tna::bench
