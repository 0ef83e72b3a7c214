// SPDX-License-Identifier: Apache-2.0
// iptables has two back ends, legacy tables and nf_tables: the same rules have the same form and
// become the same code.
#include <cstring>
#include <regex>

#include "compile/compile.h"
#include "unit/own_rules.h"
#include "unit/rules_random.h"

namespace tna {
namespace {

std::vector<std::string> rules_of(const RuleSet& rules, const std::string& table,
                                  const std::string& chain) {
  std::vector<std::string> found;
  for (const RuleTable& each : rules.tables)
    if (each.name == table && each.chain(chain))
      for (const Rule& rule : each.chain(chain)->rules) {
        found.emplace_back();
        for (const Step& step : rule.steps) found.back() += to_text(step) + "; ";
      }
  return found;
}

// All but the names of tables and the handles of rules.
CompiledRules without_names(CompiledRules rules) {
  for (RuleName& name : rules.counted) name = {};
  for (auto& [name, why] : rules.to_linux) name = {};
  for (RuleMap& map : rules.maps) map.table.clear();
  return rules;
}

bool equal(const CompiledRules& one, const CompiledRules& other) {
  return one.same_code(other) && one.counted == other.counted &&
         one.cells.size() == other.cells.size() &&
         std::memcmp(one.cells.data(), other.cells.data(),
                     one.cells.size() * sizeof(tna_rule_cell)) == 0;
}

class Iptables : public OwnRules {
 protected:
  void SetUp() override {
    OwnRules::SetUp();
    if (!IsSkipped() && !has_legacy()) GTEST_SKIP() << "no iptables-legacy in this kernel";
  }

  static void compare(const std::string& prefix, const std::string& text,
                      const std::vector<std::string>& chains) {
    feed(prefix + "-nft-restore", text);
    feed(prefix + "-legacy-restore", text);
    if (HasFailure()) return;
    const RuleSet nft = rules_from_nft(read_nft()), legacy = rules_from_nft(read_legacy());
    for (const std::string& chain : chains) {
      EXPECT_FALSE(rules_of(nft, "mangle", chain).empty()) << chain;
      EXPECT_EQ(rules_of(nft, "mangle", chain), rules_of(legacy, "legacy mangle", chain)) << text;
    }
    const CompiledRules one = without_names(compile(nft)), other = without_names(compile(legacy));
    EXPECT_TRUE(equal(one, other)) << text;
    EXPECT_EQ(one.to_linux, other.to_linux) << text;
    EXPECT_EQ(one.why_not4 + one.why_not6, other.why_not4 + other.why_not6);
  }
};

// Legacy tables have all chains of the kernel's, nf_tables those that are named.
TEST_F(Iptables, RulesByChanceHaveOneFormAndOneCode) {
  for (int seed = 1; seed <= 30 && !HasFailure(); ++seed) {
    const std::string text = RandomRules(seed).iptables();
    const std::string forward = std::regex_replace(text, std::regex("OUTPUT"), "FORWARD");
    compare("iptables",
            std::regex_replace(forward, std::regex("[*]mangle\n"),
                               "*mangle\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n"),
            {"FORWARD", "c1", "c2", "c3"});
  }
}

constexpr const char* kBoth = R"(*mangle
:PREROUTING ACCEPT [0:0]
:FORWARD DROP [0:0]
:POSTROUTING ACCEPT [0:0]
:user - [0:0]
-A PREROUTING -m mac --mac-source 02:00:00:00:00:01 -j user
-A PREROUTING -m state --state NEW -j ACCEPT
-A FORWARD -m mac ! --mac-source 02:00:00:00:00:02 -j DROP
-A FORWARD -i eth+ -m length --length 100:200 -j ACCEPT
-A FORWARD -m pkttype --pkt-type broadcast -j DROP
-A FORWARD -m dscp --dscp-class EF -j ACCEPT
-A FORWARD -m tos --tos 0x10/0x3c -g user
-A FORWARD -p tcp -m multiport ! --ports 22,80:90 -j user
-A FORWARD -p udp -m multiport --dports 53,5000:5100 -j RETURN
-A FORWARD -m mark --mark 1/3 -j MARK --set-xmark 8/12
-A FORWARD -m connmark --mark 1/3 -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -m conntrack --ctstate INVALID -j DROP
-A FORWARD -m conntrack ! --ctstate UNTRACKED -j user
-A FORWARD -m conntrack --ctstate DNAT -j ACCEPT
-A FORWARD -m conntrack --ctstatus ASSURED --ctdir REPLY -j ACCEPT
-A FORWARD -m limit --limit 5/sec -j ACCEPT
-A FORWARD -m statistic --mode random --probability 0.5 -j ACCEPT
-A FORWARD -p tcp -m multiport --ports 22 -j ACCEPT
-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
-A POSTROUTING -o eth0 -j user
-A user -j MARK --set-xmark 1/4294967295
-A user -j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xf
-A user -j DSCP --set-dscp 46
-A user -j TOS --set-tos 0x18/0x3c
-A user -p tcp -m tcp --sport 1:1023 ! --dport 80 -j ACCEPT
COMMIT
)";

TEST_F(Iptables, EachMatchAndTarget) {
  const std::vector<std::string> chains{"PREROUTING", "FORWARD", "POSTROUTING", "user"};
  const std::string of_ipv4 = R"(*mangle
-A user -m iprange --src-range 10.0.0.3-10.0.1.7 ! --dst-range 10.1.0.0-10.1.0.255 -j ACCEPT
-A user -m ttl --ttl-gt 5 -j ACCEPT
-A user -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A user -p icmp -m icmp --icmp-type any -j ACCEPT
-A user -s 10.0.0.0/8 -m addrtype --dst-type LOCAL -j ACCEPT
-A user -j TTL --ttl-inc 3
COMMIT
)";
  const std::string of_ipv6 = R"(*mangle
-A user -m iprange --src-range fc00::3-fc00::2:7 ! --dst-range fc01::-fc01::ff -j ACCEPT
-A user -m hl --hl-lt 5 -j ACCEPT
-A user -p icmpv6 -m icmp6 --icmpv6-type 128 -j ACCEPT
-A user -s fc00::/8 -m addrtype --dst-type LOCAL -j ACCEPT
-A user -j HL --hl-dec 3
COMMIT
)";
  compare("iptables", kBoth, chains);
  feed("iptables-nft-restore -n", of_ipv4);
  feed("iptables-legacy-restore -n", of_ipv4);
  compare("ip6tables", kBoth, chains);
  feed("ip6tables-nft-restore -n", of_ipv6);
  feed("ip6tables-legacy-restore -n", of_ipv6);
  const RuleSet nft = rules_from_nft(read_nft()), legacy = rules_from_nft(read_legacy());
  EXPECT_EQ(rules_of(nft, "mangle", "user"), rules_of(legacy, "legacy mangle", "user"));
  EXPECT_TRUE(equal(without_names(compile(nft)), without_names(compile(legacy))));
}

TEST_F(Iptables, Zones) {
  const std::string text =
      "*raw\n-A PREROUTING -s 10.0.0.1 -j CT --zone 5\n"
      "-A PREROUTING -s 10.0.0.2 -j CT --zone-orig 6\n-A PREROUTING -j CT --zone-reply 7\nCOMMIT\n";
  feed("iptables-nft-restore", text);
  feed("iptables-legacy-restore", text);
  const RuleSet nft = rules_from_nft(read_nft()), legacy = rules_from_nft(read_legacy());
  const auto rules = rules_of(legacy, "legacy raw", "PREROUTING");
  ASSERT_EQ(rules.size(), 3u);
  EXPECT_TRUE(rules[0].ends_with("ct zone set 5; ")) << rules[0];
  EXPECT_TRUE(rules[1].ends_with("ct original zone set 6; ")) << rules[1];
  EXPECT_TRUE(rules[2].ends_with("ct reply zone set 7; ")) << rules[2];
  const CompiledRules one = without_names(compile(nft)), other = without_names(compile(legacy));
  for (const auto& [name, why] : one.to_linux) EXPECT_EQ(why, "a zone of bridged packets");
  EXPECT_FALSE(one.zones4.empty());
  EXPECT_TRUE(one.zones6.empty());
  EXPECT_TRUE(equal(one, other));
}

// The rest is left to Linux where it stands: nft calls some of it by names of its own.
TEST_F(Iptables, WhatIsLeftToLinux) {
  struct {
    const char *table, *rule, *why_nft, *why_legacy;
  } const kRows[] = {
      {"filter", "-m limit --limit 5/sec -j ACCEPT", "limit", "limit"},
      {"filter", "-m statistic --mode random --probability 0.5 -j DROP", "statistic", "statistic"},
      {"filter", "-m recent --set -j ACCEPT", "recent", "recent"},
      {"filter", "-m physdev --physdev-is-in -j ACCEPT", "physdev", "physdev"},
      {"filter", "-m addrtype --src-type LOCAL -j ACCEPT", "addrtype", "addrtype"},
      {"filter", "-p tcp -m multiport --ports 22,80 -j ACCEPT", "multiport", "multiport"},
      {"filter", "-j LOG", "LOG", "LOG"},
      {"filter", "-j REJECT", "REJECT", "REJECT"},
      {"mangle", "-j CT --notrack", "CT", "CT"},
      {"mangle", "-j CONNMARK --save-mark", "CONNMARK", "CONNMARK"},
      {"mangle", "-p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu", "TCPMSS",
       "TCPMSS"},
  };
  for (const auto& row : kRows) {
    const bool raw = row.why_nft == std::string("CT");
    const std::string table = raw ? "raw" : row.table;
    const std::string text = "*" + table + "\n-A " + (raw ? "PREROUTING" : "FORWARD") +
                             " -s 10.0.0.1 " + row.rule + "\nCOMMIT\n";
    for (const bool legacy : {false, true}) {
      const std::string command = legacy ? "iptables-legacy" : "iptables-nft";
      feed(command + "-restore", text);
      const CompiledRules compiled = compile(rules_from_nft(legacy ? read_legacy() : read_nft()));
      ASSERT_EQ(compiled.to_linux.size(), 1u) << command << " " << row.rule;
      EXPECT_EQ(compiled.to_linux[0].second, legacy ? row.why_legacy : row.why_nft) << row.rule;
      EXPECT_FALSE(compiled.ipv4.empty()) << compiled.why_not4;
      run(command + " -F -t " + table);
    }
  }
}

}  // namespace
}  // namespace tna
