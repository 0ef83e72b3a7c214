// SPDX-License-Identifier: Apache-2.0
// generate.cpp: a world begins with some settings; then come rounds of a change, frames at once
// (the change must hold from the first of them), time for TNA to build its new program, and more
// frames. Most changes are undone in the end, or every world would end as a closed one.
#include "generate.h"

#include <algorithm>

#include "names.h"
#include "random_frames.h"
#include "settings.h"

namespace tna::differential {
namespace {

constexpr int kCarrierMs = 100;   // new devices and ports of a shape
constexpr int kRebuildMs = 40;    // of TNA, so that frames after it go the fast path
constexpr unsigned kLasting = 7;  // percent of the changes that are not undone
constexpr int kSilenceMs = 3300;  // more than the tolerance of timers
constexpr int kStreamMs = 2100;   // UDP both ways is a stream to conntrack after that
constexpr int kRefreshMs = 1200;  // FDB entries have to be refreshed by Linux after that

class Generator {
 public:
  Generator(std::uint64_t seed, int frames, const Shapes& shapes)
      : random_(seed),
        shape_(random_.weighted(shapes)),
        left_(frames),
        ports_(random_.between(shape_.ports, 5)),
        traffic_(shape_.router ? routed_traffic(random_, shape_, ports_)
                               : bridged_traffic(random_, shape_, ports_)) {}
  Case make(std::uint64_t seed);

 private:
  void add(Step step) { case_.steps.push_back(std::move(step)); }
  void run(const std::vector<std::string>& commands);
  void greet();
  void batches(int count);
  void beginning();
  void apply(const Change& change);
  void undo(const Change& change);
  void tap();
  void change();
  void round();
  void reunion();

  Random random_;
  const Shape& shape_;
  int left_;
  int ports_;
  std::unique_ptr<Traffic> traffic_;
  Case case_;
};

void Generator::run(const std::vector<std::string>& commands) {
  for (const std::string& command : commands) add(run_step(command));
}

void Generator::greet() {
  for (int station = 1; station <= kStations; ++station) add(traffic_->greet(station));
  left_ -= kStations;
}

void Generator::batches(int count) {
  for (; count > 0 && left_ > 0; --count) {
    const int size = random_.between(25, 50);
    for (int frame = 0; frame < size; ++frame) add(traffic_->next());
    left_ -= size;
    add({.kind = Step::Kind::check});
  }
}

void Generator::beginning() {
  run(shape_.commands);
  if (!shape_.commands.empty() &&
      (!shape_.router || !shape_.bridges.empty() || !shape_.vrf.empty() || !shape_.vlans.empty()))
    add(settle_step(kCarrierMs));
  if (!shape_.router && random_.chance(50)) add(run_step("ip addr add 192.0.2.254/24 dev br0"));
  if (!shape_.router && random_.chance(40))
    run({"sysctl -qw net.bridge.bridge-nf-call-iptables=0",
         "sysctl -qw net.bridge.bridge-nf-call-ip6tables=0"});
  for (int settings = random_.below(4); settings > 0; --settings) {
    const Change change = random_change(random_, shape_, ports_);
    run(change.apply);
    if (change.stops_tna || random_.chance(50)) run(change.undo);
    if (change.settle_ms) add(settle_step(change.settle_ms));
  }
  if (random_.chance(30)) greet();
  add({.kind = Step::Kind::start});
  if (!shape_.hook.empty()) add({.kind = Step::Kind::hook, .text = shape_.hook});
}

void Generator::apply(const Change& change) {
  run(change.apply);
  if (change.settle_ms) add(settle_step(change.settle_ms));
}

void Generator::undo(const Change& change) {
  if (!change.stops_tna && random_.chance(kLasting)) return;
  run(change.undo);
  if (change.settle_ms) add(settle_step(change.settle_ms));
}

void Generator::tap() {
  const int number = random_.between(1, ports_);
  const std::string port = port_name(number);
  const bool bridge = !shape_.router || !shape_.bridges.empty();
  const std::string above = bridge ? "br0" : shape_.vrf.empty() ? port : shape_.vrf;
  const std::string device = shape_.vlan_of(number) ? shape_.routed_device(number) : port;
  const std::string interfaces[] = {port, device, above, "any"};
  add({.kind = Step::Kind::tap, .text = random_.pick(interfaces)});
  batches(1);
  add(settle_step(kRebuildMs));
  batches(1);
  add({.kind = Step::Kind::untap});
}

void Generator::change() {
  std::vector<Change> changes{random_change(random_, shape_, ports_)};
  for (int more = random_.below(4); more > 0; --more) {
    Change another = random_change(random_, shape_, ports_);
    if (!another.stops_tna && !another.settle_ms) changes.push_back(std::move(another));
  }
  for (const Change& change : changes) apply(change);
  batches(1);
  add(settle_step(kRebuildMs));
  const bool stopped = std::ranges::any_of(changes, &Change::stops_tna);
  batches(stopped ? 1 : random_.between(1, 2));
  for (const Change& change : changes) undo(change);
}

void Generator::round() {
  if (random_.below(25) == 0 && shape_.hook.empty())
    tap();
  else
    change();
  batches(1);
  add(settle_step(kRebuildMs));
  if (random_.chance(25)) greet();
  if (random_.below(40) == 0) add(settle_step(kRefreshMs));
  batches(random_.between(1, 2));
}

// After a silence that shows in the timers, everybody speaks, and not to Linux alone.
void Generator::reunion() {
  add(settle_step(kSilenceMs));
  for (int frame = 0; frame < 6 * kStations; ++frame) add(traffic_->talk());
}

Case Generator::make(std::uint64_t seed) {
  case_.title = "seed " + std::to_string(seed) + ", " + shape_.name;
  case_.device = {.ports = ports_, .router = shape_.router};
  beginning();
  greet();
  batches(random_.between(2, 6));
  if (shape_.dialogues) {
    add(settle_step(kStreamMs));
    batches(2);
  }
  while (left_ > 0) round();
  if (random_.chance(10)) reunion();
  for (Step& step : traffic_->settle()) add(std::move(step));
  return std::move(case_);
}

}  // namespace

Case random_case(std::uint64_t seed, int frames, const Shapes& shapes) {
  return Generator(seed, frames, shapes).make(seed);
}

}  // namespace tna::differential
