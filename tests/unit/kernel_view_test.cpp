// SPDX-License-Identifier: Apache-2.0
//   p0 ---- v0 [ br0 ] v1 ---- p1
#include "introspect/kernel_view.h"

#include <linux/if_link.h>
#include <linux/netconf.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <set>
#include <thread>

#include "unit/own_namespace.h"

namespace tna {
namespace {

using Events = std::vector<Event>;

// Attributes newer than Debian 12's headers.
constexpr std::uint16_t kBridgeFdbLearned = 48, kPortMcastGroups = 41;

// What changes by itself, or is changed by the kernel without a word: timers, counters, and what
// ports know of the spanning tree's root after the bridge got another address. None of it is
// configuration.
void drop_silent(Event& event) {
  Link* link = std::get_if<Link>(&event);
  if (!link) return;
  for (std::uint16_t attribute : std::initializer_list<std::uint16_t>{
           IFLA_BR_HELLO_TIMER, IFLA_BR_TCN_TIMER, IFLA_BR_TOPOLOGY_CHANGE_TIMER, IFLA_BR_GC_TIMER,
           kBridgeFdbLearned})
    link->info.erase(attribute);
  for (std::uint16_t attribute : std::initializer_list<std::uint16_t>{
           IFLA_BRPORT_MESSAGE_AGE_TIMER, IFLA_BRPORT_FORWARD_DELAY_TIMER, IFLA_BRPORT_HOLD_TIMER,
           IFLA_BRPORT_ROOT_ID, IFLA_BRPORT_BRIDGE_ID, kPortMcastGroups})
    link->port.erase(attribute);
}

Events all_events(KernelView& view) {
  Events all;
  for (int fd : view.fds()) {
    auto events = view.read(fd);
    EXPECT_TRUE(events) << events.error().message;
    if (events) all.insert(all.end(), events->begin(), events->end());
  }
  return all;
}

// For the message of a failed test: what a missed event is about.
std::string describe(const Event& event, const Mirror& known) {
  const Link* now = std::get_if<Link>(&event);
  if (!now) return "event of type " + std::to_string(event.index());
  std::string text = now->name;
  const Link* before = known.link(now->ifindex);
  if (!before) return text + " is not known";
  if (before->lower != now->lower) text += " lower";
  if (before->root_qdisc != now->root_qdisc) text += " qdisc";
  for (const auto& [attribute, value] : now->info)
    if (!before->info.contains(attribute) || before->info.at(attribute) != value)
      text += " info " + std::to_string(attribute);
  for (const auto& [attribute, value] : now->port)
    if (!before->port.contains(attribute) || before->port.at(attribute) != value)
      text += " port " + std::to_string(attribute);
  return text;
}

using Missed = std::vector<std::string>;

// What a listener would have to hear still, to know what a fresh view says.
Missed difference(const Mirror& known) {
  auto fresh = KernelView::open();
  EXPECT_TRUE(fresh);
  auto events = fresh->resync();
  EXPECT_TRUE(events) << events.error().message;
  for (Event& event : *events) drop_silent(event);
  Mirror copy = known;
  copy.take();
  copy.replace(std::move(*events), [](const Event&) { return true; });
  Missed missed;
  for (const Event& event : copy.take()) missed.push_back(describe(event, known));
  return missed;
}

class KernelViewTest : public OwnNamespace {
 protected:
  void SetUp() override {
    OwnNamespace::SetUp();
    if (IsSkipped()) return;
    run("ip link add br0 type bridge && ip link set br0 up");
    run("ip link add v0 type veth peer name p0 && ip link add v1 type veth peer name p1");
    auto opened = KernelView::open();
    ASSERT_TRUE(opened) << opened.error().message;
    view_.emplace(std::move(*opened));
    auto events = view_->resync();
    ASSERT_TRUE(events) << events.error().message;
    hear(std::move(*events));
  }

  void hear(Events events) {
    for (Event& event : events) {
      drop_silent(event);
      known_.apply(std::move(event));
    }
  }
  void follow() { hear(all_events(*view_)); }

  // Carrier changes come a moment later than the command that made them.
  Missed settled_difference() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    for (;;) {
      follow();
      Missed missed = difference(known_);
      if (missed.empty() || std::chrono::steady_clock::now() > deadline) return missed;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }

  IfIndex index(const std::string& name) { return if_nametoindex(name.c_str()); }
  Link link(const std::string& name) {
    const Link* link = known_.link(index(name));
    return link ? *link : Link{};
  }

  std::optional<KernelView> view_;
  Mirror known_;  // by a listener
};

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
