// SPDX-License-Identifier: Apache-2.0
#include <linux/if_bridge.h>

#include "introspect/decode.h"
#include "unit/recorded.h"

namespace tna {
namespace {

TEST(DecodeBridgeVlans, Range) {
  const auto vlans = decode_bridge_vlans(recorded("vlan_range"));
  ASSERT_EQ(vlans.size(), 1u);
  EXPECT_EQ(vlans[0].vid, 10);
  EXPECT_EQ(vlans[0].vid_end, 20);
  EXPECT_EQ(vlans[0].flags & (BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED), 0);
  EXPECT_EQ(vlans[0].state, BR_STATE_FORWARDING);
}

TEST(DecodeBridgeVlans, OneAloneIsARangeOfOne) {
  const auto vlans = decode_bridge_vlans(recorded("vlan_pvid"));
  ASSERT_EQ(vlans.size(), 1u);
  EXPECT_EQ(vlans[0].vid, 30);
  EXPECT_EQ(vlans[0].vid_end, 30);
  EXPECT_EQ(vlans[0].flags, BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED);
}

TEST(DecodeBridgeVlans, RemovedOneOnlyConcernsThePort) {
  EXPECT_TRUE(decode_bridge_vlans(recorded("vlan_gone")).empty());
  EXPECT_EQ(concerned_vlans(recorded("vlan_gone")),
            decode_bridge_vlans(recorded("vlan_range"))[0].ifindex);
}

}  // namespace
}  // namespace tna
