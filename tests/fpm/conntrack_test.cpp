// SPDX-License-Identifier: Apache-2.0
// bpf/fpm/conntrack.h, nat.h: connections as ctnetlink makes them. Real ones are
// tests/netns/nat_test.sh's.
#include "fpm/connections.h"

namespace tna::test {
namespace {

INSTANTIATE_TEST_SUITE_P(, Connections, testing::ValuesIn(tested_hooks()), hook_name);

TEST_P(Connections, EstablishedOnesGoOn) {
  nft(kFollow);
  EXPECT_EQ(run(ipv4()), punt(TNA_R_CT_NEW));
  EXPECT_EQ(run(ipv6()), punt(TNA_R_CT_NEW));
  configure(entry("udp") + entry6());
  EXPECT_EQ(run(ipv4()), goes_on());
  EXPECT_EQ(run(ipv6()), goes_on());
  configure("conntrack -F 2>/dev/null");
  EXPECT_EQ(run(ipv4()), punt(TNA_R_CT_NEW));
}

// Into a veth there is a way past its queue, in which Linux's packets of the connection may wait.
TEST_P(Connections, LinuxsPacketsAreNotOvertaken) {
  if (at_xdp()) GTEST_SKIP() << "XDP has no such way";
  PacketSocket s1 = world.wire("s1"), s2 = world.wire("s2");
  constexpr int kFrames = 8;  // p2 has some things to say for itself, too, but not as many
  const auto queued = [&] {   // p2 itself has sent them
    const std::string count = "ip -s -j link show p2 | jq .[0].stats64.tx.packets";
    const int before = std::stoi(answer(count));
    for (int i = 0; i < kFrames; ++i) {
      EXPECT_EQ(on_the_wire("p1", [&] { s1.send(ipv4().bytes()); }), goes_on());
      EXPECT_TRUE(s2.receive(std::chrono::seconds(1)));
    }
    return std::stoi(answer(count)) - before;
  };
  EXPECT_LT(queued(), kFrames) << "nobody follows connections";
  nft(kFollow);
  configure(entry("udp"));
  EXPECT_GE(queued(), kFrames);
}

TEST_P(Connections, RulesSeeThem) {
  for (const char* seen : {"ct state established", "ct direction original", "ct mark 5",
                           "ct status seen-reply", "ct state != new"}) {
    nft("table inet t { chain c { type filter hook forward priority 0; " + std::string(seen) +
        " drop; }; }");
    configure("conntrack -F 2>/dev/null\n" + entry("udp", "--mark 5") + entry6("--mark 5"));
    EXPECT_EQ(run(ipv4()), drop()) << seen;
    EXPECT_EQ(run(ipv6()), drop()) << seen;
  }
  nft("table inet t { chain c { type filter hook forward priority 0; ct direction reply drop; }; "
      "chain p { type filter hook prerouting priority raw; ct state established drop; }; }");
  EXPECT_EQ(run(ipv4()), punt(TNA_R_RULE)) << "before connections are looked for";
}

TEST_P(Connections, MarksThatPacketsTakeFromThem) {
  const std::string mark = "chain f { type filter hook forward priority 0; meta mark ";
  const auto with_mark = [&](const std::string& on) {
    configure("conntrack -F 2>/dev/null\n" + entry("udp", "--mark " + on) + entry6("--mark " + on));
  };
  const auto expect = [&](const Outcome& expected) {
    EXPECT_EQ(run(ipv4()), expected);
    EXPECT_EQ(run(ipv6()), expected);
  };
  nft("table inet t { chain p { type filter hook prerouting priority -150; meta mark set ct mark; "
      "}; " +
      mark + "0x15 drop; }; }");
  with_mark("0x15");
  expect(drop());
  with_mark("0x16");
  expect(goes_on());
  nft("table inet t { chain p { type filter hook forward priority -1; meta mark set 0xff; "
      "meta mark set ct mark & 0xf; }; " +
      mark + "0x5 drop; }; }");
  with_mark("0x15");
  expect(drop());
  const std::string restore = "-t mangle -A PREROUTING -j CONNMARK --restore-mark";
  for (const std::string match : {" -m mark --mark 0x16", " -m mark --mark 0x6"}) {
    const bool all = match.ends_with("16");
    configure("nft flush ruleset; for ip in iptables ip6tables; do $ip " + restore +
              (all ? "" : " --mask 0xf") + "; $ip -A FORWARD" + match + " -j DROP; done");
    follow();
    with_mark("0x16");
    expect(drop());
    with_mark("0x27");
    expect(goes_on());
  }
}

// All that a program can have at once: it takes as much stack as there is.
TEST_P(Connections, WithManyRules) {
  std::string rules;
  for (int i = 0; i < 100; ++i)
    rules += "ip saddr 198.51.100." + std::to_string(i) + " udp dport " + std::to_string(i) +
             " counter drop;";
  nft("table inet t { chain c { type filter hook forward priority 0; policy drop; " + rules +
      " ct state established accept; }; chain s { type nat hook postrouting priority 100; "
      "masquerade; "
      "}; }");
  configure(entry("udp"));
  EXPECT_EQ(run(ipv4()), goes_on());
  nft("table inet t { chain c { type filter hook forward priority 0; policy drop; " + rules +
          " ct state established accept; }; }",
      false);
  EXPECT_EQ(run(ipv4()), goes_on());
}

TEST_P(Connections, OneDirectionOnlyIsNew) {
  nft(kFollow);
  configure(
      "conntrack -I -s 192.0.2.1 -d 192.0.2.2 -p udp --sport 4242 --dport 4243 -t 100 "
      ">/dev/null");
  EXPECT_EQ(run(ipv4()), punt(TNA_R_CT_SPECIAL));
  configure("conntrack -F 2>/dev/null\n" + entry("udp", "-u FIXED_TIMEOUT,SEEN_REPLY,ASSURED"));
  EXPECT_EQ(run(ipv4()), goes_on());
}

TEST_P(Connections, OtherProtocols) {
  nft(kFollow);
  EXPECT_EQ(run(to_router() / IPv4{.protocol = IPPROTO_ICMP} / Payload{.bytes = Bytes(16)}),
            punt(TNA_R_CT_PROTO));
  EXPECT_EQ(run(to_router() / IPv4{.protocol = 47} / Payload{40}), punt(TNA_R_CT_PROTO));
}

TEST_P(Connections, TcpThatMustBeSeen) {
  nft(kFollow);
  configure(entry("tcp", "--state ESTABLISHED"));
  for (int flags : {0x02, 0x12, 0x11, 0x14, 0x30, 0x00, 0x08})
    EXPECT_EQ(run(tcp(flags)), punt(TNA_R_CT_TCP)) << flags;
  EXPECT_EQ(run(tcp(0x10, 4)), punt(TNA_R_CT_TCP));
  EXPECT_EQ(run(tcp(0x10, 6)), punt(TNA_R_CT_TCP)) << "options that aren't there";
  EXPECT_EQ(run(tcp(0x10)), punt(TNA_R_CT_WINDOW));
  configure("conntrack -F 2>/dev/null\n" + entry("tcp", "--state CLOSE_WAIT"));
  EXPECT_EQ(run(tcp(0x10)), punt(TNA_R_CT_SPECIAL));
}

TEST_P(Connections, LifetimeIsLinuxs) {
  nft(kFollow);
  sysctl("netfilter/nf_conntrack_udp_timeout_stream", 200);
  configure(entry("udp"));
  EXPECT_LE(timeout(), 100);
  EXPECT_EQ(run(ipv4()), goes_on());
  EXPECT_GE(timeout(), 198);
  EXPECT_LE(timeout(), 200);
}

TEST_P(Connections, Accounting) {
  nft(kFollow);
  sysctl("netfilter/nf_conntrack_acct", 1);
  configure(entry("udp") + entry("tcp", "--state ESTABLISHED"));
  EXPECT_EQ(run(ipv4()), punt(TNA_R_CT_COUNTED));
  EXPECT_EQ(run(tcp(0x10)), punt(TNA_R_CT_COUNTED)) << "and its window stays Linux's";
}

// What was found of a connection that has ended does not hold for the next one, which may lie where
// the other did: not for longer than a moment (bpf/lib/connection_cache.h).
TEST_P(Connections, OthersWithTheSameEndsAreLookedAtAnew) {
  nft(kFollow);
  configure(entry("udp") + entry6());
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(run(ipv4()), goes_on());
    EXPECT_EQ(run(ipv6()), goes_on());
  }
  sysctl("netfilter/nf_conntrack_acct", 1);
  configure("conntrack -F 2>/dev/null\n" + entry("udp") + entry6() + "sleep 1.1");
  EXPECT_EQ(run(ipv4()), punt(TNA_R_CT_COUNTED));
  EXPECT_EQ(run(ipv6()), punt(TNA_R_CT_COUNTED));
}

TEST_P(Connections, SourceIsTranslatedAndBack) {
  nft(kTranslate);
  configure(entry("udp", "--src-nat 10.0.2.1"));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(run(ipv4()), goes_on());
  const int port = std::stoi(
      answer("conntrack -L -p udp 2>/dev/null | grep -o 'dport=[0-9]*' | tail -1 | cut -d= -f2"));
  expect_left("10.0.2.1", port, "192.0.2.2", 4243, 40);
  nft(kTranslate, false);
  EXPECT_EQ(run(ipv4()), punt(TNA_R_CT_NAT)) << "what the program was not made for";
}

TEST_P(Connections, DestinationIsTranslated) {
  nft(kTranslate);
  configure(
      "ip route add 198.51.100.1 dev p3; ip route add 2001:db8:9::1 dev p3\n"
      "conntrack -I -s 192.0.2.1 -d 198.51.100.1 -p udp --sport 4242 --dport 4243 -t 100 "
      "-u SEEN_REPLY,ASSURED --dst-nat 192.0.2.2:53 >/dev/null\n"
      "conntrack -I -s 2001:db8::1 -d 2001:db8:9::1 -p udp --sport 4242 --dport 4243 -t 100 "
      "-u SEEN_REPLY,ASSURED --dst-nat 2001:db8::2 >/dev/null");
  Bytes four = ipv4().bytes(), six = ipv6().bytes();
  const auto retarget = [](Bytes frame, const char* to, int family, std::size_t at) {
    // Both checksums follow by what is subtracted and added.
    inet_pton(family, to, frame.data() + at);
    return frame;
  };
  four = with(retarget(four, "198.51.100.1", AF_INET, 30), {});
  four[40] = four[41] = 0;  // without a UDP checksum, which IPv4 may do
  EXPECT_EQ(run(four), goes_on());
  EXPECT_EQ(path().left()[40] << 8 | path().left()[41], 0);
  EXPECT_EQ(path().left()[36] << 8 | path().left()[37], 53);
  char text[INET_ADDRSTRLEN];
  EXPECT_STREQ(inet_ntop(AF_INET, path().left().data() + 30, text, sizeof text), "192.0.2.2");
  EXPECT_EQ(run(retarget(six, "2001:db8:9::1", AF_INET6, 38)), goes_on());
  char text6[INET6_ADDRSTRLEN];
  EXPECT_STREQ(inet_ntop(AF_INET6, path().left().data() + 38, text6, sizeof text6), "2001:db8::2");
}

}  // namespace
}  // namespace tna::test
