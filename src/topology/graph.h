// SPDX-License-Identifier: Apache-2.0
// TNA graph: what is stacked on what, which services that makes, and what stands in the way.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/net_types.h"
#include "topology/knowledge.h"
#include "topology/route_facts.h"
#include "topology/store.h"

namespace tna {

// The service is wanted of the node; `because` is a clause for people.
struct Service {
  std::string name;  // "bridging", "local delivery", "routing", ...
  std::string because;
  bool operator==(const Service&) const = default;
};

// A module of the fast path that the node's services need.
struct ModuleUse {
  std::string name;  // "fdb"
  std::int64_t order = 0;
  std::string service;
  std::string fact;  // if not empty: needed only while this holds ("br_netfilter")
  std::string because;
  bool operator==(const ModuleUse&) const = default;
};

// Something not modelled: the node's packets stay with Linux. Taken over by the nodes that a
// row of knowledge says (a blocker on a bridge reaches its ports).
struct Blocker {
  std::string name;    // "vlan_filtering"
  std::string reason;  // "br0 filters VLANs, which TNA does not do yet"
  bool operator==(const Blocker&) const = default;
};

// Good to know, stops nothing: "frames to it stay with Linux: it shapes (htb)".
struct Note {
  std::string name, text;
  bool operator==(const Note&) const = default;
};

struct Node {
  IfIndex ifindex = 0;
  std::string name;
  std::string type;  // knowledge's node type: "bridge", "veth", "physical", "vlan", ... or the kind
  bool up = false;   // set up by the administrator; carrier is read by the fast path
  Mac address;
  std::uint32_t mtu = 0;
  std::vector<std::string> roles;  // "bridge-port", ...
  std::vector<std::string> hooks;  // "tc", "xdp": where a fast path fits, the preferred one first
  std::string why;                 // why there is no other hook, or none
  // By the names that knowledge/*.toml gives: "vlan_filtering", "port.isolated", "xdp.program_id".
  // Without those that change by themselves: the fast path reads them live.
  std::map<std::string, AttributeValue> attributes;
  std::vector<Service> services;
  std::vector<ModuleUse> modules;  // by order; each once
  std::vector<Blocker> blockers;
  std::vector<Note> notes;
  bool operator==(const Node&) const = default;

  // The attribute as a number, 0 where it is absent or text.
  std::int64_t number(const std::string& attribute) const;
  // The attribute as text, empty where it is absent or a number.
  std::string text(const std::string& attribute) const;
  bool serves(const std::string& service) const;
  bool is(const std::string& type_or_role) const;
};

// from stands on, belongs to or is connected with to.
struct Edge {
  IfIndex from = 0, to = 0;
  std::string relation;  // "port of", "on top of", "peer of", "member of"
  std::string stands;    // from is "above", "below" or "beside" to
  auto operator<=>(const Edge&) const = default;
};

struct Graph {
  std::map<IfIndex, Node> nodes;
  std::vector<Edge> edges;  // sorted
  RouteFacts routes;
  bool operator==(const Graph&) const = default;

  const Node* find(IfIndex ifindex) const;
  const Node* find(const std::string& name) const;
  // The node that `from` has the relation to, nullptr where there is none.
  const Node* related(IfIndex from, const std::string& relation) const;
};

// A function of its arguments. Attributes without a row in the knowledge are left out.
Graph build(const Store&, const Knowledge&);

}  // namespace tna
