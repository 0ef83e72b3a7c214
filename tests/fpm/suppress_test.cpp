// SPDX-License-Identifier: Apache-2.0
// bpf/fpm/suppress.h
#include "fpm/fpm_test.h"

namespace tna::test {
namespace {

// A program that has the module.
class Suppress : public FpmTest {
 protected:
  Suppress() {
    configure("bridge link set dev p3 neigh_suppress on");
    load({.bridge = 1, .suppress = 1});
  }
};
INSTANTIATE_TEST_SUITE_P(, Suppress, testing::ValuesIn(tested_hooks()), hook_name);

TEST_P(Suppress, OtherTrafficGoesOn) {
  EXPECT_EQ(run(udp), goes_on());
  EXPECT_EQ(run(to_b / IPv6{} / Udp{}), goes_on());
  EXPECT_EQ(run(to_b / Vlan{} / IPv4{} / Udp{}), goes_on());
  EXPECT_EQ(run(to_b / Vlan{} / IPv6{} / Udp{}), goes_on());
  EXPECT_EQ(run(Ethernet{b, a, 0x88b5} / Payload{46}), goes_on());
}

TEST_P(Suppress, NeighbourDiscovery) {
  for (std::uint8_t type : {133, 134, 135, 136, 137})
    EXPECT_EQ(run(to_b / IPv6{} / Icmpv6{type}), punt(TNA_R_SUPPRESS)) << int(type);
  EXPECT_EQ(run(to_b / Vlan{} / IPv6{} / Icmpv6{135}), punt(TNA_R_SUPPRESS));
  EXPECT_EQ(run(to_b / Vlan{.tpid = 0x88a8} / IPv6{} / Icmpv6{135}), punt(TNA_R_SUPPRESS));
}

// A program that was made when nothing was suppressed.
FPM_SUITE(SuppressAbsent);

TEST_P(SuppressAbsent, NeighbourDiscoveryGoesOn) {
  EXPECT_EQ(run(to_b / IPv6{} / Icmpv6{135}), goes_on());
}

TEST_P(SuppressAbsent, AnyPortBeginsToSuppress) {
  configure("bridge link set dev p3 neigh_suppress on");
  EXPECT_EQ(run(udp), punt(TNA_R_SUPPRESS));
  configure("bridge link set dev p3 neigh_suppress off");
  EXPECT_EQ(run(udp), goes_on());
}

TEST_P(SuppressAbsent, TheIngressPortBeginsToAnswerForOthers) {
  for (const char* option : {"proxy_arp", "proxy_arp_wifi"}) {
    configure(std::string("ip link set p1 type bridge_slave ") + option + " on");
    EXPECT_EQ(run(udp), punt(TNA_R_SUPPRESS)) << option;
    configure(std::string("ip link set p1 type bridge_slave ") + option + " off");
    EXPECT_EQ(run(udp), goes_on());
  }
}

}  // namespace
}  // namespace tna::test
