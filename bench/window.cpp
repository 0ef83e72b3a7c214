// SPDX-License-Identifier: Apache-2.0
#include "window.h"

#include <atomic>

#include "clock.h"

namespace tna::bench {
namespace {

// Of looks after what was lost. A request takes less, unless it is: or there would be two of it.
constexpr double kTick = 0.1;

}  // namespace

Result<Window> Window::open(const Bed& bed, Flow& flow) {
  static_assert(kStations <= BENCH_SLOTS);
  return Window(flow, TRY(flow.attach("ask_again", bed.generator(), Bed::generator_end(0))));
}

std::uint64_t Window::answered(std::uint32_t slot) const {
  return std::atomic_ref(flow_->state().slots[slot].answers).load();
}

std::uint64_t Window::answered() const {
  std::uint64_t sum = 0;
  for (std::uint32_t slot = 0; slot < BENCH_SLOTS; ++slot) sum += answered(slot);
  return sum;
}

// All slots asked for at once belong to the same epoch.
Result<> Window::ask(std::uint32_t slot, std::uint32_t requests) {
  const std::uint32_t epoch = (flow_->state().slots[slot].epoch + 1) % BENCH_EPOCHS;
  for (std::uint32_t i = slot; i < slot + requests; ++i)
    std::atomic_ref(flow_->state().slots[i].epoch).store(epoch);
  flow_->set_epoch(epoch);
  flow_->state().next = slot;
  return flow_->send(requests);
}

Result<std::uint64_t> Window::renew() {
  std::uint64_t renewed = 0;
  for (std::uint32_t slot = 0; slot < flow_->state().window; ++slot) {
    const std::uint64_t answers = answered(slot);
    if (answers == seen_[slot]) {
      TRY(ask(slot, 1));
      ++renewed;
    }
    seen_[slot] = answers;
  }
  return renewed;
}

Result<Window::Answers> Window::run(std::uint32_t requests, double seconds) {
  const auto window = std::atomic_ref(flow_->state().window);
  const std::uint64_t first = answered();
  for (std::uint32_t slot = 1; slot < BENCH_SLOTS; ++slot)
    flow_->state().slots[slot].epoch = flow_->state().slots[0].epoch;
  window.store(requests);
  TRY(ask(0, requests));
  pause_for(kTick);
  (void)TRY(renew());

  Answers answers;
  const std::uint64_t before = answered();
  const double start = now();
  double elapsed = 0;
  while (elapsed < seconds) {
    if (interrupted()) return error("interrupted");
    pause_for(std::min(kTick, seconds - elapsed));
    elapsed = now() - start;
    if (elapsed < seconds) answers.lost += TRY(renew());
  }
  answers.pps = double(answered() - before) / elapsed;
  window.store(0);  // what still comes is the last
  pause_for(kTick);
  answers.count = answered() - first;
  return answers;
}

}  // namespace tna::bench
