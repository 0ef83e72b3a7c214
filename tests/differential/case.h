// SPDX-License-Identifier: Apache-2.0
// Case: a world's life as a list of steps, the same for both worlds. Random cases and those of the
// corpus are the same thing; a corpus file is a case written down, a smaller case is one with steps
// left out.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "frame.h"

namespace tna::differential {

// A settle of that long, or longer, also waits until the daemon has acted: a route's mtu, which a
// look into the FIB does not tell, reaches the fast path through it (docs/supported.md).
inline constexpr int kDaemonMs = 150;

struct Step {
  enum class Kind {
    run,     // a command in the device's namespace
    tap,     // open a packet socket on an interface of the device, as tcpdump does
    untap,   // close all of them
    start,   // TNA starts here: what stands before is configuration it finds
    send,    // a frame into a port
    check,   // compare what came out since the last check
    settle,  // let time pass for both worlds
    hook,    // what TNA has a hook for (`tna hook add`) Linux alone has a tc program for
  };
  Kind kind = Kind::check;
  std::string text;  // run: the command; tap: the interface; hook: its name
  int port = 0;      // send: 1 is p1
  Frame frame;       // send
  int ms = 0;        // settle
};

// What a world begins with: a bridge and its ports, or a router and its ports.
struct Device {
  int ports = 3;
  bool router = false;
};

struct Case {
  std::string title;
  Device device;
  std::vector<Step> steps;

  int frames() const;
};

Step run_step(std::string command);
Step settle_step(int ms);

std::string to_text(const Step& step);
std::string to_text(const Case& case_);
Result<Case> parse_case(const std::string& text, const std::string& name);
Result<Case> read_case(const std::string& path);

}  // namespace tna::differential
