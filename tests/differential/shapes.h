// SPDX-License-Identifier: Apache-2.0
// Shapes of worlds: what makes the device more than one bridge with a few ports. A shape is a list
// of commands at the beginning of a case, so a case file says all about its world.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/net_types.h"
#include "base/result.h"

namespace tna::differential {

using Commands = std::vector<std::string>;
Commands operator+(Commands first, const Commands& second);

// What there is in a world that commands may be about: rows of the settings are chosen by it.
enum class Topic {
  router,
  router_vlans,
  routing,
  two_bridges,
  vlans,
  spanning_tree,
  snooping,
  firewall,
  iptables_nft,
  iptables_legacy,
  connections,
  dialogues,
  forgotten,
  untracked,
  bridge_rules,
  hooked_router,
  hooked_bridge
};

// What connections somebody opens in a world (translations.h).
class Random;
struct Connection;
using Opens = Connection (*)(Random&, bool v6, unsigned port);

// A bridge of a router, which has the addresses of its ports' networks.
struct RoutedBridge {
  std::string name;
  Mac address;
  std::vector<int> ports;
};

// A network of a router that is a VLAN: the stations of that port are behind the cable of another,
// or the same, and the router's interface to them is a VLAN device.
struct RoutedVlan {
  int network;  // by its stations' port
  std::string name, below;
  unsigned vid;
  int cable;              // port that their frames come in by
  bool tagged = true;     // they do, with the tag
  bool provider = false;  // of 802.1ad
};

struct Shape {
  unsigned weight;
  std::string name;
  Commands commands;
  std::vector<Topic> topics;
  int ports = 3;               // at least
  bool uncertain = false;      // the kernel may lack something: to be tried
  unsigned tagged = 10;        // percent of the frames
  bool provider_tags = false;  // most tags are of 802.1ad
  bool router = false;         // its ports are those of a router, not of a bridge
  bool dialogues = false;      // of a router: its stations hold connections, which it follows
  Opens opens = nullptr;       // which
  bool strays = false;         // among them are TCP segments that are out of any window
  unsigned routed = 2;  // percent of the frames that are for the device or to be routed by it
  std::vector<RoutedBridge> bridges{};  // of a router
  std::string vrf{};                    // of a router: it takes interfaces down and up again
  std::vector<RoutedVlan> vlans{};      // the same
  std::string hook{};                   // that there is (tests/hooks); taps would see what it does

  bool has(Topic topic) const;
  const RoutedBridge* bridge_of(int port) const;
  const RoutedVlan* vlan_of(int port) const;
  int cable_of(int port) const;
  // What has the addresses of a router's network: the port, its bridge or VLAN device; and its MAC.
  std::string routed_device(int port) const;
  Mac router_mac(int port) const;
};

using Shapes = std::vector<Shape>;

// The bridge filters VLANs: 1, 5, 6.
Commands filter_vlans();

std::span<const Shape> router_shapes();
// Such a router with rules.
Shapes firewall_shapes(const Shape& router);
// The same by iptables.
Shapes iptables_shapes(const Shape& router);
// Such a router that follows connections.
Shapes nat_shapes(const Shape& router);
// Such a router whose stations hold connections.
Shapes dialogue_shapes(const Shape& router);
// Routers with the rule sets of well-known programs, whose stations do, too.
Shapes rule_set_shapes();
// Bridges with rules on what passes them.
Shapes bridge_rules_shapes();
// Some of these with a hook that changes packets.
Shapes hook_shapes(const Shapes& shapes);

// Those whose name contains `text` and that the running kernel can; it is told which are left out.
// Those with hooks, which older kernels don't have, are there where `text` asks for them. The
// worlds in which that is tried are named `world`.
Result<Shapes> possible_shapes(const std::string& text, const std::string& world);

}  // namespace tna::differential
