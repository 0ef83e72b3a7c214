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

// The device's own IPv4 packets carry an identification which the kernel draws by lot.
Bytes without_luck(Bytes frame) {
  if (frame.size() < 20 || !of_the_device(&frame[6])) return frame;
  const NetworkHeader header = network_header(frame);
  if (header.type != 0x0800) return frame;
  set16(frame, header.at + 4, 0);
  set16(frame, header.at + 10, 0);
  return frame;
}

// What the device says by a clock of its own: hellos of the spanning tree, memberships in groups.
bool by_the_clock(const Bytes& frame) {
  constexpr Mac kBridges{{0x01, 0x80, 0xc2, 0, 0, 0}}, kRouters{{0x01, 0, 0x5e, 0, 0, 0x16}};
  return frame.size() >= 14 && of_the_device(&frame[6]) &&
         (std::ranges::equal(kBridges.bytes, std::span(frame).first(6)) ||
          std::ranges::equal(kRouters.bytes, std::span(frame).first(6)));
}

Flows by_flow(const std::vector<Bytes>& frames, const Sent& sent) {
  Flows flows;
  for (const Bytes& frame : frames) {
    const auto origin = sent.find(frame);
    const int port = origin == sent.end() ? 0 : origin->second.port;
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
    const auto origin = sent.find(frame);
    const bool cut = origin != sent.end() && origin->second.cut;
    if (!cut || std::ranges::find(result, frame) == result.end()) result.push_back(frame);
  }
  return result;
}

std::string compare_flow(const Flow& flow, const std::vector<Bytes>& a, const std::vector<Bytes>& b,
                         const Sent& sent) {
  if (a == b) return "";
  const auto [left, right] = only(a, b);
  const std::string from = flow.second ? fmt::format("p{}", flow.second) : "the device itself";
  // What the device makes several of at once, as the fragments of a packet, goes on through its other
  // ports in one batch, in which those that go fast are sent first (docs/supported.md, "Order").
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
