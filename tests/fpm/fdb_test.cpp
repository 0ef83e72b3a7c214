// SPDX-License-Identifier: Apache-2.0
// bpf/fpm/fdb.h and bpf/lib/fdb.h
#include <thread>

#include "fpm/fpm_test.h"

namespace tna::test {
namespace {

FPM_SUITE(Fdb);

TEST_P(Fdb, KnownDestinationGoesOn) {
  EXPECT_EQ(run(udp), goes_on());
  EXPECT_EQ(run(Ethernet{c, a} / IPv4{} / Udp{}), goes_on());
}

TEST_P(Fdb, EveryByteOfTheAddressCounts) {
  for (int byte = 0; byte < 6; byte++) {
    Mac other = b;
    other.bytes[byte] ^= 0x40;
    EXPECT_EQ(run(Ethernet{other, a}), punt(TNA_R_FDB_MISS)) << to_string(other);
  }
}

TEST_P(Fdb, DeletedEntry) {
  world.forget(kB);
  EXPECT_EQ(run(udp), punt(TNA_R_FDB_MISS));
  world.station(kB, "p2");
  EXPECT_EQ(run(udp), goes_on());
}

TEST_P(Fdb, MovedEntry) {
  world.station(kB, "p1");
  EXPECT_EQ(run(udp), punt(TNA_R_SAME_PORT));
}

TEST_P(Fdb, TheBridgeItself) {
  for (const char* own : {"br0", "p1", "p2", "p3"})
    EXPECT_EQ(run(Ethernet{world.address(own), a} / IPv4{} / Udp{}), punt(TNA_R_LOCAL)) << own;
}

TEST_P(Fdb, AddressGivenToTheBridge) {
  configure("bridge fdb add 02:00:00:00:00:77 dev br0 self local");
  configure("bridge fdb add 02:00:00:00:00:78 dev p2 master local");
  EXPECT_EQ(run(Ethernet{mac("02:00:00:00:00:77"), a}), punt(TNA_R_LOCAL));
  EXPECT_EQ(run(Ethernet{mac("02:00:00:00:00:78"), a}), punt(TNA_R_LOCAL));
}

// The table is made larger several times, so that entries stand in chains and in every part of it.
TEST_P(Fdb, ThousandStations) {
  constexpr int kStations = 1000;
  auto station = [](int i) {
    Mac result;
    result.bytes = {2, 0, 0, 1, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)};
    return result;
  };
  std::string script = "bridge -batch - <<END\n";
  for (int i = 0; i < kStations; i++)
    script += "fdb add " + to_string(station(i)) + " dev p" + std::to_string(2 + i % 2) +
              " master static\n";
  configure(script + "END\n");
  for (int i = 0; i < kStations; i++) {
    const Ethernet frame{station(i), a};
    // A miss is right while the kernel's work queue moves entries into a larger table.
    for (int tries = 0; tries < 100 && run(frame) == punt(TNA_R_FDB_MISS); tries++)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    ASSERT_EQ(run(frame), goes_on()) << to_string(station(i));
  }
  EXPECT_EQ(run(Ethernet{station(kStations), a}), punt(TNA_R_FDB_MISS));
  for (int i = 0; i < kStations; i += 97) {
    configure("bridge fdb del " + to_string(station(i)) + " dev p" + std::to_string(2 + i % 2) +
              " master");
    EXPECT_EQ(run(Ethernet{station(i), a}), punt(TNA_R_FDB_MISS)) << to_string(station(i));
  }
}

// Which port it is shows on the wire only.
TEST_P(Fdb, ToTheRightPort) {
  PacketSocket s1 = world.wire("s1"), s2 = world.wire("s2"), s3 = world.wire("s3");
  Bytes to_c = (Ethernet{c, a} / IPv4{} / Udp{} / Payload{18}).bytes();
  EXPECT_EQ(on_the_wire("p1", [&] { s1.send(udp.bytes()); }), goes_on());
  EXPECT_EQ(s2.receive(std::chrono::seconds(1)), udp.bytes());
  EXPECT_EQ(on_the_wire("p1", [&] { s1.send(to_c); }), goes_on());
  EXPECT_EQ(s3.receive(std::chrono::seconds(1)), to_c);
  for (PacketSocket* nothing : {&s1, &s2, &s3})
    EXPECT_FALSE(nothing->receive(std::chrono::milliseconds(20)));
}

}  // namespace
}  // namespace tna::test
