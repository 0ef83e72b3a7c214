// SPDX-License-Identifier: Apache-2.0
// compare.cpp: frames out of a port, flow by flow.
#include "compare.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "names.h"

namespace tna::differential {
namespace {

using Flow = std::pair<Bytes, int>;  // both MACs, ingress port (0: made or changed by the device)
using Flows = std::map<Flow, std::vector<Bytes>>;

constexpr unsigned kIp = 0x0800, kIp6 = 0x86dd, kFragment6 = 44;

// The device's own IPv4 packets carry an identification which the kernel draws by lot, as do
// fragments of its IPv6 packets.
Bytes without_luck(Bytes frame) {
  constexpr Mac kLoopback{};  // what the device says to itself
  if (frame.size() < 20 ||
      !(of_the_device(&frame[6]) || std::equal(&frame[6], &frame[12], kLoopback.bytes.begin())))
    return frame;
  const NetworkHeader header = network_header(frame);
  if (header.type == kIp) {
    set16(frame, header.at + 4, 0);
    set16(frame, header.at + 10, 0);
  }
  if (header.type == kIp6 && frame.size() > header.at + 40 && frame[header.at + 6] == kFragment6)
    set32(frame, header.at + 44, 0);
  return frame;
}

// The IP packet of a frame without what a router changes of it; empty when there is none.
Bytes packet_of(const Bytes& frame) {
  const auto [at, type] = network_header(frame);
  const bool v6 = type == kIp6;
  if ((!v6 && type != kIp) || frame.size() < at + (v6 ? 40 : 20)) return {};
  const std::size_t length = v6 ? 40 + get16(frame, at + 4) : get16(frame, at + 2);
  Bytes packet(frame.begin() + at, frame.begin() + std::min(frame.size(), at + length));
  if (packet.size() < 20) return {};
  packet[v6 ? 7 : 8] = 0;
  if (!v6) set16(packet, 10, 0);
  return packet;
}

// What its transport header and data have that no translation changes; empty when there is nothing
// to tell it from others by.
Bytes talk_of(const Bytes& frame) {
  constexpr unsigned kTcp = 6, kUdp = 17;
  const auto [at, type] = network_header(frame);
  const bool v6 = type == kIp6;
  const std::size_t l4 = at + (v6 ? 40 : 20), least = l4 + 12;
  if ((!v6 && type != kIp) || frame.size() < least || (!v6 && frame[at] != 0x45)) return {};
  const unsigned protocol = frame[at + (v6 ? 6 : 9)];
  const std::size_t end = v6 ? l4 + get16(frame, at + 4) : at + get16(frame, at + 2);
  if ((protocol != kTcp && protocol != kUdp) || end > frame.size() || end < least) return {};
  Bytes talk(frame.begin() + l4 + 4, frame.begin() + end);
  set16(talk, protocol == kTcp ? 12 : 2, 0);  // the checksum
  return talk;
}

// What the device says by a clock of its own: hellos of the spanning tree, memberships in groups,
// redirects. One of its interfaces may have been given a station's MAC.
bool by_the_clock(const Bytes& frame) {
  constexpr Mac kGroups[] = {
      {{0x01, 0x80, 0xc2, 0, 0, 0}}, {{0x01, 0, 0x5e, 0, 0, 0x16}}, {{0x33, 0x33, 0, 0, 0, 0x16}}};
  if (frame.size() < 14) return false;
  if (!redirect(frame).empty()) return true;
  return std::ranges::any_of(kGroups, [&](const Mac& group) {
    return std::ranges::equal(group.bytes, std::span(frame).first(6));
  });
}

Flows by_flow(const std::vector<Bytes>& frames, const Sent& sent) {
  Flows flows;
  for (const Bytes& frame : frames) {
    const Origin* origin = sent.find(frame);
    const int port = origin ? origin->port : 0;
    if (port == 0 && by_the_clock(frame)) continue;
    const Bytes macs(frame.begin(), frame.begin() + std::min<std::size_t>(12, frame.size()));
    flows[{macs, port}].push_back(port ? frame : without_luck(frame));
  }
  return flows;
}

std::string list(const std::vector<Bytes>& frames) {
  std::string text;
  for (const Bytes& frame : frames)
    text += fmt::format("    {}\n      {}\n", describe({frame}), to_hex(frame));
  return text.empty() ? "    (none)\n" : text;
}

// Both without what they have in common: the frames only one of them has.
std::pair<std::vector<Bytes>, std::vector<Bytes>> only(std::vector<Bytes> a, std::vector<Bytes> b) {
  std::ranges::sort(a);
  std::ranges::sort(b);
  std::vector<Bytes> left, right;
  std::ranges::set_difference(a, b, std::back_inserter(left));
  std::ranges::set_difference(b, a, std::back_inserter(right));
  return {left, right};
}

// Each part of a packet that was cut up only where it came first.
std::vector<Bytes> copied_once(const std::vector<Bytes>& frames, const Sent& sent) {
  std::vector<Bytes> result;
  for (const Bytes& frame : frames) {
    const Origin* origin = sent.find(frame);
    const bool cut = origin && origin->cut;
    if (!cut || std::ranges::find(result, frame) == result.end()) result.push_back(frame);
  }
  return result;
}

std::string compare_flow(const Flow& flow, const std::vector<Bytes>& a, const std::vector<Bytes>& b,
                         const Sent& sent) {
  if (a == b) return "";
  const auto [left, right] = only(a, b);
  const std::string from = flow.second ? fmt::format("p{}", flow.second) : "the device itself";
  // What the device makes several of at once, as the fragments of a packet, goes on through its
  // other ports in one batch, in which those that go fast are sent first (docs/supported.md,
  // "Order").
  if (left.empty() && right.empty() &&
      (!flow.second || copied_once(a, sent) == copied_once(b, sent)))
    return "";
  if (left.empty() && right.empty())
    return fmt::format("  frames from {} in another order; Linux alone:\n{}  with TNA:\n{}", from,
                       list(a), list(b));
  return fmt::format("  frames from {}; only with Linux alone:\n{}  only with TNA:\n{}", from,
                     list(left), list(right));
}

}  // namespace

Sent::Sent(std::initializer_list<std::pair<Bytes, Origin>> frames) {
  for (const auto& [frame, origin] : frames) add(frame, origin);
}

void Sent::add(const Bytes& frame, Origin origin) {
  frames_.emplace(frame, origin);
  if (Bytes packet = packet_of(frame); !packet.empty()) packets_.emplace(packet, origin);
  if (Bytes talk = talk_of(frame); !talk.empty()) talks_.emplace(talk, origin);
}

const Origin* Sent::find(const Bytes& frame) const {
  if (const auto same = frames_.find(frame); same != frames_.end()) return &same->second;
  if (frame.size() < 14 || !of_the_device(&frame[6])) return nullptr;
  if (const auto routed = packets_.find(packet_of(frame)); routed != packets_.end())
    return &routed->second;
  const auto translated = talks_.find(talk_of(frame));
  return translated == talks_.end() ? nullptr : &translated->second;
}

void Sent::clear() {
  frames_.clear();
  packets_.clear();
  talks_.clear();
}

// Linux rations redirects of IPv6 by the host that they are about as well, so of these only the
// first is sure.
std::string redirect(const Bytes& frame) {
  constexpr unsigned kIcmp = 1, kRedirect = 5, kIcmp6 = 58, kRedirect6 = 137;
  const auto [at, type] = network_header(frame);
  if (frame.size() < at + 41 || !of_the_device(&frame[6])) return "";
  const std::span ip = std::span(frame).subspan(at);
  const bool v4 = type == kIp && ip[9] == kIcmp && ip[20] == kRedirect;
  const bool v6 = type == kIp6 && ip[6] == kIcmp6 && ip[40] == kRedirect6;
  if (v4) return fmt::format("{:08x}", get32(ip, 16));
  return v6 ? "some IPv6 host" : "";
}

std::string compare(const std::vector<Bytes>& linux_alone, const std::vector<Bytes>& with_tna,
                    const Sent& sent) {
  if (linux_alone == with_tna) return "";
  const Flows a = by_flow(linux_alone, sent), b = by_flow(with_tna, sent);
  const std::vector<Bytes> nothing;
  std::string text;
  for (const auto& [flow, frames] : a) {
    const auto other = b.find(flow);
    text += compare_flow(flow, frames, other == b.end() ? nothing : other->second, sent);
  }
  for (const auto& [flow, frames] : b)
    if (!a.contains(flow)) text += compare_flow(flow, nothing, frames, sent);
  return text;
}

}  // namespace tna::differential
