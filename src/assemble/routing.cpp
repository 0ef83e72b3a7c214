// SPDX-License-Identifier: Apache-2.0
#include "assemble/routing.h"

#include <algorithm>

#include "assemble/guard.h"

namespace tna {
namespace {

bool has_address(const Node& device) {
  return !device.text("address").empty();
}

}  // namespace

Routing::Routing(const Graph& graph, const Capabilities& capabilities, const Firewall& firewall)
    : graph_(graph), capabilities_(capabilities), firewall_(firewall) {
  for (const Edge& edge : graph.edges) {
    const Node& upper = graph.nodes.at(edge.from);
    if (edge.relation == kOnTopOf && upper.type == "vlan" && has_address(upper))
      vlans_[edge.to].push_back(&upper);
  }
}

const std::vector<const Node*>& Routing::vlans_on(const Node& device) const {
  static const std::vector<const Node*> kNone;
  const auto found = vlans_.find(device.ifindex);
  return found == vlans_.end() ? kNone : found->second;
}

bool Routing::by_itself(const Node& device) const {
  return has_address(device);
}

bool Routing::for_vlans(const Node& device) const {
  return std::ranges::any_of(vlans_on(device),
                             [](const Node* vlan) { return vlan->serves(kRouting); });
}

bool Routing::routes(const Node& device, int version, std::string& why) const {
  const std::string forwarding = "ipv" + std::to_string(version) + ".forwarding";
  if (!device.number(forwarding) && std::ranges::none_of(vlans_on(device), [&](const Node* vlan) {
        return vlan->number(forwarding);
      }))
    return false;
  std::string reason = rules_on_routed_ip(capabilities_.netfilter, firewall_, version);
  if (version == 4 && reason.empty() && !graph_.routes.several_defaults.empty())
    reason = graph_.routes.several_defaults +
             ", among which Linux chooses by the state of their gateways";
  if (!reason.empty()) why = reason;
  return reason.empty();
}

std::string Routing::why_not(const Node& device) const {
  if (!capabilities_.kernel.has(kFeatureTypedReads))
    return "routing needs " + std::string(kFeatureTypedReads) + ": " +
           capabilities_.kernel.detail(kFeatureTypedReads);
  std::string why;
  return routes(device, 4, why) || routes(device, 6, why) ? "" : why;
}

std::string Routing::why_not_up(const Node& bridge) const {
  if (!bridge.blockers.empty()) return bridge.blockers.front().reason;
  if (std::string reason = rules_on_bridge_itself(capabilities_.netfilter); !reason.empty())
    return reason;
  return why_not(bridge);
}

bool Routing::sends_by(const Node& bridge) const {
  return bridge.type == "bridge" && (has_address(bridge) || !vlans_on(bridge).empty()) &&
         rules_on_bridge_itself(capabilities_.netfilter).empty();
}

bool Routing::may_send(const Node& node, bool routes, const Node& other) const {
  if (&other == &node) return routes && for_vlans(node);
  const Node* beside = graph_.related(other.ifindex, kPortOf);
  if (beside && beside == graph_.related(node.ifindex, kPortOf)) return true;
  return routes && (beside ? sends_by(*beside) : other.serves(kRouting));
}

bool Routing::sends_by_another(const Node* bridge) const {
  return std::ranges::any_of(graph_.nodes, [&](const auto& entry) {
    const Node& to = entry.second;
    return sends_by(to) && (&to != bridge || !vlans_on(to).empty());
  });
}

bool Routing::sends_tagged() const {
  return !vlans_.empty() || std::ranges::any_of(graph_.nodes, [&](const auto& entry) {
    return sends_by(entry.second) && entry.second.number("vlan_filtering");
  });
}

}  // namespace tna
