// SPDX-License-Identifier: Apache-2.0
// EventLoop: one thread waits for descriptors, timers and signals, and calls who asked for them.
// What a call registers lives as long as the handle it returns; a handle may be dropped anywhere,
// also inside the function it stands for. Functions are never called from within the calls below,
// only by run(). Under systemd with WatchdogSec= the loop also feeds the watchdog.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "base/result.h"

namespace tna {

// What a descriptor is waited for, or found to be. End of file and errors count as readable: the
// read tells which.
struct Readiness {
  bool read = false;
  bool write = false;
  bool operator==(const Readiness&) const = default;
};

class EventLoop {
 public:
  struct Registration;  // private to event_loop.cpp

  // What a registration is held by: ends it when it dies or is assigned to. A default-made one
  // holds nothing, and nothing but bool, assignment and destruction may be asked of it.
  class Handle {
   public:
    Handle() = default;
    Handle(Handle&&) noexcept = default;
    Handle& operator=(Handle&&) noexcept;
    ~Handle();
    explicit operator bool() const { return registration_ != nullptr; }

   protected:
    friend class EventLoop;
    std::shared_ptr<Registration> registration_;
  };

  // A descriptor being watched. Must die before the descriptor is closed.
  class Watch : public Handle {
   public:
    // Changes what the descriptor is waited for; nothing at all is allowed.
    void wait_for(Readiness);
  };

  // A signal being handled.
  class Signal : public Handle {};

  // A timer of CLOCK_MONOTONIC, which like the kernel's jiffies stands still in suspend. Fires once
  // for each arm(); may be armed again at any time, also by its own function.
  class Timer : public Handle {
   public:
    // Replaces the time of an earlier arm() that has not fired. Zero or less: as soon as possible.
    void arm(std::chrono::microseconds from_now);
    void disarm();
    bool armed() const;
  };

  static Result<EventLoop> create();

  // Another handle on the same loop. Before a function that is registered by it is called, `enter`
  // is: it puts the thread where the function has to run. Should that fail, the function is not
  // called, and run() ends with the error.
  EventLoop within(std::function<Result<>()> enter) const;

  // Calls the function whenever fd can be read, or has come to its end or an error. The descriptor
  // stays the caller's; one Watch per descriptor at a time.
  Result<Watch> on_readable(int fd, std::function<void()>);

  // As on_readable, for what `wanted` says; the function hears what was found.
  Result<Watch> on_ready(int fd, Readiness wanted, std::function<void(Readiness)>);

  // A timer that is not armed yet.
  Result<Timer> timer(std::function<void()>);

  // A timer that fires once, after this time.
  Result<Timer> after(std::chrono::microseconds, std::function<void()>);

  // Calls the function instead of the signal's default action, as long as the handle lives.
  Result<Signal> on_signal(int number, std::function<void()>);

  // Serves until stop(). An error means that the loop itself can't go on.
  Result<> run();

  // Ends run() after the function that is being called, if any; before run(): at once when it
  // starts. run() must not be called again afterwards.
  void stop();

 private:
  struct Event;
  explicit EventLoop(std::shared_ptr<Event>);
  std::function<void(Readiness)> entering(std::function<void(Readiness)>) const;
  std::shared_ptr<Event> event_;
  std::function<Result<>()> enter_;  // none: functions run wherever the thread is
};

}  // namespace tna
