// SPDX-License-Identifier: Apache-2.0
#include "traffic_flow.h"

#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <unordered_set>

namespace tna::traffic {
namespace {

constexpr std::uint64_t kMillisecond = 1'000'000;

void sleep_until(std::uint64_t moment) {
  const timespec time{static_cast<time_t>(moment / 1'000'000'000),
                      static_cast<long>(moment % 1'000'000'000)};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr);
}

Counts count(const std::vector<Stamp>& caught, std::uint64_t change, std::uint64_t sent) {
  Counts counts;
  std::unordered_set<std::uint64_t> seen;
  std::uint64_t highest = 0;
  for (const Stamp& stamp : caught) {
    if (!seen.insert(stamp.number).second) {
      ++counts.doubled;
      continue;
    }
    ++(stamp.time > change ? counts.after : counts.before);
    if (stamp.number < highest) ++counts.reordered;
    highest = std::max(highest, stamp.number);
  }
  std::uint64_t first = 0;
  while (seen.contains(first)) ++first;
  if (first < sent) counts.missing = static_cast<std::int64_t>(first);
  return counts;
}

}  // namespace

Result<> Catchers::add(const std::string& name, const Place& place) {
  catchers_.push_back({name, TRY(open_catcher(place)), {}});
  return {};
}

void Catchers::start(const std::vector<std::byte>& pattern) {
  pattern_ = pattern;
  thread_ = std::thread([this] { run(); });
}

void Catchers::finish(std::uint64_t expected, int quiet_ms) {
  if (!thread_.joinable()) return;
  expected_ = expected;
  quiet_ms_ = quiet_ms;
  last_ = now();
  stop_ = true;
  thread_.join();
}

bool Catchers::drain(Catcher& catcher) {
  bool any = false;
  for (;;) {
    const Caught caught = catch_frame(catcher.socket, frame_);
    if (caught == Caught::nothing) return any;
    const auto stamp = caught == Caught::frame ? find_stamp(frame_) : std::nullopt;
    if (!stamp) continue;
    any = true;
    ++total_;
    catcher.caught.push_back(*stamp);
    put_stamp(pattern_, *stamp);
    if (frame_ != pattern_) ++catcher.altered;
  }
}

void Catchers::run() {
  std::vector<pollfd> waits;
  for (const Catcher& catcher : catchers_) waits.push_back({catcher.socket.get(), POLLIN, 0});
  for (;;) {
    poll(waits.data(), waits.size(), 10);
    bool any = false;
    for (Catcher& catcher : catchers_) any |= drain(catcher);
    if (any) last_ = now();
    if (!stop_ || any) continue;
    const std::uint64_t silence = now() - last_;
    if (silence >= quiet_ms_ * kMillisecond &&
        (total_ >= expected_ || silence > 5000 * kMillisecond))
      return;
  }
}

std::vector<std::pair<std::string, Counts>> Catchers::counts(std::uint64_t change,
                                                             std::uint64_t sent) const {
  std::vector<std::pair<std::string, Counts>> all;
  for (const Catcher& catcher : catchers_) {
    all.emplace_back(catcher.name, count(catcher.caught, change, sent));
    all.back().second.altered = catcher.altered;
  }
  return all;
}

void Source::start(Sender sender, std::vector<std::byte> frame, std::uint64_t count,
                   std::uint64_t rate) {
  sender_ = std::move(sender);
  frame_ = std::move(frame);
  thread_ = std::thread([this, count, rate] { run(count, rate); });
}

void Source::run(std::uint64_t count, std::uint64_t rate) {
  const std::uint64_t begin = now();
  for (std::uint64_t i = 0; !stop_ && (count == 0 || i < count); ++i) {
    if (rate) sleep_until(begin + i * 1'000'000'000 / rate);
    const std::uint64_t time = now();
    put_stamp(frame_, {stamps_.size(), time});
    if (send(sender_.socket.get(), frame_.data(), frame_.size(), 0) < 0)
      ++refused_;
    else
      stamps_.push_back(time);
  }
}

void Source::finish() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

std::uint64_t Source::sent_before(std::uint64_t change) const {
  return std::count_if(stamps_.begin(), stamps_.end(),
                       [change](std::uint64_t stamp) { return stamp <= change; });
}

}  // namespace tna::traffic
