// SPDX-License-Identifier: Apache-2.0
// Dialogues: several connections at a time, TCP and UDP, of clients among the stations to servers
// among them, each packet addressed as its sender would.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "case.h"
#include "random.h"
#include "shapes.h"
#include "tcp_dialogue.h"
#include "translations.h"

namespace tna::differential {

class Dialogues {
 public:
  Dialogues(Random& random, const Shape& shape);
  Step next();
  // What makes open TCP connections calm ones.
  std::vector<Step> settle();

 private:
  struct Dialogue {
    bool v6 = false;
    Connection connection{};
    std::optional<TcpDialogue> tcp;  // or of UDP, which has so much left to say:
    int left = 0;
    bool asked = false;
  };

  Dialogue open();
  Step packet(const Dialogue& dialogue, int from, unsigned protocol, Bytes l4, bool large);
  Step segment(const Dialogue& dialogue, const Segment& segment);
  Step datagram(Dialogue& dialogue);

  Random& random_;
  const Shape& shape_;
  unsigned port_ = 10000;  // of the next client
  std::uint32_t serial_ = 0;
  std::vector<Dialogue> dialogues_;
};

}  // namespace tna::differential
