// SPDX-License-Identifier: Apache-2.0
// bpf/fpm/rules.h, conntrack.h on bridged packets: rules for frames, and those of IP where
// br_netfilter takes them there.
#include "assemble/guard.h"
#include "capabilities/probe_netfilter.h"
#include "daemon/rule_keeper.h"
#include "fpm/fpm_test.h"
#include "fpm/must.h"

namespace tna::test {
namespace {

class BridgeRules : public FpmTest {
 protected:
  void nft(const std::string& rules) {
    configure("nft -f - <<'END'\nflush ruleset\n" + rules + "\nEND");
    compile();
  }
  void compile() {
    NetfilterState state = must(probe_netfilter(Shared::get().memory(), Shared::get().symbols()));
    keeper_ = {};
    keeper_.follow(state);
    const Firewall& firewall = keeper_.firewall();
    tna_const constants{.bridge = 1, .bridge_rules = 1};
    constants.bridge_nf4 = constants.bridge_nf6 = bridge_netfilter_active(state);
    constants.frame_rules = has_frame_rules(state);
    if (firewall.rules) {
      constants.rules4 = has_rules(state, 4) || constants.frame_rules;
      constants.rules6 = has_rules(state, 6) || constants.frame_rules;
      constants.rules_devices = firewall.rules->devices;
    }
    constants.conntrack4 = tracks_connections(state, 4);
    constants.conntrack6 = tracks_connections(state, 6);
    constants.nat = translates_connections(state);
    load(constants, firewall);
  }
  // The rules at forward of a table of the family bridge.
  void frames(const std::string& rules, const std::string& policy = "accept") {
    nft("table bridge t { chain c { type filter hook forward priority 0; policy " + policy + ";\n" +
        rules + "\n}\n}");
  }
  void ip(const std::string& rules, const std::string& more = "") {
    nft("table inet t { chain c { type filter hook forward priority 0;\n" + rules + "\n}\n" + more +
        "\n}");
  }
  void SetUp() override {
    if (at_xdp() && !Shared::get().typed_reads()) GTEST_SKIP() << "typed kernel reads";
  }
  bool has_br_netfilter() const { return guard().call_iptables; }
  const Packet udp6 = to_b / IPv6{} / Udp{} / Payload{18};
  const Packet other = Ethernet{b, a, 0x88b5} / Payload{46};
  const Packet tagged = to_b / Vlan{.id = 5} / IPv4{} / Udp{} / Payload{18};
  RuleKeeper keeper_;
};
INSTANTIATE_TEST_SUITE_P(, BridgeRules, testing::ValuesIn(tested_hooks()), hook_name);

TEST_P(BridgeRules, Frames) {
  frames("");
  for (const Packet& packet : {udp, udp6, other}) EXPECT_EQ(run(packet), goes_on());
  EXPECT_EQ(run(tagged), goes_on());
  frames("", "drop");
  for (const Packet& packet : {udp, udp6, other}) EXPECT_EQ(run(packet), drop());
  EXPECT_EQ(run(Ethernet{b, a, 0x0806} / Payload{46}), punt(TNA_R_CONTROL)) << "ARP";
}

TEST_P(BridgeRules, WhatRulesForFramesSee) {
  for (const char* seen :
       {"ether type ip", "ip saddr 192.0.2.1 ip daddr 192.0.2.2", "meta protocol ip", "ip ttl 64",
        "ether saddr 02:00:00:00:00:0a ether daddr 02:00:00:00:00:0b", "udp dport 4243",
        "iifname \"p1\" oifname \"p2\"", "iif p1 oif p2", "meta l4proto udp", "oifname \"p*\"",
        "meta mark 0", "udp sport { 1, 2, 3, 4242 }", "iifgroup default"}) {
    frames(std::string(seen) + " drop");
    EXPECT_EQ(run(udp), drop()) << seen;
  }
  frames("ether type 0x88b5 drop");
  EXPECT_EQ(run(other), drop());
  EXPECT_EQ(run(udp), goes_on());
  frames("ip6 saddr 2001:db8::1 drop");
  EXPECT_EQ(run(udp6), drop());
  frames("limit rate 1/second accept");
  EXPECT_EQ(run(udp), punt(TNA_R_RULE));
}

TEST_P(BridgeRules, Tags) {
  for (const char* seen : {"vlan id 5", "vlan id 5 ip daddr 192.0.2.2", "ether type vlan",
                           "meta protocol ip", "vlan type ip", "ip saddr 192.0.2.1"}) {
    frames(std::string(seen) + " drop");
    EXPECT_EQ(run(tagged), drop()) << seen;
  }
  for (const char* not_seen : {"vlan id 6", "ether type ip", "vlan type ip6"}) {
    frames(std::string(not_seen) + " drop");
    EXPECT_EQ(run(tagged), goes_on()) << not_seen;
  }
}

TEST_P(BridgeRules, FrameThatSaysItsLength) {
  frames("");
  EXPECT_EQ(run(Ethernet{b, a, 46} / Payload{46}), punt(TNA_R_RULE));
}

TEST_P(BridgeRules, PaddingStays) {
  if (has_br_netfilter()) configure("echo 0 >/proc/sys/net/bridge/bridge-nf-call-iptables");
  frames("");
  const Bytes padded = (to_b / IPv4{} / Udp{} / Payload{4}).padded();
  EXPECT_EQ(run(padded), goes_on());
  EXPECT_EQ(path().left(), padded);
}

TEST_P(BridgeRules, PaddingThatBrNetfilterCutsOff) {
  if (!has_br_netfilter()) GTEST_SKIP() << "br_netfilter is not loaded";
  frames("");
  const Packet small = to_b / IPv4{} / Udp{} / Payload{4};
  EXPECT_EQ(run(small.padded()), goes_on());
  EXPECT_EQ(path().left(), small.bytes());
}

TEST_P(BridgeRules, OthersHaveBeenCommitted) {
  frames("counter");
  EXPECT_EQ(run(udp), goes_on());
  EXPECT_EQ(run(other), goes_on());
  ASSERT_EQ(path().rule_counters().size(), 1u);
  EXPECT_EQ(path().rule_counters().begin()->second.packets, 2u);
  configure("nft add rule bridge t c drop");
  EXPECT_EQ(run(udp), punt(TNA_R_RULES_NEW));
  EXPECT_EQ(run(other), punt(TNA_R_RULES_NEW));
  compile();
  EXPECT_EQ(run(udp), drop());
  configure("nft add chain bridge t d '{ type filter hook prerouting priority 0; }'");
  EXPECT_EQ(run(udp), punt(TNA_R_STALE));
}

TEST_P(BridgeRules, OfIp) {
  if (!has_br_netfilter()) GTEST_SKIP() << "br_netfilter is not loaded";
  for (const char* seen :
       {"iifname \"br0\" oifname \"br0\"", "meta nfproto ipv4 ip ttl 64", "udp dport 4243",
        "meta pkttype host", "ether saddr 02:00:00:00:00:0a", "meta length 46"}) {
    ip(std::string(seen) + " drop");
    EXPECT_EQ(run(udp), drop()) << seen;
    EXPECT_EQ(run(other), goes_on()) << "no IP";
  }
  ip("iifname \"p1\" drop");
  EXPECT_EQ(run(udp), goes_on());
  EXPECT_EQ(run(udp6), goes_on());
  EXPECT_EQ(run((to_b / IPv4{} / Udp{} / Payload{4}).padded()), goes_on());
  EXPECT_EQ(path().left(), (to_b / IPv4{} / Udp{} / Payload{4}).bytes()) << "padding is cut off";
  ip("drop");
  EXPECT_EQ(run(udp6), drop());
  configure("echo 0 >/proc/sys/net/bridge/bridge-nf-call-iptables");
  EXPECT_EQ(run(udp), goes_on());
  EXPECT_EQ(run(udp6), drop());
}

TEST_P(BridgeRules, OfIpAndForFrames) {
  if (!has_br_netfilter()) GTEST_SKIP() << "br_netfilter is not loaded";
  nft("table inet t { chain c { type filter hook forward priority 0; drop; }; }\n"
      "table bridge t { chain c { type filter hook forward priority 0; ether type 0x88b5 drop; }; "
      "}");
  EXPECT_EQ(run(udp), drop());
  EXPECT_EQ(run(other), drop());
  configure("echo 0 >/proc/sys/net/bridge/bridge-nf-call-iptables");
  EXPECT_EQ(run(udp), goes_on());
  EXPECT_EQ(run(tagged), goes_on());
}

TEST_P(BridgeRules, Connections) {
  if (!has_br_netfilter()) GTEST_SKIP() << "br_netfilter is not loaded";
  ip("ct state established accept; drop;",
     "chain n { type nat hook postrouting priority 100; ip daddr 203.0.113.1 masquerade; };");
  EXPECT_EQ(run(udp), punt(TNA_R_CT_NEW));
  const std::string entry =
      "conntrack -I -s 192.0.2.1 -d 192.0.2.2 -p udp --sport 4242 --dport 4243 -t 100 "
      "-u SEEN_REPLY,ASSURED ";
  configure(entry + ">/dev/null 2>&1");
  EXPECT_EQ(run(udp), goes_on());
  configure("conntrack -F 2>/dev/null");
  configure(entry + "--src-nat 198.51.100.1 >/dev/null 2>&1");
  EXPECT_EQ(run(udp), punt(TNA_R_CT_NAT)) << "where it would go by now Linux says";
}

TEST_P(BridgeRules, SomethingElseActsOnIp) {
  if (!has_br_netfilter()) GTEST_SKIP() << "br_netfilter is not loaded";
  ip("accept");
  EXPECT_EQ(run(udp), goes_on());
  configure("nft add chain inet t another '{ type filter hook forward priority 1; }'");
  EXPECT_EQ(run(udp), punt(TNA_R_BRIDGE_NF));
}

}  // namespace
}  // namespace tna::test
