// SPDX-License-Identifier: Apache-2.0
// bpf/fpm/zones.h, conntrack.h: connections in the zones that rules choose.
#include "capabilities/probe_rules.h"
#include "fpm/connections.h"

namespace tna::test {
namespace {

class Zones : public Connections {
 protected:
  void SetUp() override {
    Connections::SetUp();
    if (!IsSkipped() && !looks_by_zone(Shared::get().memory()))
      GTEST_SKIP() << "this kernel's programs can't look by zone";
  }
  // Rules before connection tracking, in a program made for them.
  void raw(const std::string& rules) {
    nft("table inet t { chain r { type filter hook prerouting priority raw; " + rules +
            "; }; chain c { type filter hook forward priority 0; ct state established accept; "
            "drop; }; }",
        false);
  }
  void only(const std::string& entries) { configure("conntrack -F 2>/dev/null\n" + entries); }
  void expect(const Outcome& expected, const std::string& what) {
    EXPECT_EQ(run(ipv4()), expected) << what;
    EXPECT_EQ(run(ipv6()), expected) << what;
  }
  static std::string entries(const std::string& zone) { return entry("udp", zone) + entry6(zone); }
};
INSTANTIATE_TEST_SUITE_P(, Zones, testing::ValuesIn(tested_hooks()), hook_name);

TEST_P(Zones, ConnectionsAreLookedForThere) {
  raw("iifname p1 ct zone set 7");
  only(entries("--zone 7"));
  expect(goes_on(), "7");
  for (const char* other : {"", "--zone 8", "--orig-zone 8", "--reply-zone 7"}) {
    only(entries(other));
    expect(punt(TNA_R_CT_NEW), other);
  }
  only(entries("--orig-zone 7"));
  expect(goes_on(), "it counts for this direction");
  raw("iifname p2 ct zone set 7");
  only(entries("--zone 7"));
  expect(punt(TNA_R_CT_NEW), "in zone 0");
  only(entries("") + entries("--zone 7"));
  expect(goes_on(), "0");
}

TEST_P(Zones, OfOneDirection) {
  raw("ct original zone set 7");
  only(entries("--orig-zone 7"));
  expect(goes_on(), "original");
  only(entries("--reply-zone 7"));
  expect(punt(TNA_R_CT_NEW), "original");
  raw("ct reply zone set 7");
  only(entries("--reply-zone 7"));
  expect(goes_on(), "in zone 0 this way");
  only(entries("--zone 7"));
  expect(punt(TNA_R_CT_NEW), "reply");
  // The packet answers: B has begun.
  const std::string answered =
      "conntrack -I -s 192.0.2.2 -d 192.0.2.1 -p udp --sport 4243 --dport 4242 -t 100 "
      "-u SEEN_REPLY,ASSURED >/dev/null ";
  for (const char* rule : {"iifname p2 ct original zone set 7", "ct original zone set 7"}) {
    raw(rule);
    only(answered + "--orig-zone 7");
    EXPECT_EQ(run(ipv4()), goes_on()) << rule;
    only(answered + "--zone 7");
    EXPECT_EQ(run(ipv4()), punt(TNA_R_CT_NEW)) << rule;
  }
  raw("ct reply zone set 7");
  only(answered + "--reply-zone 7");
  EXPECT_EQ(run(ipv4()), goes_on());
}

TEST_P(Zones, WhatRulesSeeOfThePacketByThen) {
  only(entries("--zone 7"));
  for (const char* seen :
       {"udp dport 4243", "udp sport 4000-4300", "iifname \"p1\"", "iifname \"p*\"", "iif p1",
        "iifgroup default", "ether saddr 02:00:00:00:00:0a", "meta length 68-88", "meta mark 0",
        "meta mark set 3 meta mark 3", "udp dport { 1, 4243 }", "iifname { p1, p2, p3, p4 }"}) {
    raw(std::string(seen) + " ct zone set 7");
    expect(goes_on(), seen);
  }
  raw("ip ttl 64 ct zone set 7; ip6 hoplimit 64 ct zone set 7");
  expect(goes_on(), "not yet one less");
  raw("ip daddr 192.0.2.2 ct zone set 7; ip6 saddr 2001:db8::1 ct zone set 7");
  expect(goes_on(), "addresses");
}

TEST_P(Zones, TheFirstOneIsHeard) {
  only(entries("--zone 7"));
  raw("ct zone set 7; ct zone set 8");
  expect(goes_on(), "7");
  raw("ct zone set 0; ct zone set 7");
  expect(punt(TNA_R_CT_NEW), "0 is one, too");
  raw("accept; ct zone set 7");
  expect(punt(TNA_R_CT_NEW), "it does not get there");
}

TEST_P(Zones, RulesThatTnaCantDoComeFirst) {
  only(entries("--zone 7"));
  raw("udp dport 4243 limit rate 1/second accept; ct zone set 7");
  expect(punt(TNA_R_RULE), "limit");
  raw("udp dport 4244 limit rate 1/second accept; ct zone set 7");
  expect(goes_on(), "another port");
  raw("udp dport 4244 ct zone set 7; ct zone set iifname map { \"p1\" : 7 }");
  expect(punt(TNA_R_RULE), "which one, nobody knows before");
}

// What they do is done once.
TEST_P(Zones, RulesDropAndCountAsBefore) {
  only(entries("--zone 7"));
  raw("ct zone set 7; udp dport 4243 counter drop");
  expect(drop(), "in the zone");
  for (const auto& [handle, counter] : path().rule_counters()) EXPECT_EQ(counter.packets, 2u);
  raw("counter ct zone set 7");
  expect(goes_on(), "counted");
  for (const auto& [handle, counter] : path().rule_counters()) EXPECT_EQ(counter.packets, 2u);
}

TEST_P(Zones, OtherRulesHaveBeenCommitted) {
  only(entries("--zone 7"));
  raw("ct zone set 7");
  expect(goes_on(), "7");
  configure("nft add table ip another");
  expect(punt(TNA_R_RULES_NEW), "perhaps in another zone");
}

// With all that a program can have: there is as much stack as before.
TEST_P(Zones, WithManyRulesAndNat) {
  std::string rules, zones;
  for (int i = 0; i < 60; ++i) {
    const std::string number = std::to_string(i);
    rules += "ip saddr 198.51.100." + number + " udp dport " + number + " counter drop;";
    zones += "iifname \"q" + number + "\" ct zone set " + number + ";";
  }
  nft("table inet t { chain r { type filter hook prerouting priority raw; " + rules + zones +
      "ct zone set 7; }; chain c { type filter hook forward priority 0; policy drop; " + rules +
      " ct state established accept; }; chain s { type nat hook postrouting priority 100; "
      "masquerade; }; }");
  only(entry("udp", "--zone 7"));
  EXPECT_EQ(run(ipv4()), goes_on());
}

}  // namespace
}  // namespace tna::test
