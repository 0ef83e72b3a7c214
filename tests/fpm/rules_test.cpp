// SPDX-License-Identifier: Apache-2.0
// bpf/fpm/rules.h: rules as the kernel has them, in the program.
#include <unistd.h>

#include "capabilities/probe_netfilter.h"
#include "daemon/rule_keeper.h"
#include "fpm/must.h"
#include "fpm/routing.h"

namespace tna::test {
namespace {

class Rules : public Routing {
 protected:
  // A table of the family inet with these chains; the program is made for it.
  void nft(const std::string& chains) {
    configure("nft -f - <<'END'\nflush ruleset\ntable inet t {\n" + chains + "\n}\nEND");
    compile();
  }
  void compile() {
    NetfilterState state = must(probe_netfilter(Shared::get().memory(), Shared::get().symbols()));
    keeper_ = {};
    keeper_.follow(state);
    const Firewall& firewall = keeper_.firewall();
    ASSERT_TRUE(firewall.rules) << firewall.why_not;
    tna_const constants{.route4 = 1, .route6 = 1};
    constants.rules4 = firewall.can_judge(4);
    constants.rules6 = firewall.can_judge(6);
    constants.rules_devices = firewall.rules->devices;
    constants.rules_legacy = !firewall.words.tables4.empty();
    load(constants, firewall);
  }
  Outcome both() {
    Outcome v4 = run(ipv4()), v6 = run(ipv6());
    EXPECT_EQ(v4, v6);
    return v4;
  }
  static std::string forward(const std::string& rules, const std::string& policy = "accept") {
    return "chain c { type filter hook forward priority 0; policy " + policy + ";\n" + rules +
           "\n}";
  }
  RuleKeeper keeper_;
};
INSTANTIATE_TEST_SUITE_P(, Rules, testing::ValuesIn(tested_hooks()), hook_name);

// Bridges that are kept from each other, as Docker does it: a chain as long as there are bridges is
// jumped to once for each of them.
TEST_P(Rules, ChainsThatAreJumpedToFromManyPlaces) {
  const auto rules = [](int port) {
    std::string text = "chain to { oifname \"q9\" return;\n";
    std::string from = "chain c { type filter hook forward priority 0;\n";
    for (int i = 0; i < 60; ++i) {
      const std::string bridge = "\"br-" + std::to_string(1000 + i) + "\"";
      text += "oifname " + bridge + " counter drop;\n";
      from += "iifname " + bridge + " oifname != " + bridge + " jump to;\n";
    }
    text += "oifname \"p2\" udp dport " + std::to_string(port) + " counter drop; }\n";
    return text + from + "iifname \"p1\" jump to;\niifname \"p*\" meta mark set 0; }";
  };
  nft(rules(4243));
  EXPECT_EQ(both(), drop());
  nft(rules(4244));
  EXPECT_EQ(both(), goes_on());
}

TEST_P(Rules, Verdicts) {
  nft(forward(""));
  EXPECT_EQ(both(), goes_on());
  nft(forward("", "drop"));
  EXPECT_EQ(both(), drop());
  nft(forward("udp dport 4243 drop"));
  EXPECT_EQ(both(), drop());
  nft(forward("udp dport 4244 drop"));
  EXPECT_EQ(both(), goes_on());
  nft(forward("udp dport 4243 limit rate 1/second accept"));
  EXPECT_EQ(both(), punt(TNA_R_RULE));
  nft(forward("udp dport 4244 limit rate 1/second accept"));
  EXPECT_EQ(both(), goes_on());
}

TEST_P(Rules, WhatRulesSee) {
  for (const char* seen :
       {"udp sport 4242", "udp length 48", "meta mark 0", "iifname \"p1\"", "oifname \"p2\"",
        "oifname \"p*\"", "iif p1 oif p2", "ether saddr 02:00:00:00:00:0a", "meta pkttype host",
        "meta nfproto ipv4 ip ttl 63", "meta nfproto ipv4 ip saddr 192.0.2.1 ip length 68",
        "meta nfproto ipv4 ip daddr 192.0.2.0/25", "meta length 68", "iifgroup default",
        "meta nfproto ipv4 ip dscp 0"}) {
    nft(forward(std::string(seen) + " drop"));
    EXPECT_EQ(run(ipv4()), drop()) << seen;
  }
  for (const char* seen : {"ip6 hoplimit 63", "ip6 saddr 2001:db8::1", "ip6 length 48",
                           "ip6 daddr 2001:db8::/64", "meta l4proto udp", "meta length 88"}) {
    nft(forward(std::string(seen) + " drop"));
    EXPECT_EQ(run(ipv6()), drop()) << seen;
  }
  nft("chain p { type filter hook prerouting priority 0; ip ttl 63 drop; ip6 hoplimit 63 drop; }\n"
      "chain q { type filter hook postrouting priority 0; ip ttl 63 drop; ip6 hoplimit 63 drop; }");
  EXPECT_EQ(both(), drop());
}

TEST_P(Rules, ChainsOfAllHooksInTurn) {
  nft("chain p { type filter hook prerouting priority 0; meta mark set 7; }\n"
      "chain f { type filter hook forward priority 0; policy drop; meta mark 7 jump x; }\n"
      "chain x { return; }\n"
      "chain i { type filter hook input priority 0; policy drop; }");
  EXPECT_EQ(both(), drop());
  nft("chain f { type filter hook forward priority 0; policy drop; meta mark 7 accept; }\n"
      "chain e { type filter hook forward priority -1; meta mark set 7; }");
  EXPECT_EQ(both(), goes_on());
}

TEST_P(Rules, OthersHaveBeenCommitted) {
  nft(forward(""));
  EXPECT_EQ(both(), goes_on());
  configure("nft add table ip another");
  EXPECT_EQ(both(), punt(TNA_R_RULES_NEW));
  configure("nft add rule inet t c drop");
  EXPECT_EQ(both(), punt(TNA_R_RULES_NEW));
  compile();
  EXPECT_EQ(both(), drop());
  configure("nft add chain inet t d '{ type filter hook prerouting priority 0; }'");
  EXPECT_EQ(both(), punt(TNA_R_STALE));
  nft(forward("") + "\nset s { type ipv4_addr; elements = { 1.2.3.4 } }");
  configure("nft delete element inet t s '{ 1.2.3.4 }'");
  EXPECT_EQ(both(), punt(TNA_R_RULES_NEW));
}

TEST_P(Rules, LegacyTables) {
  configure("nft flush ruleset");
  if (::access("/proc/self/net/ip_tables_names", F_OK) != 0)
    GTEST_SKIP() << "this kernel has no legacy tables";
  configure("iptables-legacy -A FORWARD -p udp --dport 4243 -j DROP");
  compile();
  EXPECT_EQ(run(ipv4()), drop());
  configure("iptables-legacy -D FORWARD 1");
  EXPECT_EQ(run(ipv4()), punt(TNA_R_RULES_NEW));
  compile();
  EXPECT_EQ(run(ipv4()), goes_on());
  configure("iptables-legacy -t mangle -A PREROUTING -j DROP");
  EXPECT_EQ(run(ipv4()), punt(TNA_R_STALE));
}

TEST_P(Rules, CountWhatIsNotLinuxs) {
  nft(forward(
      "counter\nudp dport 4243 counter\nip ttl 1 counter\nip6 hoplimit 63 limit rate 1/second"));
  EXPECT_EQ(run(ipv4()), goes_on());
  EXPECT_EQ(run(ipv4()), goes_on());
  EXPECT_EQ(run(ipv6()), punt(TNA_R_RULE));
  const auto counters = path().rule_counters();
  ASSERT_EQ(counters.size(), 3u);
  auto counter = counters.begin();
  EXPECT_EQ(counter->second.packets, 2u);
  EXPECT_EQ(counter->second.bytes, 2 * 68u);
  EXPECT_EQ((++counter)->second.packets, 2u);
  EXPECT_EQ((++counter)->second.packets, 0u);
}

TEST_P(Rules, SetsOfAllKinds) {
  nft("set a { type ipv4_addr; elements = { 192.0.2.1 } }\n" + forward("ip saddr @a drop"));
  EXPECT_EQ(run(ipv4()), drop());
  nft("set a { type ipv4_addr; flags interval; elements = { 192.0.2.0-192.0.2.1 } }\n" +
      forward("ip saddr @a drop"));
  EXPECT_EQ(run(ipv4()), drop());
  nft("set a { type ipv6_addr; flags interval; elements = { 2001:db8::/96 } }\n" +
      forward("ip6 daddr @a drop"));
  EXPECT_EQ(run(ipv6()), drop());
  nft("set a { type ipv4_addr . inet_service; elements = { 192.0.2.2 . 4243 } }\n" +
      forward("ip daddr . udp dport @a drop"));
  EXPECT_EQ(run(ipv4()), drop());
  nft("map m { type inet_service : verdict; elements = { 4243 : drop, 4244 : accept } }\n" +
      forward("udp dport vmap @m"));
  EXPECT_EQ(both(), drop());
  nft(forward("udp dport { 1, 2, 3, 4, 5, 6, 7, 8, 9, 4000-5000 } drop"));
  EXPECT_EQ(both(), drop());
  nft(forward("udp dport != { 1, 2, 3, 4, 5, 6, 7, 8, 9, 4000-5000 } drop"));
  EXPECT_EQ(both(), goes_on());
}

// Few are compared with, many are looked for in a tree.
TEST_P(Rules, SetsOfConcatenatedIntervals) {
  for (int others : {3, 60})
    for (int port : {4243, 4244}) {
      std::string set = "192.0.2.0/25 . " + std::to_string(port) + "-5000 ";
      std::string map = set + ": drop ";
      for (int i = 0; i < others; ++i) {
        const std::string other = ", 10.0." + std::to_string(i) + ".0/24 . 4000-5000 ";
        set += other;
        map += other + ": accept";
      }
      const Outcome expected = port == 4243 ? drop() : goes_on();
      nft("set a { type ipv4_addr . inet_service; flags interval; elements = { " + set + "} }\n" +
          forward("ip daddr . udp dport @a drop"));
      EXPECT_EQ(run(ipv4()), expected) << others;
      nft("map m { type ipv4_addr . inet_service : verdict; flags interval; elements = { " + map +
          "} }\n" + forward("ip daddr . udp dport vmap @m"));
      EXPECT_EQ(run(ipv4()), expected) << others;
    }
}

// xtables drops it, nf_tables' rules don't find it.
TEST_P(Rules, IcmpWithoutAllOfItsHeader) {
  nft(forward("udp dport 1 drop"));
  EXPECT_EQ(run(with(ipv4().bytes(), {{3, 28}, {9, 1}, {20, 8}})), goes_on());
  EXPECT_EQ(run(with(ipv4().bytes(), {{3, 27}, {9, 1}, {20, 8}})), punt(TNA_R_SHORT));
}

// Rules would route by it, had it been there before.
TEST_P(Rules, MarkThatRulesSet) {
  nft(forward("meta mark set 1"));
  EXPECT_EQ(both(), goes_on());
  nft("chain p { type filter hook prerouting priority 0; meta mark set 1; }");
  EXPECT_EQ(both(), goes_on());
  configure("ip rule add fwmark 9 lookup 9; ip -6 rule add fwmark 9 lookup 9");
  compile();
  EXPECT_EQ(both(), punt(TNA_R_MARK));
  nft("chain p { type filter hook prerouting priority 0; meta mark set 1; }\n" +
      forward("meta mark set 0"));
  EXPECT_EQ(both(), punt(TNA_R_MARK)) << "it was routed by 1";
}

}  // namespace
}  // namespace tna::test
