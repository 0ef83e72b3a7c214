// SPDX-License-Identifier: Apache-2.0
// tcp_dialogue.cpp: what either end does next.
#include "tcp_dialogue.h"

namespace tna::differential {
namespace {

constexpr unsigned kFin = 0x01, kSyn = 0x02, kRst = 0x04, kPush = 0x08, kAck = 0x10, kUrgent = 0x20,
                   kEce = 0x40, kCwr = 0x80;
constexpr std::uint32_t kFar = 0x30000000;  // beyond any window
constexpr unsigned kOpenAgain = 50;         // percent
constexpr std::uint32_t kInFlight = 30000;  // bytes: less than any window here

// Largest segment, selective acknowledgements, a window of 64 times what is said.
const Bytes kOptions{2, 4, 5, 180, 4, 2, 1, 3, 3, 6, 1, 1};

}  // namespace

Bytes to_bytes(const Segment& segment, unsigned source, unsigned destination,
               std::uint32_t serial) {
  Bytes bytes;
  put16(bytes, source);
  put16(bytes, destination);
  put32(bytes, segment.seq);
  put32(bytes, segment.ack);
  const unsigned words = 5 + segment.options.size() / 4 + segment.missing;
  put16(bytes, words << 12 | segment.flags);
  put16(bytes, segment.window);
  put16(bytes, 0);
  put16(bytes, segment.urgent);
  append(bytes, segment.options);
  Bytes data(segment.data, serial & 0xff);
  set32(data, 0, serial);
  append(bytes, data);
  return bytes;
}

// It acknowledges all that the other end has said.
Segment TcpDialogue::make(int from, unsigned flags, std::size_t data) {
  if (flags & kAck && !(flags & kRst)) ends_[!from].base = ends_[!from].next;
  return {.from = from,
          .flags = flags,
          .seq = ends_[from].next,
          .ack = flags & kAck ? ends_[!from].next : 0,
          .data = data};
}

Segment TcpDialogue::open() {
  for (End& end : ends_) end = {.next = end.next};
  End& client = ends_[kClient];
  client.next += 100000 + random_->below(0x70000000);
  Segment syn = make(kClient, kSyn);
  if (random_->chance(60)) syn.options = kOptions;
  client.next += 1;
  client.base = client.next;
  client.said = syn;
  phase_ = Phase::asked;
  return syn;
}

Segment TcpDialogue::answer() {
  if (random_->chance(10)) return ends_[kClient].said;  // once more
  if (random_->chance(5)) {                             // refused
    phase_ = Phase::over;
    Segment refusal = make(kServer, kRst | kAck);
    refusal.seq = 0;
    return refusal;
  }
  End& server = ends_[kServer];
  server.next += 100000 + random_->below(0x70000000);
  Segment syn = make(kServer, kSyn | kAck);
  syn.options = ends_[kClient].said.options;
  server.next += 1;
  server.base = server.next;
  phase_ = Phase::answered;
  return syn;
}

Segment TcpDialogue::say(int from) {
  if (ends_[from].next - ends_[from].base > kInFlight) return acknowledge(!from);
  const bool large = random_->chance(4);
  const std::size_t data = large                 ? random_->between(1300, 5000)
                           : random_->chance(20) ? random_->between(500, 1400)
                                                 : random_->between(1, 100);
  Segment segment = make(from, kAck | (random_->chance(70) ? kPush : 0), data);
  segment.large = large;
  if (random_->chance(3)) segment.flags |= random_->chance(50) ? kEce : kCwr;
  ends_[from].next += data;
  ends_[from].said = segment;
  return segment;
}

Segment TcpDialogue::acknowledge(int from) {
  return ends_[from].heard = make(from, kAck);
}

Segment TcpDialogue::acknowledge_some(int from) {
  const std::uint32_t base = ends_[!from].base, more = ends_[!from].next - base;
  Segment segment = make(from, kAck);
  segment.ack = base + (more ? random_->below(more) : 0);
  ends_[!from].base = segment.ack;
  return segment;
}

Segment TcpDialogue::again(int from) {
  const Segment& before = random_->chance(70) ? ends_[from].said : ends_[from].heard;
  return before.flags & kAck ? before : acknowledge(from);
}

// Of another connection, long ago or never.
Segment TcpDialogue::stray(int from) {
  Segment segment = make(from, kAck, random_->chance(50) ? random_->between(1, 100) : 0);
  const std::uint32_t away = kFar + random_->below(kFar);
  segment.seq += random_->chance(50) ? away : -away;
  if (random_->chance(40)) segment.ack += random_->chance(50) ? away : -away;
  return segment;
}

Segment TcpDialogue::odd(int from) {
  Segment segment = make(from, kAck);
  switch (random_->below(strays_ ? 7 : 5)) {
    case 0:
      segment.window = 0;
      break;
    case 1:  // is anybody there?
      segment.seq -= 1;
      break;
    case 2:
      segment.flags |= kUrgent;
      segment.urgent = 1;
      segment.data = random_->between(1, 20);
      ends_[from].next += segment.data;
      break;
    case 3:
      segment.missing = random_->between(1, 8);
      break;
    case 4:
      segment.flags = random_->chance(50) ? kAck | kSyn | kFin : 0;
      break;
    case 5:  // a new connection, says the client
      segment = make(kClient, kSyn);
      segment.seq += kFar;
      break;
    default:
      return stray(from);
  }
  return segment;
}

Segment TcpDialogue::finish(int from) {
  Segment segment = make(from, kFin | kAck, random_->chance(20) ? random_->between(1, 100) : 0);
  ends_[from].next += segment.data + 1;
  ends_[from].said = segment;
  closer_ = from;
  phase_ = phase_ == Phase::open ? Phase::half_closed : Phase::last;
  return segment;
}

// Of a reset elsewhere than where the other end is Linux believes half.
Segment TcpDialogue::abort(int from) {
  if (ends_[from].next != ends_[from].base) return acknowledge(!from);
  closer_ = from;
  phase_ = Phase::reset;
  return make(from, random_->chance(50) ? kRst | kAck : kRst);
}

Segment TcpDialogue::talk() {
  const int from = random_->between(kClient, kServer);
  const unsigned draw = random_->below(1000);
  if (draw < 480) return say(from);
  if (draw < 840) return acknowledge(from);
  if (draw < 870) return acknowledge_some(from);
  if (draw < 930) return again(from);
  if (draw < 980) return odd(from);
  if (draw < 994) return finish(from);
  return abort(from);
}

// The other end may have more to say.
Segment TcpDialogue::after_fin() {
  const unsigned draw = random_->below(100);
  if (draw < 30) return make(!closer_, kAck);
  if (draw < 50) return say(!closer_);
  if (draw < 60) return make(closer_, kAck);
  if (draw < 65) return ends_[closer_].said;
  if (draw < 70) return abort(random_->between(kClient, kServer));
  return finish(!closer_);
}

// What was on its way is answered by a reset, too.
Segment TcpDialogue::after_reset() {
  if (random_->chance(50)) {
    phase_ = random_->chance(kOpenAgain) ? Phase::closed : Phase::over;
    return make(closer_, kRst);
  }
  Segment segment = make(!closer_, kAck, random_->between(0, 100));
  ends_[!closer_].next += segment.data;
  return segment;
}

Segment TcpDialogue::next() {
  settled_ = 0;
  switch (phase_) {
    case Phase::closed:
    case Phase::over:
      return open();
    case Phase::asked:
      return answer();
    case Phase::answered:
      phase_ = Phase::open;
      return acknowledge(kClient);
    case Phase::open:
      return talk();
    case Phase::half_closed:
      return after_fin();
    case Phase::last: {
      const bool done = random_->chance(70);
      if (done) phase_ = random_->chance(kOpenAgain) ? Phase::closed : Phase::over;
      return done ? make(!closer_, kAck) : ends_[closer_].said;
    }
    case Phase::reset:
      return after_reset();
  }
  return open();
}

bool TcpDialogue::settle(Segment& segment) {
  switch (phase_) {
    case Phase::asked:
    case Phase::answered:
      segment = next();
      return true;
    case Phase::open:
      if (settled_ == 4) return false;
      segment = settled_ % 2 ? make(settled_ == 1, kAck) : make(settled_ == 2, kAck, 20);
      if (segment.data) ends_[segment.from].next += segment.data;
      ++settled_;
      return true;
    case Phase::reset:
      segment = make(closer_, kRst);
      phase_ = Phase::over;
      return true;
    default:
      return false;
  }
}

}  // namespace tna::differential
