// SPDX-License-Identifier: Apache-2.0
#include <linux/if_bridge.h>
#include <linux/rtnetlink.h>

#include "introspect/decode.h"

namespace tna {
namespace {

std::optional<BridgeVlan> entry(IfIndex ifindex, Bytes nested) {
  const Attributes attributes(nested);
  bool good = attributes.well_formed();
  BridgeVlan vlan{.ifindex = ifindex};
  bridge_vlan_info info{};
  for (auto [type, payload] : attributes) {
    switch (type) {
      case BRIDGE_VLANDB_ENTRY_INFO:
        good &= take(payload, info);
        break;
      case BRIDGE_VLANDB_ENTRY_RANGE:
        good &= take(payload, vlan.vid_end);
        break;
      case BRIDGE_VLANDB_ENTRY_STATE:
        good &= take(payload, vlan.state);
        break;
    }
  }
  vlan.vid = info.vid;
  vlan.flags = info.flags;
  if (vlan.vid_end == 0) vlan.vid_end = vlan.vid;
  if (!good || vlan.vid == 0 || vlan.vid_end < vlan.vid) return std::nullopt;
  return vlan;
}

std::optional<br_vlan_msg> header(const std::optional<Message>& message) {
  if (!message) return std::nullopt;
  auto info = leading<br_vlan_msg>(message->payload);
  if (!info || info->ifindex == 0) return std::nullopt;
  return info;
}

}  // namespace

std::vector<BridgeVlan> decode_bridge_vlans(Bytes bytes) {
  auto message = parse_message(bytes);
  auto info = header(message);
  if (!info || message->header.nlmsg_type != RTM_NEWVLAN) return {};
  std::vector<BridgeVlan> vlans;
  const Attributes attributes(following<br_vlan_msg>(message->payload));
  if (!attributes.well_formed()) return {};
  for (auto [type, payload] : attributes) {
    if (type != BRIDGE_VLANDB_ENTRY) continue;
    if (auto vlan = entry(info->ifindex, payload)) vlans.push_back(*vlan);
  }
  return vlans;
}

std::optional<IfIndex> concerned_vlans(Bytes bytes) {
  auto message = parse_message(bytes);
  auto info = header(message);
  if (!info) return std::nullopt;
  const std::uint16_t type = message->header.nlmsg_type;
  if (type != RTM_NEWVLAN && type != RTM_DELVLAN) return std::nullopt;
  return info->ifindex;
}

}  // namespace tna
