// SPDX-License-Identifier: Apache-2.0
#include "topology/graph.h"

#include <gtest/gtest.h>

#include "unit/world.h"

namespace tna {
namespace {

using test::graph;
using test::names;

std::string reasons(const Graph& g, const std::string& node) {
  std::string all;
  for (const Blocker& blocker : g.find(node)->blockers) all += blocker.reason + "\n";
  return all;
}

std::string edges(const Graph& g) {
  std::string all;
  for (const Edge& edge : g.edges)
    all += g.find(edge.from)->name + " " + edge.relation + " " + g.find(edge.to)->name + "\n";
  return all;
}

TEST(Graph, Empty) {
  EXPECT_EQ(graph(""), Graph{});
}

TEST(Graph, BridgeWithPorts) {
  const Graph g = graph("bridge br0 \n port eth0 br0 \n port veth0 br0 kind=veth up=0 mtu=9000");
  EXPECT_EQ(edges(g), "eth0 port of br0\nveth0 port of br0\n");
  const Node* port = g.find("veth0");
  EXPECT_EQ(port->type, "veth");
  EXPECT_FALSE(port->up);
  EXPECT_EQ(port->mtu, 9000u);
  EXPECT_TRUE(port->is("bridge-port"));
  EXPECT_EQ(names(port->services), "bridging");
  EXPECT_EQ(g.find("eth0")->type, "physical");
  EXPECT_EQ(g.related(port->ifindex, "port of"), g.find("br0"));
  EXPECT_EQ(g.related(port->ifindex, "peer of"), nullptr);
  EXPECT_TRUE(g.find("br0")->services.empty());
  EXPECT_FALSE(g.find("br0")->why.empty());
}

TEST(Graph, HooksByKindAndHardware) {
  const Graph g = graph(R"(
    link eth0
    link veth0 kind=veth
    link tap0 kind=tun
    link tun0 kind=tun hardware=65534
    link lo hardware=772
    link new0 kind=newkind
    link ib0 hardware=32
    link bond0 kind=bond
    link team0 kind=team
    link bond0.10 kind=vlan lower=bond0)");
  const auto hooks = [&](const char* name) {
    std::string all;
    for (const std::string& hook : g.find(name)->hooks) all += hook + " ";
    return g.find(name)->type + ": " + all;
  };
  EXPECT_EQ(hooks("eth0"), "physical: xdp tc ");
  EXPECT_EQ(hooks("veth0"), "veth: tc xdp ");
  EXPECT_EQ(hooks("tap0"), "tap: tc ");
  EXPECT_EQ(hooks("bond0"), "bond: tc ");
  EXPECT_EQ(hooks("team0"), "team: tc ");
  EXPECT_EQ(hooks("bond0.10"), "vlan: tc ");
  EXPECT_EQ(hooks("tun0"), "tun: ");
  EXPECT_EQ(hooks("lo"), "loopback: ");
  EXPECT_EQ(hooks("new0"), "newkind: ");
  EXPECT_EQ(hooks("ib0"), "other: ");
  EXPECT_EQ(g.find("new0")->why, "TNA does not know this kind of device");
}

TEST(Graph, AttributesHaveTheNamesOfIp) {
  const Graph g = graph(
      "bridge br0 vlan_protocol=34984 ageing_time=30000 mst_enabled=1 hello_timer=5 \n"
      "port eth0 br0 isolated=1 backup_port=7 state=3 xdp=42 switch_id=0a0b");
  const Node* br0 = g.find("br0");
  EXPECT_EQ(br0->number("vlan_protocol"), 0x88a8);
  EXPECT_EQ(br0->number("ageing_time"), 30000);
  EXPECT_EQ(br0->number("mst_enabled"), 1);
  EXPECT_EQ(br0->number("mcast_vlan_snooping"), 0);
  EXPECT_FALSE(br0->attributes.contains("hello_timer")) << "changes by itself";
  const Node* eth0 = g.find("eth0");
  EXPECT_EQ(eth0->number("port.isolated"), 1);
  EXPECT_EQ(eth0->number("port.backup_port"), 7);
  EXPECT_FALSE(eth0->attributes.contains("port.state"));
  EXPECT_EQ(eth0->number("xdp.program_id"), 42);
  EXPECT_EQ(eth0->text("switch_id"), "0a0b");
  EXPECT_EQ(eth0->number("switch_id"), 0) << "is a text";
  EXPECT_EQ(eth0->text("xdp.program_id"), "") << "is a number";
}

TEST(Graph, ShortPayloadIsNoAttribute) {
  Store store = test::world("bridge br0 ageing_time=30000");
  store.links.at(1).info[4].resize(3);
  const Graph g = build(store, test::knowledge());
  EXPECT_FALSE(g.find("br0")->attributes.contains("ageing_time"));
}

TEST(Graph, TextMacAndBridgeId) {
  Store store = test::world("bridge br0");
  for (int i : {0, 1, 2, 3, 4, 0xf}) store.links.at(1).info[20].push_back(std::byte(i));
  EXPECT_EQ(build(store, test::knowledge()).find("br0")->text("group_addr"), "00:01:02:03:04:0f");
}

TEST(Graph, PeersOfVethsInThisNamespace) {
  Store store = test::world(
      "link a kind=veth \n link b kind=veth lower=a \n link c kind=veth lower=a elsewhere=1");
  store.links.at(1).lower = 2;
  const Graph g = build(store, test::knowledge());
  EXPECT_EQ(edges(g), "a peer of b\nb peer of a\n");
  EXPECT_EQ(g.find("c")->number("lower_elsewhere"), 1);
}

TEST(Graph, StackedDevices) {
  const Graph g = graph(R"(
    link eth0
    link eth0.10 kind=vlan lower=eth0 vlan_id=10
    link bond0 kind=bond
    link eth1 master=bond0 slave_kind=bond)");
  EXPECT_EQ(edges(g), "eth0.10 on top of eth0\neth1 member of bond0\n");
  EXPECT_EQ(g.find("eth0.10")->number("vlan_id"), 10);
}

TEST(Graph, LinkToSomethingUnknownIsNoEdge) {
  Store store = test::world("link eth0 \n link eth1");
  store.links.at(1).master = 77;
  store.links.at(2).lower = 2;  // itself
  EXPECT_EQ(edges(build(store, test::knowledge())), "");
}

TEST(Graph, AddressMeansLocalDelivery) {
  const Graph g = graph("bridge br0 \n address br0 192.0.2.1/24 \n address br0 2001:db8::1/64");
  EXPECT_EQ(names(g.find("br0")->services), "local delivery");
  EXPECT_EQ(g.find("br0")->text("address"), "192.0.2.1/24 2001:db8::1/64");
}

TEST(Graph, ForwardingAndAddressMeanRouting) {
  const std::string base = "bridge br0 \n link eth0 \n address br0 192.0.2.1/24 \n";
  EXPECT_EQ(names(graph(base + "netconf br0 ipv4 forwarding=1").find("br0")->services),
            "local delivery routing");
  EXPECT_EQ(names(graph(base + "netconf br0 ipv6 forwarding=1 \n netconf br0 ipv4 forwarding=1")
                      .find("br0")
                      ->services),
            "local delivery routing")
      << "once";
  EXPECT_EQ(names(graph(base + "netconf br0 ipv4 forwarding=0").find("br0")->services),
            "local delivery");
  EXPECT_EQ(names(graph(base + "netconf eth0 ipv4 forwarding=1").find("eth0")->services), "")
      << "no address";
}

TEST(Graph, WhatBelongsToAnotherDeviceDoesNotRoute) {
  const std::string routing = "address eth0 192.0.2.1/24 \n netconf eth0 ipv4 forwarding=1";
  EXPECT_EQ(
      names(graph("link eth0 \n " + routing).find("eth0")->modules),
      "guards parse_l2 vlan_up route_ingress parse_l3 xsk fib route_forward vlan_xmit bridge_xmit");
  EXPECT_FALSE(graph("bridge br0 \n port eth0 br0 \n" + routing).find("eth0")->serves("routing"));
  EXPECT_FALSE(graph("link t kind=team \n link eth0 master=t \n " + routing)
                   .find("eth0")
                   ->serves("routing"));
  EXPECT_TRUE(graph("link v kind=vrf \n link eth0 master=v slave_kind=vrf \n " + routing)
                  .find("eth0")
                  ->serves("routing"))
      << "a VRF has a routing table for it";
}

TEST(Graph, WhatVlanDevicesStandOnRoutesForThem) {
  const std::string routing =
      "link eth0.10 kind=vlan lower=eth0 \n address eth0.10 192.0.2.1/24 \n "
      "netconf eth0.10 ipv4 forwarding=1";
  EXPECT_TRUE(graph("link eth0 \n " + routing).find("eth0")->serves("routing"));
  EXPECT_FALSE(graph("bridge br0 \n port eth0 br0 \n " + routing).find("eth0")->serves("routing"));
  EXPECT_FALSE(graph("link eth0 \n link eth0.10 kind=vlan lower=eth0 \n "
                     "address eth0.10 192.0.2.1/24")
                   .find("eth0")
                   ->serves("routing"))
      << "it does not route";
  const Graph two = graph(
      "link eth0 \n link eth0.10 kind=vlan lower=eth0 \n "
      "link q kind=vlan lower=eth0.10 \n address q 192.0.2.1/24 \n "
      "netconf q ipv4 forwarding=1");
  EXPECT_FALSE(two.find("eth0")->serves("routing")) << "a VLAN device on another";
  EXPECT_FALSE(two.find("eth0.10")->serves("routing"));
}

TEST(Graph, ModulesOfABridgePort) {
  const Graph g = graph("bridge br0 \n port eth0 br0 \n port eth1 br0 \n link eth2");
  EXPECT_EQ(names(g.find("eth0")->modules),
            "guards parse_l2 bridge_ingress learning fdb bridge_nf bridge_forward");
  EXPECT_EQ(names(g.find("br0")->modules), "");
  EXPECT_EQ(names(g.find("eth2")->modules), "");
  for (const ModuleUse& use : g.find("eth0")->modules) {
    EXPECT_EQ(use.fact, use.name == "bridge_nf" ? "br_netfilter" : "") << use.name;
    EXPECT_FALSE(use.because.empty()) << use.name;
  }
}

TEST(Graph, SuppressionOnOnePortConcernsAllPortsOfThatBridge) {
  for (const std::string option :
       {"neigh_suppress", "neigh_vlan_suppress", "proxy_arp", "proxy_arp_wifi"}) {
    const Graph g = graph("bridge br0 \n bridge br1 \n port eth0 br0 \n port eth1 br0 " + option +
                          "=1 \n port eth2 br1");
    const std::string all =
        "guards parse_l2 bridge_ingress suppress learning fdb bridge_nf bridge_forward";
    EXPECT_EQ(names(g.find("eth0")->modules), all) << option;
    EXPECT_EQ(names(g.find("eth1")->modules), all) << option;
    EXPECT_EQ(names(g.find("eth2")->modules).find("suppress"), std::string::npos) << option;
  }
  const Graph both = graph("bridge br0 \n port eth0 br0 proxy_arp=1 neigh_suppress=1");
  EXPECT_EQ(both.find("eth0")->modules.size(), 8u) << "once";
}

TEST(Graph, VlanModulesAreThosePortsWhoseBridgeFiltersVlans) {
  const Graph g =
      graph("bridge br0 vlan_filtering=1 \n port eth0 br0 \n bridge br1 \n port eth1 br1");
  EXPECT_EQ(names(g.find("eth0")->modules),
            "guards parse_l2 bridge_ingress vlan_ingress learning fdb vlan_egress bridge_nf "
            "bridge_forward");
  EXPECT_EQ(names(g.find("eth1")->modules).find("vlan"), std::string::npos);
  EXPECT_EQ(names(g.find("br0")->modules), "");
}

TEST(Graph, BlockerOfABridgeReachesItsPorts) {
  const Graph g =
      graph("bridge br0 vlan_stats_enabled=1 \n port eth0 br0 \n bridge br1 \n port eth1 br1");
  const std::string reason =
      "br0 counts packets by VLAN (vlan_stats_enabled), which Linux alone can do\n";
  EXPECT_EQ(reasons(g, "br0"), reason);
  EXPECT_EQ(reasons(g, "eth0"), reason);
  EXPECT_EQ(reasons(g, "eth1"), "");
  EXPECT_EQ(reasons(graph("bridge br0 vlan_stats_enabled=0"), "br0"), "");
}

struct Blocked {
  const char *world, *blockers, *notes;
};

class GraphBlocker : public testing::TestWithParam<Blocked> {};

TEST_P(GraphBlocker, OfEth0) {
  const Graph g = graph(GetParam().world);
  EXPECT_EQ(names(g.find("eth0")->blockers), GetParam().blockers);
  EXPECT_EQ(names(g.find("eth0")->notes), GetParam().notes);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, GraphBlocker,
    testing::ValuesIn(std::vector<Blocked>{
        {"bridge br0 stp_state=1 \n port eth0 br0 isolated=1 locked=1 hairpin=1 learning=0", "",
         ""},
        {"bridge br0 mst_enabled=1 \n port eth0 br0", "", ""},
        {"bridge br0 no_linklocal_learn=1 \n port eth0 br0", "", ""},
        {"bridge br0 \n port eth0 br0 vlan_tunnel=1", "vlan_tunnel", ""},
        {"bridge br0 \n port eth0 br0 backup_port=5", "", "backup_port"},
        {"bridge br0 \n port eth0 br0 switch_id=01", "hardware_switch", ""},
        {"bridge br0 \n port eth0 br0 \n link eth0.5 kind=vlan lower=eth0", "", "vlan_on_port"},
        {"bridge br0 \n port eth0 br0 \n link m kind=macvlan lower=eth0", "macvlan_on_top", ""},
        {"bridge br0 \n port eth0 br0 \n link i kind=ipvlan lower=eth0", "ipvlan_on_top", ""},
        {"bridge br0 \n port eth0 br0 \n link v kind=vxlan lower=eth0", "", ""},
        {"bridge br0 \n port eth0 br0 \n link b.5 kind=vlan lower=br0", "", ""},
        {"link eth0 \n link eth0.5 kind=vlan lower=eth0", "", ""},
        {"link eth0 \n qdisc eth0 clsact", "", ""},
        {"link eth0 \n qdisc eth0 clsact \n filter eth0 ingress", "tc_ingress", ""},
        {"link eth0 \n qdisc eth0 clsact \n filter eth0 egress", "", "tc_egress"},
        {"link eth0 \n link eth1 \n qdisc eth1 clsact \n filter eth1 ingress", "", ""},
        {"link eth0 \n qdisc eth0 htb", "", "qdisc"},
        {"link eth0 \n qdisc eth0 fq_codel", "", ""},
    }));

TEST(Graph, RootQdiscIsTheLinksWordWhereNoneWasAnnounced) {
  Store store = test::world("link eth0 \n link eth1 \n qdisc eth1 htb");
  store.links.at(1).root_qdisc = store.links.at(2).root_qdisc = "noqueue";
  const Graph g = build(store, test::knowledge());
  EXPECT_EQ(g.find("eth0")->text("qdisc.root"), "noqueue");
  EXPECT_EQ(g.find("eth1")->text("qdisc.root"), "htb");
}

TEST(Graph, ReasonNamesTheOtherDeviceAndTheCount) {
  const Graph g = graph(
      "bridge br0 \n port eth0 br0 \n link a kind=ipvlan lower=eth0 \n link b kind=ipvlan "
      "lower=eth0 \n"
      "qdisc eth0 clsact \n filter eth0 ingress \n filter eth0 ingress");
  EXPECT_EQ(reasons(g, "eth0"),
            "2 tc filters look at what eth0 receives\n"
            "the ipvlan device a takes its frames from eth0\n"
            "the ipvlan device b takes its frames from eth0\n");
}

TEST(Graph, NameThatLooksLikeAPlaceholder) {
  const Graph g = graph("bridge {name} vlan_stats_enabled=1");
  EXPECT_EQ(reasons(g, "{name}"),
            "{name} counts packets by VLAN (vlan_stats_enabled), which Linux alone can do\n");
}

// A kernel newer than the knowledge: what is off by default may be ignored, what is on may not.
TEST(Graph, UnknownAttributeThatIsNotZeroBlocks) {
  Store store = test::world("bridge br0 \n port eth0 br0 \n port eth1 br0");
  store.links.at(2).port[99] = {std::byte{0}, std::byte{0}};
  EXPECT_EQ(reasons(build(store, test::knowledge()), "eth0"), "");
  store.links.at(2).port[99] = {std::byte{0}, std::byte{1}};
  const Graph port = build(store, test::knowledge());
  EXPECT_EQ(reasons(port, "eth0"),
            "eth0 has a setting that this TNA does not know (bridge-port 99)\n");
  EXPECT_EQ(reasons(port, "eth1"), "");
  store.links.at(1).info[98] = {std::byte{1}};
  EXPECT_EQ(reasons(build(store, test::knowledge()), "eth1"),
            "br0 has a setting that this TNA does not know (bridge 98)\n");
}

}  // namespace
}  // namespace tna
