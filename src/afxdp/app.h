// SPDX-License-Identifier: Apache-2.0
// libtna-app: an application that gets packets from TNA's fast path by AF_XDP: those that it asks
// for, behind the firewall, past the rest of the kernel's network stack. All others go on as if it
// were not there, and so do its own from the moment that it ends. docs/applications.md.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace tna {

struct AppOptions {
  std::string match;            // "iifname eth0 udp dport 53"
  bool drop_when_full = false;  // what there is no room for; else Linux gets it
  bool copy = false;            // though the driver could do without
  std::string control = "/run/tna/tnad.sock";
  std::string name;             // in `tna app`; empty: the program's
  std::uint32_t frames = 4096;  // for each queue, of 4 KiB; a power of two
};

// A frame from its Ethernet header on. The function that it is handed to may change it and its
// length, up to `room`.
struct AppPacket {
  std::byte* data;
  std::uint32_t length, room;
  std::uint32_t queue;
};

enum class AppVerdict {
  done,
  send,   // by the interface and queue that it came in by, as it is
  route,  // its IP packet, where Linux would send it; it begins behind 14 bytes, without a tag
};

class App {
 public:
  // Registers it with tnad, in whose network namespace the calling thread has to be.
  static Result<App> open(const AppOptions&);
  App(App&&) noexcept;
  App& operator=(App&&) noexcept;
  ~App();

  // Of each queue: whether packets are put into the application's memory without being copied.
  const std::vector<bool>& zero_copy() const;
  // Why packets that it asks for go to Linux all the same. `tna app` says what becomes of that
  // later.
  const std::vector<std::string>& to_linux() const;

  // Waits for packets, at most that long, and hands out those that have come; how many. Error: tnad
  // has ended, or the interface, and packets go to Linux; a new App may be opened when it is there
  // again.
  Result<std::size_t> serve(std::chrono::milliseconds,
                            const std::function<AppVerdict(AppPacket&)>&);
  // Sends a frame of one's own; false: there is no room at the moment.
  bool send(std::uint32_t queue, std::span<const std::byte> frame);
  // The same of an IP packet, where Linux would send it.
  bool route(std::uint32_t queue, std::span<const std::byte> ip);
  // Packets to be routed that nobody has sent: Linux knows no way, or the source is no address of
  // this host, or it is no IP packet.
  std::uint64_t unsent() const;

 private:
  struct State;
  explicit App(std::unique_ptr<State>);
  std::unique_ptr<State> state_;
};

}  // namespace tna
