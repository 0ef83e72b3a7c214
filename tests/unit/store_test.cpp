// SPDX-License-Identifier: Apache-2.0
#include "topology/store.h"

#include <gtest/gtest.h>
#include <linux/if.h>
#include <linux/pkt_sched.h>
#include <sys/socket.h>

#include "unit/world.h"

namespace tna {
namespace {

constexpr std::uint32_t kIngress = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS);

struct StoreTest : testing::Test {
  Store store = test::world(R"(
    bridge br0
    port eth0 br0 kind=veth
    port eth1 br0 kind=veth
    address br0 192.0.2.1/24
    qdisc eth0 clsact
    filter eth0 ingress
    filter eth0 ingress
    netconf eth0 ipv4 forwarding=1)");
  IfIndex br0 = store.link("br0")->ifindex, eth0 = store.link("eth0")->ifindex,
          eth1 = store.link("eth1")->ifindex;

  Change apply(const Event& event) { return store.apply(event, test::knowledge()); }
};

TEST_F(StoreTest, FindsLinksByNumberAndName) {
  EXPECT_EQ(store.link(eth0)->name, "eth0");
  EXPECT_EQ(store.link(99), nullptr);
  EXPECT_EQ(store.link("eth9"), nullptr);
}

TEST_F(StoreTest, WhatIsKnownChangesNothing) {
  const Store before = store;
  EXPECT_EQ(apply(Link{*store.link(eth0)}), Change::nothing);
  EXPECT_EQ(apply(*store.addresses.begin()), Change::nothing);
  EXPECT_EQ(apply(store.qdiscs.begin()->second), Change::nothing);
  EXPECT_EQ(apply(store.filters.begin()->second), Change::nothing);
  EXPECT_EQ(apply(store.netconfs.begin()->second), Change::nothing);
  EXPECT_EQ(store, before);
}

TEST_F(StoreTest, LinkChangesAreConfiguration) {
  Link link = *store.link(eth0);
  link.mtu = 9000;
  EXPECT_EQ(apply(link), Change::configuration);
  link.flags &= ~IFF_UP;
  EXPECT_EQ(apply(link), Change::configuration);
  link.port[33] = {std::byte{1}};  // isolated
  EXPECT_EQ(apply(link), Change::configuration);
  link.port[200] = {std::byte{1}};  // unknown
  EXPECT_EQ(apply(link), Change::configuration);
  EXPECT_EQ(*store.link(eth0), link);
}

TEST_F(StoreTest, WhatChangesByItselfIsState) {
  Link link = *store.link(eth0);
  link.flags |= IFF_RUNNING | IFF_LOWER_UP;
  EXPECT_EQ(apply(link), Change::state) << "carrier";
  link.port[1] = {std::byte{3}};
  EXPECT_EQ(apply(link), Change::state) << "port state";
  Link bridge = *store.link(br0);
  bridge.info[16] = std::vector<std::byte>(8, std::byte{1});
  EXPECT_EQ(apply(bridge), Change::state) << "hello timer";
  EXPECT_EQ(*store.link(eth0), link) << "it is kept nevertheless";
}

TEST_F(StoreTest, RemovedLinkTakesAllAlong) {
  EXPECT_EQ(apply(RemovedLink{eth0}), Change::configuration);
  EXPECT_EQ(store, [] {
    Store rest = test::world(
        "bridge br0 \n port eth0 br0 \n port eth1 br0 kind=veth \n address br0 192.0.2.1/24");
    rest.links.erase(2);
    return rest;
  }());
  EXPECT_EQ(apply(RemovedLink{eth0}), Change::nothing);
}

TEST_F(StoreTest, RemovedAddress) {
  const Address address = *store.addresses.begin();
  EXPECT_EQ(apply(RemovedAddress{address}), Change::configuration);
  EXPECT_TRUE(store.addresses.empty());
  EXPECT_EQ(apply(RemovedAddress{address}), Change::nothing);
}

TEST_F(StoreTest, NewQdiscReplacesTheOneInItsPlace) {
  EXPECT_EQ(apply(Qdisc{eth1, 0x10000, TC_H_ROOT, "htb"}), Change::configuration);
  EXPECT_EQ(apply(Qdisc{eth1, 0x20000, TC_H_ROOT, "tbf"}), Change::configuration);
  // The old one's end, told late, does not take the new one away.
  EXPECT_EQ(apply(RemovedQdisc{eth1, 0x10000, TC_H_ROOT}), Change::nothing);
  EXPECT_EQ((store.qdiscs.at({eth1, TC_H_ROOT}).kind), "tbf");
}

TEST_F(StoreTest, RemovedRootQdiscMakesTheLinksWordOutOfDate) {
  Link link = *store.link(eth1);
  link.root_qdisc = "htb";
  apply(link);
  apply(Qdisc{eth1, 0x10000, TC_H_ROOT, "htb"});
  EXPECT_EQ(apply(RemovedQdisc{eth1, 0x10000, TC_H_ROOT}), Change::configuration);
  EXPECT_EQ(store.link(eth1)->root_qdisc, "");
}

TEST_F(StoreTest, RemovedClsactTakesItsFiltersAlong) {
  ASSERT_EQ(store.filters.size(), 2u);
  EXPECT_EQ(apply(RemovedQdisc{eth0, 0xffff0000, TC_H_INGRESS}), Change::configuration);
  EXPECT_TRUE(store.filters.empty());
}

TEST_F(StoreTest, RemovedFilter) {
  Filter first = store.filters.begin()->second;
  EXPECT_EQ(apply(RemovedFilter{first}), Change::configuration);
  EXPECT_EQ(store.filters.size(), 1u);
  EXPECT_EQ(apply(RemovedFilter{first}), Change::nothing);
}

TEST_F(StoreTest, RemovedFilterWithoutHandleMeansAllOfThatPriority) {
  apply(Filter{eth0, kIngress, 0x20003, 0, 9, "u32"});
  EXPECT_EQ(apply(RemovedFilter{{eth0, kIngress, 0x10003, 0, 0, ""}}), Change::configuration);
  ASSERT_EQ(store.filters.size(), 1u);
  EXPECT_EQ(store.filters.begin()->second.kind, "u32");
  EXPECT_EQ(apply(RemovedFilter{{eth0, kIngress, 0, 1, 0, ""}}), Change::nothing) << "other chain";
  EXPECT_EQ(apply(RemovedFilter{{eth0, kIngress, 0, 0, 0, ""}}), Change::configuration);
  EXPECT_TRUE(store.filters.empty());
}

TEST_F(StoreTest, NetconfNotificationsAreMerged) {
  const auto index = static_cast<std::int32_t>(eth0);
  EXPECT_EQ(apply(NetConf{AF_INET, index, {{3, 2}}}), Change::configuration);
  EXPECT_EQ((store.netconfs.at({AF_INET, index}).values),
            (std::map<std::uint16_t, std::int32_t>{{2, 1}, {3, 2}}));
  EXPECT_EQ(apply(NetConf{AF_INET, index, {{2, 1}}}), Change::nothing);
  EXPECT_EQ(apply(NetConf{AF_INET, index, {{2, 0}}}), Change::configuration);
  EXPECT_EQ(apply(RemovedNetConf{AF_INET, index}), Change::configuration);
  EXPECT_EQ(apply(RemovedNetConf{AF_INET, index}), Change::nothing);
}

TEST_F(StoreTest, VlanRangesAreCut) {
  EXPECT_EQ(apply(BridgeVlan{eth0, 10, 20}), Change::configuration);
  EXPECT_EQ(apply(BridgeVlan{eth0, 10, 20}), Change::nothing);
  EXPECT_EQ(apply(BridgeVlan{eth0, 15, 15, 2}), Change::configuration);
  EXPECT_EQ(apply(RemovedBridgeVlan{eth0, 19, 30}), Change::configuration);
  EXPECT_EQ(apply(RemovedBridgeVlan{eth1, 10, 20}), Change::nothing) << "other port";
  const std::map<std::pair<IfIndex, std::uint16_t>, BridgeVlan> left{
      {{eth0, 10}, {eth0, 10, 14}}, {{eth0, 15}, {eth0, 15, 15, 2}}, {{eth0, 16}, {eth0, 16, 18}}};
  EXPECT_EQ(store.vlans, left);
}

TEST_F(StoreTest, Routes) {
  const Route to_eth0{.table = 254, .prefix_length = 8, .mtu = 1400, .interfaces = {eth0}};
  const Route to_both{.table = 254, .prefix_length = 8, .mtu = 1400, .interfaces = {eth0, eth1}};
  const Route to_eth1{.table = 254, .prefix_length = 8, .mtu = 1400, .interfaces = {eth1}};
  for (const Route& route : {to_eth0, to_both, to_eth1}) {
    EXPECT_EQ(apply(route), Change::configuration);
    EXPECT_EQ(apply(route), Change::nothing);
  }
  EXPECT_EQ(apply(RemovedLink{eth0}), Change::configuration);
  EXPECT_EQ(store.routes, std::set<Route>{to_eth1});
  EXPECT_EQ(apply(RemovedRoute{to_eth1}), Change::configuration);
  EXPECT_EQ(apply(RemovedRoute{to_eth1}), Change::nothing);
}

TEST_F(StoreTest, RulesetGeneration) {
  EXPECT_EQ(apply(RulesetGeneration{5}), Change::configuration);
  EXPECT_EQ(apply(RulesetGeneration{5}), Change::nothing);
}

}  // namespace
}  // namespace tna
