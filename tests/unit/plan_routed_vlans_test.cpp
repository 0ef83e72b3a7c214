// SPDX-License-Identifier: Apache-2.0
// Plans of routers whose networks are VLANs.
#include "unit/planned.h"

namespace tna {
namespace {

using test::plan_of;
using test::Planned;

constexpr char kStick[] =
    "link eth0 \n link eth0.10 kind=vlan lower=eth0 \n link eth0.20 kind=vlan lower=eth0 \n"
    "address eth0.10 192.0.2.1/24 \n address eth0.20 203.0.113.1/24 \n"
    "netconf eth0.10 ipv4 forwarding=1 \n netconf eth0.20 ipv4 forwarding=1";

// br0 filters VLANs and has an address in two of them.
constexpr char kAware[] =
    "bridge br0 vlan_filtering=1 \n port eth0 br0 \n port eth1 br0 \n"
    "link br0.10 kind=vlan lower=br0 \n link br0.20 kind=vlan lower=br0 \n"
    "address br0.10 192.0.2.1/24 \n address br0.20 203.0.113.1/24 \n"
    "netconf br0.10 ipv6 forwarding=1 \n netconf br0.20 ipv6 forwarding=1";

TEST(PlanRoutedVlans, RouterOnAStick) {
  Planned p = plan_of(kStick);
  EXPECT_EQ(p.modules("eth0"),
            "guards parse_l2 vlan_up route_ingress parse_l3 fib route_forward vlan_xmit");
  const tna_const& constants = p["eth0"].program.constants;
  EXPECT_EQ(constants.vlan_up, 1);
  EXPECT_EQ(constants.vlan_xmit, 1);
  EXPECT_EQ(constants.route4, 1) << "eth0 itself does not forward";
  EXPECT_EQ(constants.route6, 0);
  EXPECT_NE(p.left("eth0.10").find("what comes in there by XDP is routed at eth0"),
            std::string::npos)
      << p.left("eth0.10");
}

TEST(PlanRoutedVlans, InterfacesBesideAStick) {
  Planned p = plan_of(std::string(kStick) +
                      " \n link eth1 \n address eth1 198.51.100.1/24 \n"
                      "netconf eth1 ipv4 forwarding=1");
  EXPECT_EQ(p.modules("eth1"),
            "guards parse_l2 route_ingress parse_l3 fib route_forward vlan_xmit");
  EXPECT_EQ(p["eth1"].program.constants.vlan_up, 0) << "it has no VLAN devices";
}

TEST(PlanRoutedVlans, RouterWithoutVlansDoesNotPay) {
  Planned p = plan_of(
      "link eth0 \n link eth1 \n address eth0 192.0.2.1/24 \n address eth1 203.0.113.1/24 \n"
      "netconf eth0 ipv4 forwarding=1 \n netconf eth1 ipv4 forwarding=1");
  EXPECT_EQ(p.modules("eth0"), "guards parse_l2 route_ingress parse_l3 fib route_forward");
  EXPECT_EQ(p["eth0"].program.constants.vlan_up | p["eth0"].program.constants.vlan_xmit, 0);
}

TEST(PlanRoutedVlans, ByXdpOnly) {
  EXPECT_EQ(plan_of(kStick, {.hook_override = HookChoice::tc}).left("eth0"),
            "what is routed for VLAN devices on eth0 is done by XDP only");
  Planned p = plan_of(kAware, {.hook_override = HookChoice::tc});
  EXPECT_EQ(p["eth0"].program.constants.route6, 0);
  EXPECT_NE(p.why("eth0").find("what br0 routes in its VLANs is left to Linux"), std::string::npos)
      << p.why("eth0");
}

TEST(PlanRoutedVlans, BridgeThatFiltersVlans) {
  Planned p = plan_of(kAware);
  EXPECT_EQ(p.modules("eth0"),
            "guards parse_l2 bridge_ingress vlan_ingress learning fdb vlan_egress bridge_forward "
            "bridge_up vlan_up route_ingress parse_l3 fib route_forward vlan_xmit bridge_xmit");
  EXPECT_EQ(p["eth0"].program.constants.route6, 1);
  EXPECT_EQ(p["eth0"].program.constants.route4, 0);
}

TEST(PlanRoutedVlans, AddressOnTheBridgeItself) {
  Planned p = plan_of(
      "bridge br0 vlan_filtering=1 \n port eth0 br0 \n port eth1 br0 \n link eth2 \n"
      "address br0 192.0.2.1/24 \n address eth2 203.0.113.1/24 \n"
      "netconf br0 ipv4 forwarding=1 \n netconf eth2 ipv4 forwarding=1");
  EXPECT_EQ(p["eth0"].program.constants.vlan_up, 1) << "frames of its PVID may have a tag";
  EXPECT_EQ(p["eth0"].program.constants.bridge_xmit, 0);
  EXPECT_EQ(p["eth2"].program.constants.vlan_xmit, 1);
  EXPECT_EQ(p["eth2"].program.constants.bridge_xmit, 1);
  EXPECT_EQ(p["eth2"].program.constants.vlan_up, 0);
}

TEST(PlanRoutedVlans, VlanDevicesOfAPlainBridge) {
  std::string plain = kAware;
  plain.replace(0, 27, "bridge br0");
  Planned p = plan_of(plain);
  EXPECT_EQ(p.modules("eth0"),
            "guards parse_l2 bridge_ingress learning fdb bridge_forward bridge_up vlan_up "
            "route_ingress parse_l3 fib route_forward vlan_xmit bridge_xmit");
}

}  // namespace
}  // namespace tna
