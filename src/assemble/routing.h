// SPDX-License-Identifier: Apache-2.0
// What of a router's work can be done fast: by which interfaces packets may come in, by which
// bridges they may leave, and why not by others.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "assemble/plan.h"
#include "capabilities/capabilities.h"
#include "topology/graph.h"

namespace tna {

inline constexpr char kBridging[] = "bridging";
inline constexpr char kRouting[] = "routing";
inline constexpr char kPortOf[] = "port of";
inline constexpr char kOnTopOf[] = "on top of";

class Routing {
 public:
  Routing(const Graph& graph, const Capabilities& capabilities, const Firewall& firewall);

  // Whether packets of that family (4 or 6) that IP gets from the device can be routed fast; `why`
  // says why not.
  bool routes(const Node& device, int version, std::string& why) const;
  // Why none that it gets can be, empty: some can.
  std::string why_not(const Node& device) const;
  // Why its ports can't route what is for the bridge itself. Empty: they can.
  std::string why_not_up(const Node& bridge) const;
  // It has an address, and is not only what VLAN devices that route stand on.
  bool by_itself(const Node& device) const;
  // VLAN devices on it route.
  bool for_vlans(const Node& device) const;
  // Packets may be sent by a port of the bridge, which its FDB tells.
  bool sends_by(const Node& bridge) const;
  // They may by one of some bridge, to which they come from the other, which may be nullptr.
  bool sends_by_another(const Node* bridge) const;
  // What comes in by the one, and is routed or not, may leave by the other.
  bool may_send(const Node& node, bool routes, const Node& other) const;
  // They may be sent with a VLAN's tag: by a VLAN device, or in the VLAN of a bridge.
  bool sends_tagged() const;

 private:
  // VLAN devices with an address, by the device below.
  const std::vector<const Node*>& vlans_on(const Node& device) const;

  const Graph& graph_;
  const Capabilities& capabilities_;
  const Firewall& firewall_;
  std::map<IfIndex, std::vector<const Node*>> vlans_;
};

}  // namespace tna
