// SPDX-License-Identifier: Apache-2.0
// bpf/fpm/learning.h
#include <thread>

#include "fpm/fpm_test.h"

namespace tna::test {
namespace {

using std::chrono::milliseconds;

FPM_SUITE(Learning);

constexpr char kUnknown[] = "02:00:00:00:00:99";

TEST_P(Learning, KnownSourceGoesOn) {
  EXPECT_EQ(run(udp), goes_on());
}

TEST_P(Learning, UnknownSource) {
  EXPECT_EQ(run(Ethernet{b, mac(kUnknown)}), punt(TNA_R_SOURCE_UNKNOWN));
  world.station(kUnknown, "p1");
  EXPECT_EQ(run(Ethernet{b, mac(kUnknown)}), goes_on()) << "was learned";
  world.forget(kUnknown);
  EXPECT_EQ(run(Ethernet{b, mac(kUnknown)}), punt(TNA_R_SOURCE_UNKNOWN)) << "and forgotten";
}

TEST_P(Learning, SourceOnAnotherPort) {
  EXPECT_EQ(run(Ethernet{b, mac(kC)}), punt(TNA_R_SOURCE_MOVED));
  world.station(kA, "p3");
  EXPECT_EQ(run(udp), punt(TNA_R_SOURCE_MOVED));
}

TEST_P(Learning, StickySourceOnAnotherPortStays) {
  world.station(kA, "p3", "static sticky");
  EXPECT_EQ(run(udp), goes_on());
}

TEST_P(Learning, AddressOfTheBridgeAsSource) {
  for (const char* own : {"br0", "p1", "p2"})
    EXPECT_EQ(run(Ethernet{b, world.address(own)}), punt(TNA_R_SOURCE_LOCAL)) << own;
}

TEST_P(Learning, LearningOff) {
  configure("bridge link set dev p1 learning off");
  EXPECT_EQ(run(udp), goes_on());
  EXPECT_EQ(run(Ethernet{b, mac(kUnknown)}), goes_on()) << "not looked for";
  EXPECT_EQ(run(Ethernet{b, mac(kC)}), goes_on()) << "not moved";
  EXPECT_EQ(run(Ethernet{b, world.address("br0")}), goes_on());
}

TEST_P(Learning, LockedPort) {
  configure("bridge link set dev p1 locked on");
  EXPECT_EQ(run(udp), goes_on()) << "authorised";
  EXPECT_EQ(run(Ethernet{b, mac(kC)}), punt(TNA_R_LOCKED)) << "on another port";
  EXPECT_EQ(run(Ethernet{b, mac(kUnknown)}), punt(TNA_R_SOURCE_UNKNOWN));
  EXPECT_EQ(run(Ethernet{b, world.address("br0")}), punt(TNA_R_SOURCE_LOCAL));
  world.station(kA, "p3", "static sticky");
  EXPECT_EQ(run(udp), punt(TNA_R_LOCKED)) << "sticky, but on another port";
}

TEST_P(Learning, LockedPortThatDoesNotLearn) {
  configure("bridge link set dev p1 locked on learning off");
  EXPECT_EQ(run(udp), goes_on());
  EXPECT_EQ(run(Ethernet{b, mac(kC)}), punt(TNA_R_LOCKED));
  EXPECT_EQ(run(Ethernet{b, mac(kUnknown)}), punt(TNA_R_SOURCE_UNKNOWN));
}

TEST_P(Learning, OldSourceIsLinuxToRefresh) {
  std::this_thread::sleep_for(milliseconds(1100));
  EXPECT_EQ(run_now(udp.bytes()), punt(TNA_R_SOURCE_REFRESH));
  // Linux is given a frame of A, and so refreshes the entry.
  PacketSocket s1 = world.wire("s1");
  EXPECT_EQ(on_the_wire_now("p1", [&] { s1.send(udp.bytes()); }), punt(TNA_R_SOURCE_REFRESH));
  EXPECT_EQ(on_the_wire_now("p1", [&] { s1.send(udp.bytes()); }), goes_on());
}

TEST_P(Learning, AgeDoesNotMatterWhereNothingIsLearned) {
  configure("bridge link set dev p1 learning off locked on");
  std::this_thread::sleep_for(milliseconds(1100));
  EXPECT_EQ(run_now(udp.bytes()), goes_on());
}

TEST_P(Learning, HowOldIsOldIsWhatTheGuardSays) {
  tna_guard of_a_minute = guard(), of_a_quarter = guard();
  of_a_minute.refresh_after *= 60;
  of_a_quarter.refresh_after /= 4;
  std::this_thread::sleep_for(milliseconds(600) - world.age());  // an emulated jiffy may be late
  path().program().arm(of_a_minute);
  ASSERT_EQ(run_now(udp.bytes()), goes_on());
  path().program().arm(of_a_quarter);
  EXPECT_EQ(run_now(udp.bytes()), punt(TNA_R_SOURCE_REFRESH));
}

}  // namespace
}  // namespace tna::test
