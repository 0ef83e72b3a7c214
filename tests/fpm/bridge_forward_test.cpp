// SPDX-License-Identifier: Apache-2.0
// bpf/fpm/bridge_forward.h, and what ctx/ looks for on the egress interface
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <cstring>

#include "fpm/fpm_test.h"
#include "fpm/helper_program.h"

namespace tna::test {
namespace {

FPM_SUITE(BridgeForward);

TEST_P(BridgeForward, ForwardingPortGoesOn) {
  EXPECT_EQ(run(udp), goes_on());
}

TEST_P(BridgeForward, StationOnTheIngressPort) {
  world.station("02:00:00:00:00:1a", "p1");
  Packet back = Ethernet{mac("02:00:00:00:00:1a"), a};
  EXPECT_EQ(run(back), punt(TNA_R_SAME_PORT));
  configure("bridge link set dev p1 hairpin on");
  EXPECT_EQ(run(back), punt(TNA_R_SAME_PORT));
}

TEST_P(BridgeForward, PortThatIsNotForwarding) {
  // Not "4", blocking: without STP Linux makes the port forward at once.
  for (const char* state : {"0", "1", "2"}) {
    configure(std::string("bridge link set dev p2 state ") + state);
    EXPECT_EQ(run(udp), punt(TNA_R_EGRESS_STATE)) << state;
  }
  configure("bridge link set dev p2 state 3");
  EXPECT_EQ(run(udp), goes_on());
}

TEST_P(BridgeForward, PortThatIsDown) {
  configure("ip link set p2 down");
  EXPECT_EQ(run(udp), punt(TNA_R_EGRESS_STATE));
}

TEST_P(BridgeForward, OnlyTwoIsolatedPortsAreApart) {
  configure("bridge link set dev p2 isolated on");
  EXPECT_EQ(run(udp), goes_on());
  configure("bridge link set dev p1 isolated on");
  EXPECT_EQ(run(udp), punt(TNA_R_ISOLATED));
  EXPECT_EQ(run(Ethernet{c, a}), goes_on()) << "p3 is not isolated";
}

TEST_P(BridgeForward, TunnelPort) {
  configure("bridge link set dev p2 vlan_tunnel on");
  EXPECT_EQ(run(udp), punt(TNA_R_PORT_FLAG));
}

TEST_P(BridgeForward, PortThatAnswersForOthers) {
  configure("ip link set p2 type bridge_slave proxy_arp_wifi on");
  EXPECT_EQ(run(udp), punt(TNA_R_PORT_FLAG));
  load({.bridge = 1, .suppress = 1});
  EXPECT_EQ(run(udp), goes_on()) << "ARP has been looked for";
}

TEST_P(BridgeForward, BackupPort) {
  configure("bridge link set dev p2 backup_port p3");
  EXPECT_EQ(run(udp), punt(TNA_R_BACKUP));
  EXPECT_EQ(run(Ethernet{c, a}), goes_on());
  configure("bridge link set dev p2 nobackup_port");
  EXPECT_EQ(run(udp), goes_on());
}

TEST_P(BridgeForward, MtuAndATag) {
  configure("ip link set p2 mtu 1400");
  EXPECT_EQ(run(to_b / Payload{1404}), goes_on());
  EXPECT_EQ(run(to_b / Payload{1405}), punt(TNA_R_TOO_LONG));
  configure("ip link set p2 mtu 1500");
  EXPECT_EQ(run(to_b / Payload{1405}), goes_on());
}

TEST_P(BridgeForward, PacketThatWillBeCut) {
  if (at_xdp()) GTEST_SKIP() << "tc only";
  Bytes stream = (to_b / IPv4{} / Udp{} / Payload{3000}).bytes();
  EXPECT_EQ(run(stream, "p1"), punt(TNA_R_TOO_LONG));
  EXPECT_EQ(run(stream, "p1", 1400), goes_on());
}

// A redirect at tc goes by these, one at XDP does not.
TEST_P(BridgeForward, TapOnTheEgressInterface) {
  {
    PacketSocket tcpdump(world.ifindex("p2"));
    EXPECT_EQ(run(udp), by_hook(punt(TNA_R_EGRESS_TAP), goes_on()));
  }
  EXPECT_EQ(run(udp), goes_on()) << "it ended";
}

TEST_P(BridgeForward, TcProgramOnTheEgressInterface) {
  if (!tcx()) {
    configure(
        "tc qdisc add dev p2 clsact; tc filter add dev p2 egress protocol all u32 match u32 0 0 "
        "flowid 1:1");
    EXPECT_EQ(run(udp), punt(TNA_R_EGRESS_TC));
    configure("tc qdisc del dev p2 clsact");
  } else {
    auto other = HelperProgram::pass(world.ifindex("p2"), HelperProgram::tcx_egress);
    EXPECT_EQ(run(udp), by_hook(punt(TNA_R_EGRESS_TC), goes_on()));
  }
  EXPECT_EQ(run(udp), goes_on());
}

TEST_P(BridgeForward, TapTakesRedirects) {
  Fd tun(::open("/dev/net/tun", O_RDWR | O_CLOEXEC));
  ifreq request{};
  std::strcpy(request.ifr_name, "tap0");
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  ASSERT_EQ(ioctl(tun.get(), TUNSETIFF, &request), 0);
  configure("ip link set tap0 master br0 up");
  configure("bridge fdb add 02:00:00:00:00:99 dev tap0 master static");
  configure("bridge link set dev tap0 state 3");
  EXPECT_EQ(run(Ethernet{mac("02:00:00:00:00:99"), a}), goes_on());
}

TEST_P(BridgeForward, NetfilterEgressHook) {
  configure("nft add table netdev t");
  configure("nft add chain netdev t c '{ type filter hook egress device p2 priority 0; }'");
  EXPECT_EQ(run(udp), punt(TNA_R_EGRESS_NF));
  EXPECT_EQ(run(Ethernet{c, a}), goes_on()) << "another port";
}

TEST_P(BridgeForward, GenericXdpBehindTheEgressVeth) {
  auto pass = world.at_stations(
      [&] { return HelperProgram::pass(world.ifindex("s2"), HelperProgram::generic_xdp); });
  EXPECT_EQ(run(udp), by_hook(goes_on(), punt(TNA_R_PEER_XDP)));
  EXPECT_EQ(run(Ethernet{c, a}), goes_on()) << "another port";
}

TEST_P(BridgeForward, QueueingDiscipline) {
  for (const char* shaping : {"tbf rate 1mbit burst 10k latency 50ms", "htb", "pfifo"}) {
    configure(std::string("tc qdisc replace dev p2 root ") + shaping);
    EXPECT_EQ(run(udp), by_hook(punt(TNA_R_EGRESS_QDISC), goes_on())) << shaping;
  }
  for (const char* plain : {"pfifo_fast", "noqueue", "fq_codel", "fq"})
    if (world.can_configure(std::string("tc qdisc replace dev p2 root ") + plain)) {
      EXPECT_EQ(run(udp), goes_on()) << plain;
    }
}

TEST_P(BridgeForward, DriverThatTakesNoXdpFrames) {
  world.at_stations([&] { configure("ethtool -K s2 gro off"); });
  EXPECT_EQ(run(udp), by_hook(punt(TNA_R_EGRESS_XMIT), goes_on()));
  world.at_stations([&] { configure("ethtool -K s2 gro on"); });
  EXPECT_EQ(run(udp), goes_on());
}

}  // namespace
}  // namespace tna::test
