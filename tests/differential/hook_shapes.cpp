// SPDX-License-Identifier: Apache-2.0
// hook_shapes.cpp: worlds in which packets are changed as they come in: with TNA by a hook, in
// Linux alone by a tc program made of the same code (tests/hooks/change.h). A rule knows some of
// them.
#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "router_world.h"
#include "shapes.h"

namespace tna::differential {
namespace {

const Commands kRoutedRules{
    "nft add table inet fw", "nft add chain inet fw extra",
    "nft add chain inet fw forward { type filter hook forward priority 0 ; }",
    "nft add rule inet fw forward udp dport 4003 counter comment changed",
    "nft add rule inet fw forward jump extra"};
// What the hook makes of packets between stations (random_routed.cpp) belongs to connections.
Commands followed() {
  Commands commands{
      "sysctl -qw net.netfilter.nf_conntrack_tcp_be_liberal=1",
      "nft add rule inet fw forward ct state established udp dport 4003 counter comment followed",
      "nft add rule inet fw forward ct state invalid drop"};
  for (int from = 1; from <= kStations; ++from)
    for (int to = 1; to <= kStations; ++to)
      if (station_home(from) != station_home(to))
        commands.push_back(
            fmt::format("conntrack -I -s {} -d {} -p udp --sport 4000 --dport 4003 -t 500 -u "
                        "SEEN_REPLY,ASSURED",
                        routed_ip_text(station_home(from), station_host(from)),
                        routed_ip_text(station_home(to), station_host(to))));
  return commands;
}

const Commands kFrameRules{
    "nft add table bridge fw", "nft add chain bridge fw extra",
    "nft add chain bridge fw forward { type filter hook forward priority 0 ; }",
    "nft add rule bridge fw forward udp dport 4003 counter comment changed",
    "nft add rule bridge fw forward jump extra"};

struct Row {
  const char* shape;
  Topic topic;
  Commands more;
  const char* called = "";
};
const Row kRows[] = {
    {"router with default routes", Topic::hooked_router, kRoutedRules},
    {"router with default routes", Topic::hooked_router, kRoutedRules + followed(),
     ", which follows connections"},
    {"router with strict sources", Topic::hooked_router, kRoutedRules},
    {"router with a bridge", Topic::hooked_router, kRoutedRules},
    {"one bridge", Topic::hooked_bridge, kFrameRules},
    {"VLAN-aware bridge", Topic::hooked_bridge, kFrameRules},
};

}  // namespace

Shapes hook_shapes(const Shapes& shapes) {
  Shapes made;
  for (const Row& row : kRows) {
    const auto plain = std::ranges::find(shapes, row.shape, &Shape::name);
    if (plain == shapes.end()) continue;
    Shape shape = *plain;
    shape.name += std::string(" with a hook") + row.called;
    shape.commands = shape.commands + row.more;
    shape.topics = {row.topic};
    shape.weight = 1;
    shape.uncertain = true;
    shape.hook = "change";
    made.push_back(std::move(shape));
  }
  return made;
}

}  // namespace tna::differential
