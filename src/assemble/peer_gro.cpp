// SPDX-License-Identifier: Apache-2.0
#include "assemble/peer_gro.h"

namespace tna {

bool waits_for_peer(const Node& node, const DeviceCapabilities& device) {
  return node.type == "veth" && device.peer && !device.redirect_target();
}

std::string about_peer(const Graph& graph, const DeviceCapabilities& device, bool allowed,
                       const PeerGro* done) {
  if (done && done->failure.empty()) return "peer_gro: GRO was switched on at its other end";
  if (done) return "takes no frames by XDP; peer_gro: " + done->failure;
  if (allowed) return {};  // about to be switched on
  const Node* peer = device.peer_netnsid ? nullptr : graph.find(device.peer);
  const std::string name = peer ? peer->name : "PEER";
  return "takes no frames by XDP until its other end (" +
         (peer ? name : "interface " + std::to_string(device.peer) + " of another namespace") +
         ") has GRO on: `ethtool -K " + name + " gro on`" + (peer ? "" : " there") +
         ", or peer_gro = true in tna.toml";
}

}  // namespace tna
