// SPDX-License-Identifier: Apache-2.0
// bpf/lib/counted.h: connections that Linux counts go on where the program counts them.
#include <bpf/bpf.h>
#include <unistd.h>

#include "fpm/connections.h"
#include "introspect/conntrack.h"

namespace tna::test {
namespace {

using Counts = std::array<std::array<std::uint64_t, 2>, 2>;  // by direction: packets, bytes

class Counted : public Connections {
 protected:
  Counted() {
    counts_ = true;
    for (const auto& [key, connection] : all()) bpf_map_delete_elem(map().map(), &key);
    sysctl("netfilter/nf_conntrack_acct", 1);
    sysctl("netfilter/nf_conntrack_timestamp", 1);
  }
  static ConnectionMap& map() { return Shared::get().connections(); }
  static std::vector<ConnectionMap::Counted> all() { return must(map().all()); }
  static Counts counts_of(const tna_connection& connection) {
    Counts counts;
    for (int i = 0; i < 2; i++)
      counts[i] = {connection.count[i].packets, connection.count[i].bytes};
    return counts;
  }
  // Of the only one.
  static Counts counts() {
    const auto each = all();
    EXPECT_EQ(each.size(), 1u);
    return each.empty() ? Counts{} : counts_of(each.front().second);
  }
  Bytes reply(std::size_t size = 40) {
    const Packet packet = Ethernet{.dst = world.address("p2"), .src = b} / IPv4{} /
                          Udp{.source_port = 4243, .destination_port = 4242} / Payload{size};
    return with(packet.padded(), {{15, 2}, {19, 1}});
  }
  void other_entry(int port) {
    configure("conntrack -I -s 192.0.2.1 -d 192.0.2.2 -p udp --sport " + std::to_string(port) +
              " --dport 4243 -t 100 -u SEEN_REPLY,ASSURED >/dev/null");
  }
  Packet from(int port) {
    return to_router() / IPv4{} / Udp{.source_port = static_cast<std::uint16_t>(port)} /
           Payload{40};
  }
};
INSTANTIATE_TEST_SUITE_P(, Counted, testing::ValuesIn(tested_hooks()), hook_name);

TEST_P(Counted, BothDirectionsWithoutPaddingAndEthernet) {
  nft(kFollow);
  configure(entry("udp"));
  EXPECT_EQ(run(ipv4()), goes_on());
  EXPECT_EQ(run(ipv4({}, 2)), goes_on()) << "which is padded to 60 bytes";
  EXPECT_EQ(run(reply(1000), "p2"), goes_on());
  EXPECT_EQ(counts(), (Counts{{{2, 68 + 30}, {1, 1028}}}));
  const tna_connection connection = all().front().second;
  EXPECT_EQ(connection.version, 4);
  EXPECT_EQ(connection.protocol, IPPROTO_UDP);
  EXPECT_EQ(connection.saddr[0], inet_addr("192.0.2.1"));
  EXPECT_EQ(connection.daddr[0], inet_addr("192.0.2.2"));
  EXPECT_EQ(ntohs(connection.sport), 4242);
  EXPECT_EQ(ntohs(connection.dport), 4243);
}

TEST_P(Counted, Ipv6) {
  nft(kFollow);
  configure(entry6());
  EXPECT_EQ(run(ipv6()), goes_on());
  EXPECT_EQ(counts(), (Counts{{{1, 88}, {0, 0}}}));
}

TEST_P(Counted, TranslatedOnes) {
  nft(kTranslate);
  configure(entry("udp", "--src-nat 10.0.2.1"));
  EXPECT_EQ(run(ipv4()), goes_on());
  EXPECT_EQ(counts(), (Counts{{{1, 68}, {0, 0}}}));
  EXPECT_EQ(all().front().second.saddr[0], inet_addr("192.0.2.1"));
}

TEST_P(Counted, ALargePacketOfManySegmentsIsOne) {
  sysctl("netfilter/nf_conntrack_checksum", 0);
  nft(kFollow);
  configure(entry("tcp", "--state ESTABLISHED"));
  Bytes segment = tcp(0x10);
  segment[34 + 14] = 1;  // a window that Linux notes
  PacketSocket s1 = world.wire("s1");
  EXPECT_EQ(on_the_wire("p1", [&] { s1.send(segment); }), punt(TNA_R_CT_WINDOW));
  TcpConnection known{.source_port = htons(4242), .destination_port = htons(4243)};
  known.source[0] = inet_addr("192.0.2.1");
  known.destination[0] = inet_addr("192.0.2.2");
  must(must(Conntrack::open()).be_liberal(known));
  Bytes payload(segment.begin() + 34, segment.begin() + 54);
  payload.resize(20 + 1400);
  const Packet large = to_router() / IPv4{.protocol = IPPROTO_TCP} / Payload{.bytes = payload};
  EXPECT_EQ(run(large.bytes(), "p1", at_xdp() ? 0 : 700), goes_on());
  EXPECT_EQ(counts(), (Counts{{{1, 1440}, {0, 0}}}));
}

TEST_P(Counted, WithoutCountersTheyAreNotCounted) {
  sysctl("netfilter/nf_conntrack_acct", 0);
  nft(kFollow);
  configure(entry("udp"));
  EXPECT_EQ(run(ipv4()), goes_on());
  EXPECT_TRUE(all().empty());
}

TEST_P(Counted, OneThatCouldBeTakenForAnEarlierIsLinuxs) {
  sysctl("netfilter/nf_conntrack_timestamp", 0);
  nft(kFollow);
  configure(entry("udp"));
  EXPECT_EQ(run(ipv4()), punt(TNA_R_CT_COUNTED));
}

TEST_P(Counted, WhereThereIsNoRoomTheyAreLinuxs) {
  nft(kFollow);
  for (int port = 1; port <= 5; ++port) other_entry(port);
  for (int port = 1; port <= 4; ++port) EXPECT_EQ(run(from(port)), goes_on());
  EXPECT_EQ(run(from(5)), punt(TNA_R_CT_FULL));
  EXPECT_EQ(run(from(1)), goes_on());
  EXPECT_EQ(all().size(), 4u);
}

TEST_P(Counted, AnotherOfTheSameAddressesBeginsAnew) {
  nft(kFollow);
  for (int again = 0; again < 3; ++again) {
    configure("conntrack -F 2>/dev/null\n" + entry("udp"));
    EXPECT_EQ(run(ipv4()), goes_on());
  }
  EXPECT_EQ(all().size(), 3u);
  for (const auto& [key, connection] : all())
    EXPECT_EQ(counts_of(connection), (Counts{{{1, 68}, {0, 0}}}));
}

TEST_P(Counted, ThoseThatHaveEndedGoAndTheirCountStays) {
  nft(kFollow);
  configure(entry("udp"));
  EXPECT_EQ(run(ipv4()), goes_on());
  EXPECT_EQ(run(reply(), "p2"), goes_on());
  configure("conntrack -F 2>/dev/null\n" + entry("udp"));
  EXPECT_EQ(run(ipv4()), goes_on());
  must(map().sweep());
  const tna_sweep before = map().swept();
  EXPECT_EQ(before.there, 1u);
  EXPECT_EQ(all().size(), 2u) << "a program might have found it just before";
  usleep(1'100'000);
  must(map().sweep());
  EXPECT_EQ(map().swept().there, 1u);
  EXPECT_EQ(map().swept().ended, before.ended + 1);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(map().swept().count[i].packets, before.count[i].packets + 1);
    EXPECT_EQ(map().swept().count[i].bytes, before.count[i].bytes + 68);
  }
  EXPECT_EQ(counts(), (Counts{{{1, 68}, {0, 0}}})) << "of the one that is";
}

TEST_P(Counted, WhatRulesDropLinuxCounts) {
  nft("table inet t { chain c { type filter hook forward priority 0; ct state established drop; }; "
      "}");
  configure(entry("udp"));
  EXPECT_EQ(run(ipv4()), punt(TNA_R_CT_COUNTED));
  EXPECT_EQ(counts(), Counts{});
}

TEST_P(Counted, WhatGoesToLinuxLinuxCounts) {
  nft(kFollow);
  configure(entry("udp") + "ip neigh del 192.0.2.2 dev p2");
  EXPECT_EQ(run(ipv4()), punt(TNA_R_NEIGHBOUR));
  EXPECT_EQ(counts(), Counts{});
}

TEST_P(Counted, RulesThatReadTheCountersAreFound) {
  for (const char* rule : {"ct bytes > 1000", "ct original packets > 5", "ct avgpkt > 10"}) {
    nft("table inet t { chain c { type filter hook forward priority 0; jump d; }; chain d { ct "
        "state new; " +
        std::string(rule) + " drop; }; }");
    EXPECT_TRUE(keeper_.firewall().rules->counters_read_by.starts_with("inet t d, rule ")) << rule;
  }
  nft("table inet t { chain c { type filter hook forward priority 0; ct state established; "
      "counter; }; chain i { type filter hook input priority 0; ct bytes > 1000 drop; }; }");
  EXPECT_EQ(keeper_.firewall().rules->counters_read_by, "") << "forwarded packets don't meet it";
  configure(
      "nft flush ruleset; iptables -A FORWARD -m connbytes --connbytes 10: --connbytes-dir both "
      "--connbytes-mode packets -j DROP");
  follow();
  EXPECT_NE(keeper_.firewall().rules->counters_read_by, "");
}

}  // namespace
}  // namespace tna::test
