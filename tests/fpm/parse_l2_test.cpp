// SPDX-License-Identifier: Apache-2.0
// bpf/fpm/parse_l2.h
#include "fpm/fpm_test.h"

namespace tna::test {
namespace {

FPM_SUITE(ParseL2);

TEST_P(ParseL2, UnicastGoesOn) {
  EXPECT_EQ(run(udp), goes_on());
}

TEST_P(ParseL2, WhateverItCarries) {
  for (std::uint16_t type :
       {0x0800, 0x86dd, 0x8847, 0x8864, 0x88b5, 0x0026 /* a length: LLC */, 0xffff})
    EXPECT_EQ(run(Ethernet{b, a, type} / Payload{46}), goes_on()) << std::hex << type;
}

TEST_P(ParseL2, ATagIsPayload) {
  EXPECT_EQ(run(to_b / Vlan{.id = 7} / IPv4{} / Udp{}), goes_on());
  EXPECT_EQ(run(to_b / Vlan{.id = 0} / IPv4{} / Udp{}), goes_on());
  EXPECT_EQ(run(to_b / Vlan{.id = 7, .tpid = 0x88a8} / Vlan{.id = 8} / IPv4{} / Udp{}), goes_on());
}

// Linux drops frames that end within a tag or a PPPoE header; shorter than both together none goes
// on.
TEST_P(ParseL2, FrameThatMayEndWithinItsHeaders) {
  EXPECT_EQ(run(Packet(Ethernet{b, a}).bytes()), punt(TNA_R_SHORT));
  EXPECT_EQ(run((to_b / Payload{11}).bytes()), punt(TNA_R_SHORT));
  EXPECT_EQ(run((to_b / Payload{12}).bytes()), goes_on());
}

TEST_P(ParseL2, LeavesTheFrameAsItIs) {
  EXPECT_EQ(run(udp), goes_on());
  EXPECT_EQ(path().left(), udp.bytes());
}

TEST_P(ParseL2, GroupDestinationIsLinux) {
  for (const char* group :
       {"ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "33:33:00:00:00:01",
        "01:80:c2:00:00:00" /* STP */, "01:80:c2:00:00:0e" /* LLDP */, "03:00:00:00:00:00"})
    EXPECT_EQ(run(Ethernet{mac(group), a} / IPv4{} / Udp{}), punt(TNA_R_GROUP)) << group;
}

TEST_P(ParseL2, SourceThatIsNoStation) {
  for (const char* source : {"00:00:00:00:00:00", "01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff"})
    EXPECT_EQ(run(Ethernet{b, mac(source)} / IPv4{} / Udp{}), punt(TNA_R_SOURCE_INVALID)) << source;
}

TEST_P(ParseL2, ZeroInSomeBytesIsAStation) {
  world.station("00:00:00:00:00:01", "p1");
  world.station("02:00:00:00:00:00", "p1");
  EXPECT_EQ(run(Ethernet{b, mac("00:00:00:00:00:01")}), goes_on());
  EXPECT_EQ(run(Ethernet{b, mac("02:00:00:00:00:00")}), goes_on());
}

TEST_P(ParseL2, WhatTheBridgeMayAnswerItself) {
  for (std::uint16_t type :
       {0x0806 /* ARP */, 0x8035 /* RARP */, 0x8902 /* CFM */, 0x88e3 /* MRP */})
    EXPECT_EQ(run(Ethernet{b, a, type} / Payload{46}), punt(TNA_R_CONTROL)) << std::hex << type;
}

TEST_P(ParseL2, AndBehindATag) {
  for (std::uint16_t type : {0x0806, 0x8035, 0x8902, 0x88e3})
    for (std::uint16_t tpid : {0x8100, 0x88a8})
      EXPECT_EQ(run(to_b / Vlan{.tpid = tpid, .type = type} / Payload{46}), punt(TNA_R_CONTROL))
          << std::hex << type << " behind " << tpid;
  EXPECT_EQ(run(to_b / Vlan{} / Vlan{.type = 0x0806} / Payload{46}), goes_on()) << "behind two";
}

}  // namespace
}  // namespace tna::test
