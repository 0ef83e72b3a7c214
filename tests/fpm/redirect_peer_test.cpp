// SPDX-License-Identifier: Apache-2.0
// bpf/ctx/skb.h: into a veth without the stop at its queue, where nothing stands there. That frames
// went the short way can be told from what they did not pass; so each test puts something on the
// long one.
#include <gtest/gtest.h>

#include "fpm/fpm_test.h"
#include "fpm/helper_program.h"

namespace tna::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class RedirectPeer : public FpmTest {
 protected:
  // Whether B gets what A sends; in any case it went fast.
  bool arrives(const Bytes& frame) {
    EXPECT_EQ(on_the_wire("p1", [&] { s1.send(frame); }), goes_on());
    auto received = s2.receive(milliseconds(200));
    if (received) {
      EXPECT_EQ(*received, frame);
    }
    return received.has_value();
  }
  // p2 did not send the one frame, and yet it came: veth_xmit() makes itself noted, the short way
  // does not.
  bool went_short() {
    return world.can_configure(
        "ip -s -j link show p2 | grep -q '\"tx\":{\"bytes\":0,\"packets\":0,'");
  }
  PacketSocket s1 = world.wire("s1"), s2 = world.wire("s2");
};
std::vector<Hook> tc_where_it_is() {
  std::vector<Hook> hooks = tested_hooks();
  std::erase(hooks, Hook::xdp);
  return hooks;
}
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(RedirectPeer);
INSTANTIATE_TEST_SUITE_P(, RedirectPeer, testing::ValuesIn(tc_where_it_is()), hook_name);

TEST_P(RedirectPeer, ShortWayArrives) {
  EXPECT_TRUE(arrives(udp.bytes()));
  EXPECT_TRUE(went_short());
}

// The short way makes every packet one for the station itself.
TEST_P(RedirectPeer, StationBehindTheStationTakesTheLongWay) {
  world.station("02:00:00:00:00:1b", "p2");
  EXPECT_TRUE(
      arrives((Ethernet{mac("02:00:00:00:00:1b"), a} / IPv4{} / Udp{} / Payload{18}).bytes()));
  EXPECT_FALSE(went_short());
}

TEST_P(RedirectPeer, TapOnTheEgressInterfaceSees) {
  PacketSocket tcpdump(world.ifindex("p2"));
  EXPECT_TRUE(arrives(udp.bytes()));
  EXPECT_EQ(tcpdump.see_sent(seconds(1)), udp.bytes());
}

TEST_P(RedirectPeer, TapOnAllInterfacesSees) {
  PacketSocket tcpdump(0);
  EXPECT_TRUE(arrives(udp.bytes()));
  EXPECT_EQ(tcpdump.see_sent(seconds(1)), udp.bytes());
}

TEST_P(RedirectPeer, TcProgramOnTheEgressInterfaceDecides) {
  auto other = HelperProgram::drop(world.ifindex("p2"), HelperProgram::tcx_egress);
  EXPECT_FALSE(arrives(udp.bytes()));
}

TEST_P(RedirectPeer, QueueingDisciplineCounts) {
  configure("tc qdisc replace dev p2 root tbf rate 10mbit burst 10k latency 50ms");
  EXPECT_TRUE(arrives(udp.bytes()));
  configure("tc -s qdisc show dev p2 | grep -q '[1-9][0-9]* pkt'");
}

TEST_P(RedirectPeer, XdpOfTheStationDecides) {
  auto other = world.at_stations(
      [&] { return HelperProgram::drop(world.ifindex("s2"), HelperProgram::xdp); });
  EXPECT_FALSE(arrives(udp.bytes()));
}

TEST_P(RedirectPeer, MtuOfTheStationHolds) {
  world.at_stations([&] { configure("ip link set s2 mtu 1000"); });
  EXPECT_TRUE(arrives((to_b / Payload{1004}).bytes()));
  EXPECT_FALSE(arrives((to_b / Payload{1005}).bytes()));
}

// A veth whose ends are both here carries a mark to the bridge; into another namespace none goes.
TEST_P(RedirectPeer, MarkDoesNotReachTheStation) {
  configure("ip link add p4 type veth peer name s4");
  configure("ip link set s4 up && ip link set p4 master br0 up");
  configure(
      "for try in $(seq 200); do\n"
      "  bridge link set dev p4 state 3 learning off 2>/dev/null && exit; sleep 0.01\n"
      "done; exit 1");
  world.at_stations([&] {
    configure("nft add table netdev t");
    configure("nft add chain netdev t c '{ type filter hook ingress device s2 priority 0; }'");
    configure("nft add rule netdev t c meta mark 0 counter");
  });
  PacketSocket s4(world.ifindex("s4"));
  s4.set_mark(5);
  EXPECT_EQ(on_the_wire("p4", [&] { s4.send(udp.bytes()); }), goes_on());
  EXPECT_EQ(s2.receive(seconds(1)), udp.bytes());
  EXPECT_TRUE(went_short());
  bool counted = world.at_stations([&] {
    return world.can_configure(
        "for try in 1 2 3 4 5; do "
        "nft list table netdev t | grep -q 'packets 1 ' && exit; sleep 0.02; done; exit 1");
  });
  EXPECT_TRUE(counted) << "it came with its mark";
}

}  // namespace
}  // namespace tna::test
