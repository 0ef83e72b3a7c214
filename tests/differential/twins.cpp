// SPDX-License-Identifier: Apache-2.0
// twins.cpp: walks through a case's steps in both worlds.
#include "twins.h"

#include <spdlog/fmt/fmt.h>

#include <filesystem>
#include <set>

#include "compare.h"
#include "interrupt.h"
#include "kernel_state.h"
#include "world.h"

namespace tna::differential {
namespace {

constexpr int kLateMs = 60;       // what comes later than the markers still counts as come
constexpr int kSettlePolls = 40;  // of 50 ms
constexpr useconds_t kPollUs = 50000;
constexpr useconds_t kTurnUs = 20000;

void append(std::vector<Bytes>& to, const std::vector<Bytes>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

void note_redirects(const std::vector<Bytes>& frames, std::set<std::string>& redirected) {
  for (const Bytes& frame : frames)
    if (std::string host = redirect(frame); !host.empty()) redirected.insert(std::move(host));
}

class Twins {
 public:
  Twins(World a, World b, bool router, const Options& options)
      : a_(std::move(a)), b_(std::move(b)), router_(router), options_(options) {}

  Result<> step(const Step& step);
  Result<> finish();
  Outcome outcome;

 private:
  Result<> send_parts(const Step& step);
  Result<> run_command(const std::string& command);
  Result<> start();
  Result<> add_hook(const std::string& name);
  Result<> settle(int ms);
  Result<> check();
  Result<std::string> compare_outputs();
  void count_fast(const KernelState& a, const KernelState& b);
  void differ(const std::string& what) { outcome.difference += what; }

  World a_, b_;
  bool router_;
  const Options& options_;
  Sent sent_;
  Seen out_a_, out_b_;
  std::set<std::string> redirected_a_, redirected_b_;
  bool rules_counted_ = true, received_drops_counted_ = true;  // the same in both
};

Result<> Twins::step(const Step& step) {
  switch (step.kind) {
    case Step::Kind::send: {
      // A veth that XDP stands on has its peer cut a stream's packets up before they come; where
      // tnad leaves the port in time they come as one. So rules count them differently.
      const bool cut = step.frame.offload.gso_type != 0 && options_.hook == "xdp";
      for (const Bytes& bytes : on_the_wire(step.frame)) sent_.add(bytes, Origin{step.port, cut});
      ++outcome.frames;
      // A router answers to each of the parts, so they are sent as parts into both worlds.
      if (cut && router_) return send_parts(step);
      if (cut) rules_counted_ = false;
      TRY(b_.send(step.port, step.frame));
      return a_.send(step.port, step.frame);
    }
    case Step::Kind::run:
      return run_command(step.text);
    case Step::Kind::start:
      return start();
    case Step::Kind::hook:
      return add_hook(step.text);
    case Step::Kind::settle:
      return settle(step.ms);
    case Step::Kind::check:
      return check();
    case Step::Kind::tap:
      TRY(check());
      // Where any tc program stands the tap has had a frame before; one that nobody else takes is
      // counted as dropped then, and else is not (net/core/dev.c:__netif_receive_skb_core).
      if (router_ && options_.hook == "tc") received_drops_counted_ = false;
      TRY(b_.open_tap(step.text));
      return a_.open_tap(step.text);
    case Step::Kind::untap:
      TRY(check());
      a_.close_taps();
      b_.close_taps();
      return {};
  }
  return {};
}

Result<> Twins::send_parts(const Step& step) {
  for (Bytes& bytes : on_the_wire(step.frame)) {
    const Frame part{std::move(bytes)};
    TRY(b_.send(step.port, part));
    TRY(a_.send(step.port, part));
  }
  return {};
}

Result<> Twins::run_command(const std::string& command) {
  TRY(check());
  // Their chains of output count what the device says by a clock.
  if (command.starts_with("load_rules ")) rules_counted_ = false;
  const Words words = split_words(command);
  Process in_b = TRY(Process::start(words, b_.netns(), Process::Capture::output));
  Process in_a = TRY(Process::start(words, a_.netns(), Process::Capture::output));
  const int status_b = in_b.wait(), status_a = in_a.wait();
  if (status_a != status_b)
    differ(fmt::format("command \"{}\"\n  Linux alone: status {} {}\n  with TNA:    status {} {}\n",
                       command, status_a, in_a.output(), status_b, in_b.output()));
  return {};
}

Result<> Twins::start() {
  TRY(check());
  for (const std::string& command : options_.sabotage)
    TRY(run_or_error(split_words(command), b_.netns()));
  if (options_.build.empty()) return {};
  return b_.start_tnad(options_);
}

// The objects lie beside this program.
Result<> Twins::add_hook(const std::string& name) {
  TRY(check());
  std::error_code failed;
  const auto objects =
      std::filesystem::read_symlink("/proc/self/exe", failed).parent_path() / "hooks";
  if (failed) return errno_error("find the hooks", failed.value());
  const std::string hook = objects / (name + ".o"), program = objects / (name + "_tc.o");
  TRY(a_.add_tc_program(program));
  return b_.tnad() ? b_.tnad()->add_hook(hook) : b_.add_tc_program(program);
}

Result<> Twins::settle(int ms) {
  TRY(check());
  if (b_.tnad()) b_.tnad()->collect();
  ::usleep(ms * 1000);
  // What waits for the daemon waits until it has had its turn, however slow the machine is: the
  // first answer comes after it has heard of the change, the second after it has acted.
  for (int turn = 0; b_.tnad() && ms >= kDaemonMs && turn < 2; ++turn) {
    TRY(b_.tnad()->counters());
    ::usleep(kTurnUs);
  }
  // Carrier changes reach the bridge by a work queue, at a different time in each world.
  for (int poll = 0; poll < kSettlePolls; ++poll) {
    const auto ports_a = TRY(read_ports(a_.netns())), ports_b = TRY(read_ports(b_.netns()));
    if (ports_a == ports_b) return {};
    ::usleep(kPollUs);
  }
  return {};  // the comparison of the kernel's state at the end says what differs
}

Result<std::string> Twins::compare_outputs() {
  for (auto& [where, frames] : TRY(a_.receive())) {
    outcome.received += static_cast<long>(frames.size());
    append(out_a_[where], frames);
    note_redirects(frames, redirected_a_);
    out_b_[where];
  }
  for (auto& [where, frames] : TRY(b_.receive())) {
    append(out_b_[where], frames);
    note_redirects(frames, redirected_b_);
    out_a_[where];
  }
  std::string text;
  for (const auto& [where, frames] : out_a_) {
    const std::string different = compare(frames, out_b_[where], sent_);
    if (!different.empty()) text += fmt::format("{}:\n{}", where, different);
  }
  return text;
}

Result<> Twins::check() {
  if (sent_.empty()) return {};
  TRY(a_.flush());
  TRY(b_.flush());
  std::string text = TRY(compare_outputs());
  if (!text.empty()) {
    ::usleep(kLateMs * 1000);
    text = TRY(compare_outputs());
  }
  differ(text);
  sent_.clear();
  out_a_.clear();
  out_b_.clear();
  return {};
}

// The kernel's counters have only what it has seen itself.
void Twins::count_fast(const KernelState& a, const KernelState& b) {
  const auto seen = counted_rules(b);
  for (const auto& [name, count] : counted_rules(a))
    if (const auto found = seen.find(name); found != seen.end() && found->second <= count)
      outcome.counters.fast_of[name] = count - found->second;
}

Result<> Twins::finish() {
  TRY(check());
  if (b_.tnad()) rules_counted_ = false;  // `tna rules --counters` has the others
  if (outcome.difference.empty()) {
    KernelState a = TRY(read_kernel_state(a_.netns(), router_));
    KernelState b = TRY(read_kernel_state(b_.netns(), router_));
    count_fast(a, b);
    if (!rules_counted_) {
      forget_rule_counters(a);
      forget_rule_counters(b);
    }
    if (!received_drops_counted_) {
      forget_received_drops(a);
      forget_received_drops(b);
    }
    differ(compare(a, b));
    if (redirected_a_ != redirected_b_)
      differ(fmt::format("redirected hosts: {} (Linux alone), {} (with TNA)\n",
                         fmt::join(redirected_a_, " "), fmt::join(redirected_b_, " ")));
  }
  if (!b_.tnad()) return {};
  if (auto counters = b_.tnad()->counters())
    outcome.counters.add(*counters);
  else
    differ(counters.error().message + "\n");
  if (auto stopped = b_.tnad()->stop(); !stopped) differ(stopped.error().message + "\n");
  outcome.log = b_.tnad()->log();
  return {};
}

}  // namespace

Result<Outcome> run_twins(const Case& case_, const Options& options) {
  const bool xdp = options.hook == "xdp";
  World a = TRY(World::create(options.name + "-a", case_.device, xdp));
  World b = TRY(World::create(options.name + "-b", case_.device, xdp));
  Twins twins(std::move(a), std::move(b), case_.device.router, options);
  for (const Step& step : case_.steps) {
    if (interrupted()) return error("interrupted");
    ++twins.outcome.steps;
    TRY(twins.step(step));
    if (!twins.outcome.difference.empty()) break;
  }
  TRY(twins.finish());
  return std::move(twins.outcome);
}

}  // namespace tna::differential
