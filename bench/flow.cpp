// SPDX-License-Identifier: Apache-2.0
#include "flow.h"

#include <bpf/bpf.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <numeric>
#include <string>
#include <vector>

#include "clock.h"

extern const unsigned char tna_object_bench[];
extern const std::size_t tna_object_bench_size;

namespace tna::bench {
namespace {

constexpr std::uint32_t kChunk = 1 << 16;  // frames sent by one system call
constexpr std::uint32_t kBatch = 64;

std::uint32_t length_of(Family family) {
  return family == Family::ipv4 ? BENCH_FRAME_LENGTH : BENCH_IPV6_FRAME_LENGTH;
}

// Programs can look connections up: not where nobody has loaded conntrack.
bool connections_shown() {
  static const bool shown = [] {
    std::ifstream symbols("/proc/kallsyms");
    for (std::string line; std::getline(symbols, line);)
      if (line.find(" bpf_xdp_ct_lookup") != std::string::npos) return true;
    return false;
  }();
  return shown;
}

}  // namespace

void Flow::Unmapper::operator()(bench_state* state) const {
  munmap(state, sizeof *state);
}

Flow::~Flow() = default;

Result<Flow> Flow::open(const Bed& bed, int lane, Family family) {
  Object object{bpf_object__open_mem(tna_object_bench, tna_object_bench_size, nullptr)};
  if (!object) return errno_error("open the benchmark's programs");
  bench_const constants{
      .generate_ifindex = TRY(index_of(bed.generator(), Bed::generator_end(lane))),
      .redirect_ifindex = TRY(index_of(bed.dut(), Bed::port_out(lane))),
      .frame_length = length_of(family)};
  bpf_map* rodata = bpf_object__find_map_by_name(object.get(), ".rodata");
  if (!rodata || bpf_map__set_initial_value(rodata, &constants, sizeof constants) < 0)
    return errno_error("set the benchmark's constants");
  if (bpf_program* tracked = bpf_object__find_program_by_name(object.get(), "route_tracked"))
    bpf_program__set_autoload(tracked, connections_shown());
  if (bpf_object__load(object.get()) < 0) return errno_error("load the benchmark's programs");

  Flow flow(bed, lane, family, std::move(object));
  int bss = bpf_object__find_map_fd_by_name(flow.object_.get(), ".bss");
  void* memory = mmap(nullptr, sizeof(bench_state), PROT_READ | PROT_WRITE, MAP_SHARED, bss, 0);
  if (memory == MAP_FAILED) return errno_error("map the generator's memory");
  flow.state_.reset(static_cast<bench_state*>(memory));
  for (int i = 0; i < kStations; ++i) flow.state_->frames[i] = frame_between(lane, i, family);
  flow.state_->frame_count = kStations;
  // Frames redirected into a veth need the NAPI of its peer, which GRO switches on.
  TRY(bed.in_dut("ethtool -K " + Bed::port_in(lane) + " gro on"));
  flow.sink_ = TRY(flow.attach("sink", bed.sink(), Bed::sink_end(lane)));
  return flow;
}

Result<int> Flow::program(const char* name) const {
  bpf_program* program = bpf_object__find_program_by_name(object_.get(), name);
  if (!program) return error(std::string("no program ") + name);
  return bpf_program__fd(program);
}

Result<Link> Flow::attach(const char* name, const Netns& netns, const std::string& device) const {
  IfIndex ifindex = TRY(index_of(netns, device));
  Inside inside = TRY(Inside::enter(netns));
  bpf_program* program = bpf_object__find_program_by_name(object_.get(), name);
  Link link{program ? bpf_program__attach_xdp(program, int(ifindex)) : nullptr};
  if (!link) return errno_error(std::string("attach ") + name + " to " + device);
  return link;
}

void Flow::send_to(const Mac& mac, std::uint32_t address) {
  for (int i = 0; i < kStations; ++i) state_->frames[i] = frame_to(lane_, i, mac, address);
}

void Flow::send_through(const Mac& router) {
  for (bench_frame& frame : state_->frames)
    std::copy(router.bytes.begin(), router.bytes.end(), frame.bytes);
}

void Flow::send_through(const Mac& router, const std::vector<std::uint32_t>& addresses) {
  const std::size_t count = std::min<std::size_t>(addresses.size(), BENCH_FRAMES);
  for (std::size_t i = 0; i < count; ++i)
    state_->frames[i] = frame_to(lane_, int(i % kStations), router, addresses[i]);
  state_->frame_count = std::uint32_t(count);
}

void Flow::scatter() {
  state_->scatter = 1;
}

Result<Link> Flow::attach_redirect(bool routes, bool tracked) const {
  const char* router = family_ != Family::ipv4 ? "route_ipv6" : tracked ? "route_tracked" : "route";
  return attach(routes ? router : "redirect", bed_->dut(), Bed::port_in(lane_));
}

Result<> Flow::hand_to(int socket) const {
  const std::uint32_t key = 0;
  const int sockets = bpf_object__find_map_fd_by_name(object_.get(), "sockets");
  if (bpf_map_update_elem(sockets, &key, &socket, BPF_ANY)) return errno_error("hand out frames");
  return {};
}

Result<int> Flow::empty_program(const std::string& hook) const {
  return program(hook == "xdp" ? "empty_xdp" : "empty_tc");
}

Result<> Flow::send(std::uint32_t frames) {
  Inside inside = TRY(Inside::enter(bed_->generator()));
  unsigned char frame[BENCH_IPV6_FRAME_LENGTH] = {};
  LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = length_of(family_),
              .repeat = int(frames), .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = kBatch);
  if (bpf_prog_test_run_opts(TRY(program("generate")), &options) < 0)
    return errno_error("send frames");
  return {};
}

Result<Rate> Flow::run(double seconds) {
  Rate rate;
  std::uint64_t before = TRY(received(state_->epoch));
  double start = now(), elapsed = 0;
  for (; elapsed < seconds; elapsed = now() - start) {
    if (interrupted()) return error("interrupted");
    TRY(send(kChunk));
    rate.sent += kChunk;
  }
  rate.received = TRY(received(state_->epoch)) - before;
  rate.pps = double(rate.received) / elapsed;
  return rate;
}

Result<std::uint64_t> Flow::received(std::uint32_t epoch) const {
  std::vector<std::uint64_t> counts(static_cast<size_t>(libbpf_num_possible_cpus()));
  int map = bpf_object__find_map_fd_by_name(object_.get(), "received");
  std::uint32_t key = epoch & (BENCH_EPOCHS - 1);
  if (bpf_map_lookup_elem(map, &key, counts.data()) < 0)
    return errno_error("read the sink's count");
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

std::uint64_t Flow::generated(std::uint32_t epoch) const {
  return std::atomic_ref(state_->generated[epoch & (BENCH_EPOCHS - 1)]).load();
}

void Flow::set_epoch(std::uint32_t epoch) {
  std::atomic_ref(state_->epoch).store(epoch);
}

}  // namespace tna::bench
