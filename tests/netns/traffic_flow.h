// SPDX-License-Identifier: Apache-2.0
// A flow: one sender at a steady rate, any number of catchers, and a moment in between at which
// something was changed. What was caught is counted apart for frames made before and after it.
#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "traffic_socket.h"

namespace tna::traffic {

struct Counts {
  std::uint64_t before = 0, after = 0;  // frames made before and after the change
  std::uint64_t doubled = 0;            // caught more than once
  std::uint64_t altered = 0;            // bytes differ from those that were sent
  std::uint64_t reordered = 0;          // overtaken by a later one
  std::int64_t missing = -1;            // the first one that was not caught, -1: none
};

// Everybody who listens, in a thread of its own until finish().
class Catchers {
 public:
  ~Catchers() { finish(0, 0); }
  Result<> add(const std::string& name, const Place&);
  void start(const std::vector<std::byte>& pattern);

  // Goes on until this many frames have come in altogether (or none has for five seconds), and then
  // until none has come for `quiet_ms`.
  void finish(std::uint64_t expected, int quiet_ms);

  // Counts of each name, in the order of add(), of `sent` frames.
  std::vector<std::pair<std::string, Counts>> counts(std::uint64_t change,
                                                     std::uint64_t sent) const;

 private:
  struct Catcher {
    std::string name;
    Fd socket;
    std::vector<Stamp> caught;
    std::uint64_t altered = 0;
  };
  void run();
  bool drain(Catcher&);

  std::vector<Catcher> catchers_;
  std::vector<std::byte> pattern_, frame_;
  std::thread thread_;
  std::atomic<bool> stop_ = false;
  std::atomic<std::uint64_t> total_ = 0, expected_ = 0, last_ = 0;
  std::atomic<int> quiet_ms_ = 0;
};

// The sender, in a thread of its own until finish().
class Source {
 public:
  ~Source() { finish(); }
  // Sends `count` frames (0: until finish()) at `rate` a second (0: as fast as it goes).
  void start(Sender, std::vector<std::byte> frame, std::uint64_t count, std::uint64_t rate);
  void wait() { thread_.join(); }
  void finish();

  std::uint64_t sent_before(std::uint64_t change) const;
  std::uint64_t sent() const { return stamps_.size(); }
  std::uint64_t refused() const { return refused_; }  // by the sending device itself

 private:
  void run(std::uint64_t count, std::uint64_t rate);

  Sender sender_;
  std::vector<std::byte> frame_;
  std::vector<std::uint64_t> stamps_;
  std::uint64_t refused_ = 0;
  std::thread thread_;
  std::atomic<bool> stop_ = false;
};

}  // namespace tna::traffic
