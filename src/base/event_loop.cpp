// SPDX-License-Identifier: Apache-2.0
// The sd-event behind event_loop.h.
#include "base/event_loop.h"

#include <signal.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <optional>

namespace tna {

struct EventLoop::Event {
  sd_event* event = nullptr;
  std::optional<Error> failure;  // why run() has to end
  ~Event() { sd_event_unref(event); }
};

// A source with its function. sd-event's callback keeps it alive while the function runs, so that
// the function may drop the handle it belongs to.
struct EventLoop::Registration : std::enable_shared_from_this<EventLoop::Registration> {
  sd_event_source* source = nullptr;
  std::function<void(Readiness)> function;
  int signal_to_unblock = 0;  // 0: none

  ~Registration() { end(); }

  // At once, not when the running function returns: by then its descriptor may be closed and the
  // number be another's, which would lose its epoll entry.
  void end() {
    source = sd_event_source_disable_unref(source);
    if (signal_to_unblock == 0) return;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal_to_unblock);
    pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
    signal_to_unblock = 0;
  }

  static int called(void* self, Readiness found) noexcept {
    auto keep = static_cast<Registration*>(self)->shared_from_this();
    keep->function(found);
    return 0;
  }
  static int io(sd_event_source*, int, std::uint32_t events, void* self) noexcept {
    return called(self, {(events & (EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLRDHUP)) != 0,
                         (events & EPOLLOUT) != 0});
  }
  static int time(sd_event_source*, std::uint64_t, void* self) noexcept { return called(self, {}); }
  static int signal(sd_event_source*, const signalfd_siginfo*, void* self) noexcept {
    return called(self, {});
  }
};

namespace {

std::uint32_t epoll_events(Readiness wanted) {
  return (wanted.read ? EPOLLIN : 0u) | (wanted.write ? EPOLLOUT : 0u);
}

// Not sd_event_now(), which is the time when the loop woke up: a rebuild may have run since.
std::uint64_t microseconds_now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::uint64_t(now.tv_sec) * 1'000'000 + std::uint64_t(now.tv_nsec) / 1'000;
}

constexpr std::uint64_t kAccuracy = 1;  // microseconds; 0 would mean sd-event's default, 250 ms

}  // namespace

EventLoop::Handle::~Handle() {
  if (registration_) registration_->end();
}

EventLoop::Handle& EventLoop::Handle::operator=(Handle&& other) noexcept {
  if (registration_ && registration_ != other.registration_) registration_->end();
  registration_ = std::move(other.registration_);
  return *this;
}

EventLoop::EventLoop(std::shared_ptr<Event> event) : event_(std::move(event)) {}

Result<EventLoop> EventLoop::create() {
  auto event = std::make_shared<Event>();
  if (int r = sd_event_new(&event->event); r < 0) return errno_error("create an event loop", -r);
  if (int r = sd_event_set_watchdog(event->event, true); r < 0)
    return errno_error("feed systemd's watchdog", -r);
  return EventLoop(std::move(event));
}

EventLoop EventLoop::within(std::function<Result<>()> enter) const {
  EventLoop other(event_);
  other.enter_ = std::move(enter);
  return other;
}

std::function<void(Readiness)> EventLoop::entering(std::function<void(Readiness)> function) const {
  if (!enter_) return function;
  return [event = event_.get(), enter = enter_, f = std::move(function)](Readiness found) {
    auto entered = enter();
    if (entered) return f(found);
    event->failure = std::move(entered).error();
    sd_event_exit(event->event, 0);
  };
}

Result<EventLoop::Watch> EventLoop::on_readable(int fd, std::function<void()> function) {
  return on_ready(fd, {.read = true}, [f = std::move(function)](Readiness) { f(); });
}

Result<EventLoop::Watch> EventLoop::on_ready(int fd, Readiness wanted,
                                             std::function<void(Readiness)> function) {
  Watch watch;
  watch.registration_ = std::make_shared<Registration>();
  watch.registration_->function = entering(std::move(function));
  int r = sd_event_add_io(event_->event, &watch.registration_->source, fd, epoll_events(wanted),
                          Registration::io, watch.registration_.get());
  if (r < 0) return errno_error("watch descriptor " + std::to_string(fd), -r);
  return watch;
}

void EventLoop::Watch::wait_for(Readiness wanted) {
  sd_event_source_set_io_events(registration_->source, epoll_events(wanted));
}

Result<EventLoop::Timer> EventLoop::timer(std::function<void()> function) {
  Timer timer;
  timer.registration_ = std::make_shared<Registration>();
  timer.registration_->function = entering([f = std::move(function)](Readiness) { f(); });
  int r = sd_event_add_time(event_->event, &timer.registration_->source, CLOCK_MONOTONIC, 0,
                            kAccuracy, Registration::time, timer.registration_.get());
  if (r < 0) return errno_error("create a timer", -r);
  timer.disarm();
  return timer;
}

Result<EventLoop::Timer> EventLoop::after(std::chrono::microseconds from_now,
                                          std::function<void()> function) {
  Timer timer = TRY(this->timer(std::move(function)));
  timer.arm(from_now);
  return timer;
}

void EventLoop::Timer::arm(std::chrono::microseconds from_now) {
  const auto wait = std::uint64_t(std::max<std::int64_t>(from_now.count(), 0));
  sd_event_source_set_time(registration_->source, microseconds_now() + wait);
  sd_event_source_set_enabled(registration_->source, SD_EVENT_ONESHOT);
}

void EventLoop::Timer::disarm() {
  sd_event_source_set_enabled(registration_->source, SD_EVENT_OFF);
}

bool EventLoop::Timer::armed() const {
  return sd_event_source_get_enabled(registration_->source, nullptr) > 0;
}

Result<EventLoop::Signal> EventLoop::on_signal(int number, std::function<void()> function) {
  const std::string action = "handle signal " + std::to_string(number);
  Signal signal;
  signal.registration_ = std::make_shared<Registration>();
  signal.registration_->function = entering([f = std::move(function)](Readiness) { f(); });

  // sd-event takes signals from a signalfd, for which they must be blocked.
  sigset_t wanted, before;
  sigemptyset(&wanted);
  if (sigaddset(&wanted, number) != 0) return errno_error(action);
  if (int r = pthread_sigmask(SIG_BLOCK, &wanted, &before); r != 0) return errno_error(action, r);
  if (sigismember(&before, number) == 0) signal.registration_->signal_to_unblock = number;

  int r = sd_event_add_signal(event_->event, &signal.registration_->source, number,
                              Registration::signal, signal.registration_.get());
  if (r < 0) return errno_error(action, -r);
  return signal;
}

Result<> EventLoop::run() {
  if (int r = sd_event_loop(event_->event); r < 0) return errno_error("run the event loop", -r);
  if (event_->failure) return std::unexpected(*event_->failure);
  return {};
}

void EventLoop::stop() {
  sd_event_exit(event_->event, 0);
}

}  // namespace tna
