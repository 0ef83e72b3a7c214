// SPDX-License-Identifier: Apache-2.0
// self_test.cpp: a machine that can't find anything proves nothing, so it is shown worlds that do
// differ, and outputs that do.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <span>

#include "campaign.h"
#include "compare.h"
#include "generate.h"
#include "names.h"
#include "shrink.h"

namespace tna::differential {
namespace {

constexpr int kWorldsToFind = 6;
constexpr int kShrinkSeconds = 20;
constexpr std::size_t kSmallEnough = 12;  // steps

// What is done to the second world alone, where TNA would start. The first one shows in frames
// only, so that shrinking it is about frames.
const std::vector<std::string> kSabotage[] = {
    {"tc qdisc add dev p2 clsact",
     "tc filter add dev p2 ingress protocol ip u32 match u8 1 0xff at 8 action mirred egress "
     "redirect dev lo"},
    {"nft add table bridge x", "nft add chain bridge x c { type filter hook forward priority 0 ; }",
     "nft add rule bridge x c ip version 4 ip ttl 1 drop"},
    {"bridge link set dev p1 hairpin on"},
    {"bridge link set dev p2 learning off"},
    {"bridge link set dev p2 flood off"},
    {"bridge link set dev p1 isolated on", "bridge link set dev p2 isolated on"},
    {"ip link set p3 mtu 1499"},
    {"bridge fdb replace 02:57:00:00:00:03 dev p2 master static"},
    {"bridge fdb replace 02:57:00:00:00:c8 dev p1 master static"},  // in the state only, or nearly
                                                                    // so
    {"ip link set br0 type bridge group_fwd_mask 0x4000"},
    // In the kernel's state alone.
    {"ip neigh replace 192.0.2.200 lladdr 02:57:00:00:00:63 dev br0 nud permanent"},
    {"nft add table ip x", "nft add chain ip x c { type filter hook input priority 0 ; }",
     "nft add rule ip x c counter"},
};

// The same of routers. What is verified of a neighbour, and that hosts were redirected, is seen at
// the end only.
const std::vector<std::string> kRouterSabotage[] = {
    {"tc qdisc add dev p2 clsact",
     "tc filter add dev p2 ingress protocol ip u32 match u8 1 0xff at 8 action mirred egress "
     "redirect dev lo"},
    {"sysctl -qw net.ipv4.conf.p1.rp_filter=1"},
    {"sysctl -qw net.ipv4.conf.p3.forwarding=0"},
    {"sysctl -qw net.ipv4.ip_default_ttl=63"},
    {"sysctl -qw net.ipv4.conf.all.send_redirects=1"},
    {"ip link set p2 mtu 1499"},
    {"ip route replace 198.51.100.66 via 192.0.2.35"},
    {"ip -6 route replace blackhole 2001:db8:100:1::42"},
    {"ip neigh replace 2001:db8:2::3 lladdr 02:57:00:00:00:66 dev p2 nud permanent"},
    {"ip neigh replace 192.0.2.6 lladdr 02:57:00:00:00:05 dev p1 nud stale"},
};

Result<> expect(bool holds, const std::string& what) {
  if (holds) return {};
  return error("self-test: " + what);
}

Result<> comparison_sees_frames() {
  const Bytes a = ethernet({{2, 1}}, {{2, 2}}, 0x88b5, Bytes(46, 1));
  const Bytes b = ethernet({{2, 1}}, {{2, 2}}, 0x88b5, Bytes(46, 2));
  const Bytes c = ethernet({{2, 1}}, {{2, 3}}, 0x88b5, Bytes(46, 1));
  Bytes spoilt = a;
  spoilt.back() ^= 1;
  const Sent sent{{a, {1}}, {b, {1}}, {c, {1}}}, cut{{a, {1, true}}, {b, {1, true}}};
  TRY(expect(compare({a, b, c}, {a, b, c}, sent).empty(), "equal outputs are said to differ"));
  TRY(expect(compare({a, b, c}, {c, a, b}, sent).empty(), "flows are bound to each other"));
  TRY(expect(!compare({a, b}, {b, a}, sent).empty(), "another order in a flow is not seen"));
  TRY(expect(compare({a, b, a, b}, {a, a, b, b}, cut).empty(), "copies of parts must be in order"));
  TRY(expect(!compare({a, b}, {b, a}, cut).empty(), "another order of parts is not seen"));
  TRY(expect(!compare({a, b}, {a, b, b}, cut).empty(), "a doubled part is not seen"));
  TRY(expect(!compare({a, b}, {a}, sent).empty(), "a lost frame is not seen"));
  TRY(expect(!compare({a}, {a, b}, sent).empty(), "a frame too many is not seen"));
  TRY(expect(!compare({a}, {a, a}, sent).empty(), "a doubled frame is not seen"));
  return expect(!compare({a}, {spoilt}, sent).empty(), "a changed byte is not seen");
}

// A router changes TTL and MACs of what it passes on; it is the same packet nevertheless.
Result<> comparison_knows_routed_packets() {
  const auto packet = [](unsigned ttl, unsigned id) {
    return ipv4({.from = 1, .to = 2, .ttl = ttl, .id = id}, Bytes(30, 1));
  };
  const auto sent = [&](unsigned id) {
    return ethernet(port_mac(1), station_mac(1), 0x0800, packet(64, id));
  };
  const auto routed = [&](unsigned id) {
    return ethernet(station_mac(2), port_mac(2), 0x0800, packet(63, id));
  };
  const Sent both{{sent(1), {1}}, {sent(2), {1}}}, none;
  TRY(expect(!compare({routed(1), routed(2)}, {routed(2), routed(1)}, both).empty(),
             "another order of routed packets is not seen"));
  TRY(expect(!compare({routed(1)}, {routed(3)}, both).empty(), "a changed packet is not seen"));
  TRY(expect(compare({routed(1)}, {routed(2)}, none).empty(), "the kernel's lots are compared"));
  const Bytes redirected =
      ethernet(station_mac(2), port_mac(2), 0x0800,
               ipv4({.from = 1, .to = 0xc0000202, .protocol = 1}, icmp(5, 1, 0, packet(64, 1))));
  TRY(expect(redirect(redirected) == "c0000202" && redirect(routed(1)).empty(),
             "redirects are not known"));
  return expect(compare({redirected}, {}, both).empty(), "redirects are counted");
}

Result<> router_cases_are_read() {
  const std::string text = "# a title\nrouter 4\nstart\n";
  const Case parsed = TRY(parse_case(text, "a title"));
  TRY(expect(parsed.device.router && parsed.device.ports == 4, "a router is not read"));
  TRY(expect(to_text(parsed) == text, "a router is not written as it was read"));
  return expect(!parse_case("router 9\nstart\n", "x"), "a router of 9 networks of 8 is taken");
}

Result<> equal_worlds(const Options& options, const Shapes& shapes, std::uint64_t seed,
                      int frames) {
  constexpr int kPerWorld = 600;
  for (int sent = 0; sent < frames; sent += kPerWorld) {
    const Case case_ = random_case(seed + sent, kPerWorld, shapes);
    const Outcome outcome = TRY(run_twins(case_, options));
    if (!outcome.difference.empty())
      return error(fmt::format("self-test: two worlds of plain Linux differ ({}):\n{}", case_.title,
                               outcome.difference));
  }
  std::printf("self-test: %d frames through two worlds of plain Linux, no difference\n", frames);
  return {};
}

// The first random case in which the sabotage shows.
Result<Case> find(const Options& options, const Shapes& shapes, std::uint64_t seed) {
  for (int world = 0; world < kWorldsToFind; ++world) {
    Case case_ = random_case(seed + world, 500, shapes);
    const Outcome outcome = TRY(run_twins(case_, options));
    if (outcome.difference.empty()) continue;
    case_.steps.resize(outcome.steps);
    return case_;
  }
  return error("self-test: not found: " + options.sabotage.front());
}

Result<> shrinks(const Options& options, const Case& found) {
  const auto differs = [&](const Case& smaller) {
    const auto outcome = run_twins(smaller, options);
    return outcome && !outcome->difference.empty();
  };
  const Case smallest = shrink(found, differs, kShrinkSeconds);
  std::printf("self-test: a case of %zu steps shrunk to %zu\n", found.steps.size(),
              smallest.steps.size());
  return expect(smallest.steps.size() <= kSmallEnough, "the shrunk case is still long");
}

// Sabotage of IPv6 wants a world that has it.
bool has_ipv6(const Shape& shape) {
  return std::ranges::none_of(shape.commands, [](const std::string& command) {
    return command.ends_with("disable_ipv6=1");
  });
}

Shapes only(const Shapes& shapes, bool router) {
  Shapes chosen;
  std::ranges::copy_if(shapes, std::back_inserter(chosen), [&](const Shape& shape) {
    return shape.router == router && has_ipv6(shape);
  });
  return chosen;
}

// The first one is shrunk as well.
Result<> finds_all(Options options, const Shapes& shapes, std::uint64_t seed,
                   std::span<const std::vector<std::string>> sabotages) {
  if (shapes.empty()) return {};  // not asked for
  bool shrunk = false;
  for (const auto& sabotage : sabotages) {
    options.sabotage = sabotage;
    const Case found = TRY(find(options, shapes, seed));
    std::printf("self-test: found by \"%s\" after %zu steps: %s\n", found.title.c_str(),
                found.steps.size(), sabotage.front().c_str());
    if (!shrunk) TRY(shrinks(options, found));
    shrunk = true;
  }
  return {};
}

}  // namespace

Result<> self_test(Options options, const Shapes& shapes, std::uint64_t seed, int frames) {
  options.build.clear();
  TRY(comparison_sees_frames());
  TRY(comparison_knows_routed_packets());
  TRY(router_cases_are_read());
  TRY(equal_worlds(options, shapes, seed, frames));
  TRY(finds_all(options, only(shapes, false), seed, kSabotage));
  return finds_all(options, only(shapes, true), seed, kRouterSabotage);
}

}  // namespace tna::differential
