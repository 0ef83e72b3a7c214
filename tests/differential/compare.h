// SPDX-License-Identifier: Apache-2.0
// Comparison of what came out of one port in both worlds.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "frame.h"

namespace tna::differential {

struct Origin {
  int port = 0;  // that the frame went into
  // It is part of a large packet that only the world with TNA gets in parts: where the packet is
  // copied, as by flooding, the parts' copies come out part by part there.
  bool cut = false;
};

// The frames sent since the last comparison, as on the wire.
class Sent {
 public:
  Sent() = default;
  Sent(std::initializer_list<std::pair<Bytes, Origin>> frames);
  void add(const Bytes& frame, Origin origin);
  // Of a frame as it was sent, or as a router passes it on, translated or not; or none.
  const Origin* find(const Bytes& frame) const;
  bool empty() const { return frames_.empty(); }
  void clear();

 private:
  std::map<Bytes, Origin> frames_, packets_, talks_;
};

// A redirect that the device sent: how many of them it sends is a matter of time, whether a host
// gets one isn't. Empty when the frame is none; else whom it is for.
std::string redirect(const Bytes& frame);

// Empty when each flow (source, destination, ingress port) has the same frames in the same order;
// else what differs, for people.
std::string compare(const std::vector<Bytes>& linux_alone, const std::vector<Bytes>& with_tna,
                    const Sent& sent);

}  // namespace tna::differential
