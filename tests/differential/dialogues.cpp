// SPDX-License-Identifier: Apache-2.0
// dialogues.cpp: who talks to whom, and the packets around what they say.
#include "dialogues.h"

#include "router_world.h"

namespace tna::differential {
namespace {

constexpr int kAtATime = 6;
constexpr unsigned kTcp = 6, kUdp = 17;
constexpr unsigned kTcpShare = 60, kIpv6Share = 40;  // percent
constexpr std::size_t kPart = 700;                   // bytes of data in each part of a large packet

}  // namespace

Dialogues::Dialogues(Random& random, const Shape& shape) : random_(random), shape_(shape) {
  for (int i = 0; i < kAtATime; ++i) dialogues_.push_back(open());
}

Dialogues::Dialogue Dialogues::open() {
  Dialogue dialogue{.v6 = random_.chance(kIpv6Share)};
  dialogue.connection = shape_.opens(random_, dialogue.v6, port_++);
  if (dialogue.connection.tcp_only || random_.chance(kTcpShare))
    dialogue.tcp.emplace(random_, shape_.strays);
  else
    dialogue.left = random_.between(50, 600);
  return dialogue;
}

Step Dialogues::packet(const Dialogue& dialogue, int from, unsigned protocol, Bytes l4,
                       bool large) {
  const Ends& ends = dialogue.connection.ends;
  const Endpoint& source = from == kClient ? ends.client : ends.server;
  const Endpoint& target = from == kClient ? ends.server_of_client : ends.client_of_server;
  set16(l4, 0, source.port);
  set16(l4, 2, target.port);
  Bytes packet =
      dialogue.v6
          ? ipv6({.from = source.ip6, .to = target.ip6, .next = protocol}, l4)
          : ipv4({.from = source.ip, .to = target.ip, .protocol = protocol, .id = serial_ & 0xffff},
                 l4);
  const std::size_t header = dialogue.v6 ? 40 : 20, field = protocol == kTcp ? 16 : 6;
  const bool unfinished = large || random_.chance(5);
  if (unfinished)
    set16(packet, header + field, pseudo_sum(packet, protocol, l4.size()));
  else if (protocol == kTcp || dialogue.v6 || random_.chance(90))  // UDP need not have one
    finish_l4_checksum(packet);
  const int station = from == kClient ? dialogue.connection.client : dialogue.connection.server;
  const int port = station_home(station);
  Step step{.kind = Step::Kind::send, .port = shape_.cable_of(port)};
  step.frame.bytes = ethernet(shape_.router_mac(port), station_mac(station),
                              dialogue.v6 ? 0x86dd : 0x0800, packet);
  if (!unfinished) return step;
  Offload& offload = step.frame.offload;
  offload = {.flags = kNeedsChecksum,
             .csum_start = static_cast<std::uint16_t>(14 + header),
             .csum_offset = static_cast<std::uint16_t>(field)};
  if (large) {
    offload.gso_type = dialogue.v6 ? kGsoTcp6 : kGsoTcp4;
    offload.gso_size = kPart;
    offload.hdr_len = 14 + header + (l4[12] >> 4) * 4;
  }
  return step;
}

Step Dialogues::segment(const Dialogue& dialogue, const Segment& segment) {
  ++serial_;
  return packet(dialogue, segment.from, kTcp, to_bytes(segment, 0, 0, serial_), segment.large);
}

Step Dialogues::datagram(Dialogue& dialogue) {
  ++serial_;
  --dialogue.left;
  Bytes data(random_.chance(10) ? random_.between(200, 1300) : random_.between(4, 60));
  set32(data, 0, serial_);
  const bool answer = dialogue.asked && random_.chance(50);
  dialogue.asked = true;
  return packet(dialogue, answer ? kServer : kClient, kUdp, udp(0, 0, data), false);
}

Step Dialogues::next() {
  Dialogue& dialogue = dialogues_[random_.below(kAtATime)];
  if (dialogue.tcp ? dialogue.tcp->over() : dialogue.left == 0) dialogue = open();
  return dialogue.tcp ? segment(dialogue, dialogue.tcp->next()) : datagram(dialogue);
}

std::vector<Step> Dialogues::settle() {
  std::vector<Step> steps;
  for (Dialogue& dialogue : dialogues_) {
    Segment last;
    while (dialogue.tcp && dialogue.tcp->settle(last)) steps.push_back(segment(dialogue, last));
  }
  return steps;
}

}  // namespace tna::differential
