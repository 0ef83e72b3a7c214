// SPDX-License-Identifier: Apache-2.0
//   p0 ---- v0 [ br0 ] v1 ---- p1
#include <linux/if_link.h>
#include <linux/netconf.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <random>
#include <set>

#include "unit/kernel_view_fixture.h"

namespace tna {
namespace {

bool port_flag(const Link& link, std::uint16_t attribute) {
  auto found = link.port.find(attribute);
  return found != link.port.end() && found->second == std::vector<std::byte>{std::byte{1}};
}

TEST_F(KernelViewTest, SaysWhatThereIs) {
  EXPECT_EQ(link("br0").kind, "bridge");
  EXPECT_EQ(link("v0").lower, index("p0"));
  EXPECT_EQ(difference(known_), Missed{});
}

TEST_F(KernelViewTest, ReadingTwiceSaysNothingNew) {
  follow();
  EXPECT_EQ(all_events(*view_), Events{});
}

TEST_F(KernelViewTest, PortJoinsIsChangedAndLeaves) {
  run("ip link set v0 master br0");
  follow();
  EXPECT_EQ(link("v0").master, index("br0"));
  EXPECT_FALSE(port_flag(link("v0"), IFLA_BRPORT_ISOLATED));
  run("bridge link set dev v0 isolated on");
  follow();
  EXPECT_TRUE(port_flag(link("v0"), IFLA_BRPORT_ISOLATED)) << "only the bridge tells of it";
  run("ip link set v0 nomaster");
  const Events events = all_events(*view_);
  for (const Event& event : events)
    EXPECT_FALSE(std::holds_alternative<RemovedLink>(event)) << "the port went, not the device";
  hear(events);
  EXPECT_EQ(link("v0").master, 0u);
  EXPECT_TRUE(link("v0").port.empty());
}

TEST_F(KernelViewTest, DeviceGoesWithAllThatStandsOnIt) {
  run("ip link set v0 up && ip address add 192.0.2.1/24 dev v0 && tc qdisc add dev v0 clsact");
  run("tc filter add dev v0 egress protocol all prio 5 u32 match u32 0 0 flowid 1:1");
  follow();
  const IfIndex v0 = index("v0");
  run("ip link del v0");
  const Events events = all_events(*view_);
  std::size_t filters = 0, qdiscs = 0, links = 0;
  for (const Event& event : events) {
    if (const auto* gone = std::get_if<RemovedFilter>(&event))
      filters += gone->filter.ifindex == v0;
    if (const auto* gone = std::get_if<RemovedQdisc>(&event)) qdiscs += gone->ifindex == v0;
    if (const auto* gone = std::get_if<RemovedLink>(&event)) links += gone->ifindex == v0;
  }
  EXPECT_EQ(filters, 1u);
  EXPECT_GE(qdiscs, 1u);
  EXPECT_EQ(links, 1u);
  hear(events);
  EXPECT_EQ(settled_difference(), Missed{});
}

TEST_F(KernelViewTest, BothEndsOfANewVethKnowTheOther) {
  run("ip link add a0 type veth peer name b0");
  follow();
  EXPECT_EQ(link("a0").lower, index("b0"));
  EXPECT_EQ(link("b0").lower, index("a0")) << "the kernel tells of b0 before a0 is there";
}

TEST_F(KernelViewTest, RootQdiscOfALinkChangesThoughNoLinkMessageTells) {
  run("ip link set v0 up");
  follow();
  EXPECT_EQ(link("v0").root_qdisc, "noqueue");
  run("tc qdisc add dev v0 root tbf rate 1mbit burst 10k latency 10ms");
  follow();
  EXPECT_EQ(link("v0").root_qdisc, "tbf");
  EXPECT_EQ(difference(known_), Missed{});
  run("tc qdisc del dev v0 root");
  follow();
  EXPECT_EQ(link("v0").root_qdisc, "noqueue");
  EXPECT_EQ(difference(known_), Missed{});
}

TEST_F(KernelViewTest, FiltersGoWithTheQdiscEvenIfItIsBackAtOnce) {
  run("tc qdisc add dev v0 clsact");
  run("tc filter add dev v0 egress protocol all prio 5 u32 match u32 0 0 flowid 1:1");
  follow();
  run("tc qdisc del dev v0 clsact && tc qdisc add dev v0 clsact");
  std::size_t gone = 0;
  for (const Event& event : all_events(*view_))
    gone += std::holds_alternative<RemovedFilter>(event);
  EXPECT_EQ(gone, 1u);
}

TEST_F(KernelViewTest, FiltersOfASharedBlockStandOnEveryDevice) {
  run("tc qdisc add dev v0 ingress_block 7 clsact && tc qdisc add dev v1 ingress_block 7 clsact");
  follow();
  run("tc filter add block 7 protocol all prio 5 u32 match u32 0 0 flowid 1:1");
  std::set<IfIndex> devices;
  for (const Event& event : all_events(*view_))
    if (const auto* filter = std::get_if<Filter>(&event)) devices.insert(filter->ifindex);
  EXPECT_EQ(devices, (std::set<IfIndex>{index("v0"), index("v1")}));
}

TEST_F(KernelViewTest, NetconfIsAlwaysWhole) {
  run("sysctl -qw net.ipv4.conf.v0.forwarding=1");
  const Events events = all_events(*view_);
  ASSERT_EQ(events.size(), 1u);
  const auto& conf = std::get<NetConf>(events[0]);
  EXPECT_EQ(conf.ifindex, static_cast<int>(index("v0")));
  EXPECT_EQ(conf.values.at(NETCONFA_FORWARDING), 1);
  EXPECT_TRUE(conf.values.contains(NETCONFA_RP_FILTER));
}

TEST_F(KernelViewTest, EndOfAnNftTransactionIsHeardAndNothingElseOfIt) {
  if (std::system("nft list ruleset >/dev/null 2>&1") != 0) GTEST_SKIP() << "no nf_tables";
  run("nft add table bridge t");
  Events events = all_events(*view_);
  ASSERT_EQ(events.size(), 1u);
  const auto first = std::get<RulesetGeneration>(events[0]).id;
  run("nft 'add set bridge t s { type mark; }; add element bridge t s { 1, 2, 3, 4, 5 }'");
  events = all_events(*view_);
  EXPECT_EQ(events, Events{RulesetGeneration{first + 1}});
}

TEST_F(KernelViewTest, SaysInWordsWhatIsMissing) {
  for (const std::string& sentence : view_->missing()) EXPECT_GT(sentence.size(), 30u);
  const bool vlans = std::system("ip link add br9 type bridge vlan_filtering 1 2>/dev/null") == 0;
  const bool said = !view_->missing().empty() && view_->missing()[0].starts_with("bridge VLANs");
  EXPECT_NE(vlans, said);
}

TEST_F(KernelViewTest, BridgeVlans) {
  if (std::system("ip link add br9 type bridge vlan_filtering 1 2>/dev/null") != 0)
    GTEST_SKIP() << "bridges of this kernel have no VLANs";
  run("ip link set v0 master br9 && bridge vlan add dev v0 vid 10-20");
  follow();
  EXPECT_EQ(difference(known_), Missed{});
  run("bridge vlan del dev v0 vid 15");
  const Events events = all_events(*view_);
  EXPECT_EQ(
      std::ranges::count_if(
          events, [](const Event& event) { return std::holds_alternative<BridgeVlan>(event); }),
      2)
      << "10-14 and 16-20";
  hear(events);
  EXPECT_EQ(difference(known_), Missed{});
  run("ip link set v0 nomaster");
  follow();
  EXPECT_EQ(settled_difference(), Missed{});
}

TEST_F(KernelViewTest, AfterAnOverrunTheDifferenceIsSaid) {
  auto witness = Netlink::open(NETLINK_ROUTE);
  ASSERT_TRUE(witness);
  ASSERT_TRUE(witness->join(RTNLGRP_LINK));
  ASSERT_TRUE(witness->set_receive_buffer(1));
  ASSERT_TRUE(view_->set_receive_buffer(1));
  run("for i in $(seq 100); do echo link add d$i type bridge; echo link set d$i up; "
      "echo address add 192.0.2.$i/32 dev d$i; done | ip -batch -");
  run("for i in $(seq 50); do echo link del d$i; done | ip -batch -");
  run("ip link set v0 master br0 && bridge link set dev v0 isolated on && ip link del v1");
  EXPECT_EQ(witness->receive([](Bytes) {}).value_or(Receive::nothing), Receive::overrun)
      << "else this tests nothing";
  EXPECT_EQ(settled_difference(), Missed{});
  EXPECT_TRUE(port_flag(link("v0"), IFLA_BRPORT_ISOLATED));
  EXPECT_EQ(link("d100").kind, "bridge");
  EXPECT_EQ(index("v1"), 0u);
}

TEST_F(KernelViewTest, RandomChangesAreAllFollowed) {
  const std::string changes[] = {
      "ip link set v0 master br0",
      "ip link set v0 nomaster",
      "ip link set v1 master br0",
      "ip link set v0 up",
      "ip link set v0 down",
      "ip link set p0 up",
      "ip link set br0 down",
      "ip link set br0 up",
      "bridge link set dev v0 learning off",
      "bridge link set dev v0 isolated on",
      "bridge link set dev v1 hairpin on",
      "bridge link set dev v0 state 0",
      "ip link set v1 mtu 1400",
      "ip link set v1 mtu 1500",
      "ip link set br0 address 02:00:00:00:00:09",
      "ip address add 192.0.2.1/24 dev br0",
      "ip address flush dev br0",
      "ip route add default via 192.0.2.2",
      "ip route append default via 192.0.2.3",
      "ip route replace default via 192.0.2.4",
      "ip route del default",
      "ip address add 2001:db8::1/64 dev p0",
      "tc qdisc add dev v0 clsact",
      "tc qdisc del dev v0 clsact",
      "tc filter add dev v0 ingress protocol all prio 5 u32 match u32 0 0 flowid 1:1",
      "tc filter del dev v0 ingress prio 5",
      "tc qdisc replace dev v1 root tbf rate 1mbit burst 10k latency 10ms",
      "tc qdisc del dev v1 root",
      "ip link add d0 type bridge",
      "ip link del d0",
      "ip link set v1 promisc on",
      "sysctl -qw net.ipv6.conf.all.forwarding=1",
      "sysctl -qw net.ipv4.conf.br0.rp_filter=2",
      "ip link set p1 name q1",
      "ip link set q1 name p1",
      "ip link del v1",
      "ip link add v1 type veth peer name p1",
      "ethtool -K p0 gro on"};
  std::mt19937 random(20);
  for (int round = 0; round < 200; ++round) {
    const std::string& change = changes[random() % std::size(changes)];
    // Many of them are refused, depending on what was before: as good.
    if (std::system((change + " >/dev/null 2>&1").c_str()) < 0) FAIL();
    if (random() % 4 == 0) follow();
    if (round % 50 != 49) continue;
    ASSERT_EQ(settled_difference(), Missed{}) << "after " << round << ", " << change;
  }
}

}  // namespace
}  // namespace tna
