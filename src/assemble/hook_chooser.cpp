// SPDX-License-Identifier: Apache-2.0
#include "assemble/hook_chooser.h"

#include <algorithm>

#include "assemble/peer_gro.h"

namespace tna {

std::string HookChooser::left_to_dispatcher(const Node& node) const {
  const auto id = node.number("xdp.program_id");
  if (!id || !given_.device_of(node).xdp_dispatcher) return {};
  return "XDP is left to libxdp's dispatcher (id " + std::to_string(id) + ")";
}

bool HookChooser::can_xdp(const Node& node, std::string& why) const {
  const DeviceCapabilities& device = given_.device_of(node);
  if (why = left_to_dispatcher(node); !why.empty()) return false;
  if (!given_.capabilities.kernel.has(kFeatureXdp))
    why = given_.capabilities.kernel.detail(kFeatureXdp);
  else if (!given_.capabilities.kernel.has(kFeatureRedirectGuard))
    why = given_.capabilities.kernel.detail(kFeatureRedirectGuard);
  else if (std::ranges::find(node.hooks, "xdp") == node.hooks.end())
    why = node.why;
  else if (!device.native_xdp())
    why = "its driver (" + (device.driver.empty() ? "unknown" : device.driver) +
          ") has no native XDP";
  else if (node.type == "veth" && !device.sender_seen)
    why = "XDP on a veth of this kernel can't see what senders leave to the device (checksums)";
  else if (node.type != "veth" && device.rx_vlan_offload)
    why =
        "the device takes VLAN tags out of received frames (rx-vlan-offload), which XDP can't "
        "see";
  return why.empty();
}
bool HookChooser::can_tc(std::string& why) const {
  if (!given_.capabilities.kernel.has(kFeatureTcx))
    why = given_.capabilities.kernel.detail(kFeatureTcx);
  else if (!given_.capabilities.kernel.has(kFeatureTc))
    why = given_.capabilities.kernel.detail(kFeatureTc);
  return why.empty();
}

bool HookChooser::is_xdp_target(const Node& node) const {
  const DeviceCapabilities& device = given_.device_of(node);
  return node.type != "bond" &&
         (device.redirect_target() || (node.type == "physical" && device.native_xdp()));
}
bool HookChooser::has_xdp_target(const Node& node, bool routes) const {
  return std::ranges::any_of(given_.graph.nodes, [&](const auto& entry) {
    return is_xdp_target(entry.second) && given_.routing.may_send(node, routes, entry.second);
  });
}

void HookChooser::look_at_peers(Plan& plan) const {
  for (auto& [ifindex, interface] : plan.interfaces) {
    const Node& node = given_.graph.nodes.at(ifindex);
    const DeviceCapabilities& device = given_.device_of(node);
    auto done = given_.inputs.peer_gro.find(ifindex);
    const bool tried = done != given_.inputs.peer_gro.end();
    if (!waits_for_peer(node, device) && !tried) continue;
    if (std::ranges::none_of(xdp_senders_, [&](const auto& sender) {
          return given_.routing.may_send(*sender.first, sender.second, node);
        }))
      continue;
    if (given_.inputs.config.peer_gro) plan.peer_gro.insert(ifindex);
    if (std::string about = about_peer(given_.graph, device, given_.inputs.config.peer_gro,
                                       tried ? &done->second : nullptr);
        !about.empty())
      interface.why += "; " + about;
  }
}

void HookChooser::choose_hook(const Node& node, const Node* router, HookChoice choice,
                              InterfacePlan& interface) {
  std::string no_xdp, no_tc;
  bool xdp = can_xdp(node, no_xdp), tc = can_tc(no_tc);
  // On a bridge's port of that kind XDP would cost all frames more than the application gains.
  const bool app = given_.inputs.apps.contains(node.ifindex) && !node.serves(kBridging);
  const bool prefers_xdp = node.hooks.front() == "xdp" || app;
  const bool only_app = app && !router;
  if (xdp && (choice == HookChoice::xdp || (choice == HookChoice::automatic && prefers_xdp)))
    xdp_senders_.emplace_back(&node, router);
  if (choice == HookChoice::xdp) {
    if (!xdp) return leave(interface, "hook = \"xdp\" is configured, but " + no_xdp);
    interface.why = "XDP: configured";
  } else if (only_app && (!xdp || choice == HookChoice::tc)) {
    return leave(interface, "applications ask for packets (" + given_.inputs.apps.at(node.ifindex) +
                                "), which takes XDP, but " +
                                (xdp ? "hook = \"tc\" is configured" : no_xdp));
  } else if (choice == HookChoice::tc) {
    if (!tc) return leave(interface, "hook = \"tc\" is configured, but " + no_tc);
    interface.why = "tc: configured";
  } else if (app && xdp) {
    interface.why = "XDP: applications take it";
  } else if (node.hooks.front() == "xdp" && xdp && has_xdp_target(node, router)) {
    interface.why = "XDP: the driver (" + given_.device_of(node).driver + ") has it, and other " +
                    (node.serves(kRouting) ? "interfaces" : "ports") + " take redirected frames";
  } else if (node.serves(kRouting)) {
    const std::string why = node.hooks.front() == "tc" ? node.why
                            : !xdp                     ? no_xdp
                                   : "no other interface of the router takes redirected frames";
    const Node* below = given_.graph.related(node.ifindex, kOnTopOf);
    return leave(interface, "routing by tc gains nothing over Linux so far; no XDP: " + why +
                                (node.type == "vlan" && below
                                     ? "; what comes in there by XDP is routed at " + below->name
                                     : ""));
  } else if (tc) {
    interface.why = node.hooks.front() == "tc" ? "tc: " + node.why
                    : !xdp                     ? "tc: " + no_xdp
                           : "tc: no other port of the bridge takes redirected frames";
  } else {
    return leave(interface, no_tc);
  }
  bool is_xdp = interface.why.starts_with("XDP");
  interface.program.hook = is_xdp ? Hook::xdp : Hook::tc;
  interface.native = is_xdp;
}

}  // namespace tna
