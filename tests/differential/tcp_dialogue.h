// SPDX-License-Identifier: Apache-2.0
// TcpDialogue: a TCP connection as its two ends would have it, segment by segment: opened, with
// data both ways, closed or reset, opened again; and now and then something that it is not meant to
// be.
#pragma once

#include <array>

#include "frame.h"
#include "random.h"

namespace tna::differential {

constexpr int kClient = 0, kServer = 1;

struct Segment {
  int from = kClient;
  unsigned flags = 0;
  std::uint32_t seq = 0, ack = 0;
  unsigned window = 0xffff;
  std::size_t data = 0;  // bytes
  Bytes options;         // padded to 4 bytes
  unsigned urgent = 0;
  int missing = 0;     // 32-bit words that the header is said to have and has not
  bool large = false;  // several in one, for the device to cut up
};
// Without its checksum.
Bytes to_bytes(const Segment& segment, unsigned source, unsigned destination, std::uint32_t serial);

class TcpDialogue {
 public:
  // `strays`: segments that are out of any window, too, which conntrack takes for invalid unless it
  // is liberal.
  TcpDialogue(Random& random, bool strays) : random_(&random), strays_(strays) {}
  Segment next();
  bool over() const { return phase_ == Phase::over; }
  // Both ends have heard what the other one said: the connection lives as long as can be. Segments
  // until then, one by one; false: there are none.
  bool settle(Segment& segment);

 private:
  enum class Phase { closed, asked, answered, open, half_closed, last, reset, over };

  struct End {
    std::uint32_t next = 0;   // sequence number of what it says next
    std::uint32_t base = 0;   // of what it has said and not been told that it arrived
    Segment said{}, heard{};  // its last data, and its last acknowledgement
  };

  Segment make(int from, unsigned flags, std::size_t data = 0);
  Segment open();
  Segment answer();
  Segment talk();
  Segment say(int from);
  Segment acknowledge(int from);
  Segment acknowledge_some(int from);
  Segment again(int from);
  Segment stray(int from);
  Segment odd(int from);
  Segment finish(int from);
  Segment abort(int from);
  Segment after_fin();
  Segment after_reset();

  Random* random_;
  bool strays_;
  Phase phase_ = Phase::closed;
  std::array<End, 2> ends_;
  int closer_ = kClient;
  int settled_ = 0;
};

}  // namespace tna::differential
