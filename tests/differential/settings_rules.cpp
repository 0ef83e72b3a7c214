// SPDX-License-Identifier: Apache-2.0
// settings_rules.cpp: what happens to rules while packets flow.
#include <array>
#include <vector>

#include "settings_rows.h"

namespace tna::differential {
namespace {

SettingsRow element(unsigned weight, const std::string& set, const std::string& what) {
  const std::string of = " element inet fw " + set + " { " + what + " }";
  return {weight, {"nft add" + of}, {"nft delete" + of}};
}

// Of tests/differential/firewall_shapes.cpp.
const SettingsRow kNft[] = {
    extra_rule_row(6, "ip saddr NEIGHBOUR drop"),
    extra_rule_row(4, "ip6 daddr NEIGHBOUR6 drop"),
    extra_rule_row(4, "iifname PORT oifname OTHER drop"),
    extra_rule_row(4, "udp dport 4001 accept"),
    extra_rule_row(3, "udp dport 4000 limit rate 100000/second drop"),
    extra_rule_row(3, "meta mark set 1"),
    extra_rule_row(2, "ether saddr STATION drop"),
    extra_rule_row(2, "tcp flags syn reject"),
    element(8, "few", "NEIGHBOUR"),
    element(5, "nets", "198.51.100.0-198.51.100.5"),
    element(4, "nets", "198.51.100.128/25"),
    element(4, "pairs", "NEIGHBOUR . 4002"),
    element(4, "says", "4003 : drop"),
    element(2, "says", "80 : goto u2"),
    {2, {"nft flush ruleset"}, {"nft add table inet fw"}},
    {2, {"ip link set PORT name px"}, {"ip link set px name PORT"}},
    {2, {"ip rule add fwmark 1 unreachable"}, {"ip rule del fwmark 1 unreachable"}},
    {2,
     {"nft add chain inet fw late { type filter hook postrouting priority 9 ; policy drop ; }"},
     {"nft delete chain inet fw late"}},
    {2, {"iptables -A FORWARD -s NEIGHBOUR -j DROP"}, {"iptables -D FORWARD -s NEIGHBOUR -j DROP"}},
    // Policies, sets that are replaced, and whole chains and tables in one transaction.
    {3,
     {"nft add chain inet fw forward { policy drop ; }"},
     {"nft add chain inet fw forward { policy accept ; }"}},
    {3,
     {"nft flush set inet fw few ; add element inet fw few { NEIGHBOUR, 198.51.100.1 }"},
     {"nft flush set inet fw few ; add element inet fw few { 192.0.2.35 }"}},
    {3,
     {"nft flush map inet fw says ; add element inet fw says { 4000 : jump u2, 4002 : accept }"},
     {}},
    {2,
     {"nft flush chain inet fw u1 ; add rule inet fw u1 ip saddr NEIGHBOUR counter drop ; add rule "
      "inet fw u1 udp sport 4000-4001 counter accept ; add rule inet fw u1 iifname PORT return"},
     {}},
    {2,
     {"nft flush chain inet fw forward ; add rule inet fw forward jump extra ; add rule inet fw "
      "forward ip daddr NEIGHBOUR udp dport 4000-4002 counter drop ; add rule inet fw forward ip "
      "ttl "
      "63 ip length < 200 meta mark set 2 ; add rule inet fw forward meta mark 2 ip saddr @few "
      "drop"},
     {}},
    {1,
     {"nft delete table inet fw ; add table inet fw ; add chain inet fw extra ; add chain inet fw "
      "forward { type filter hook forward priority 5 ; policy accept ; } ; add rule inet fw "
      "forward "
      "jump extra ; add rule inet fw forward ip6 daddr NEIGHBOUR6 counter drop ; add rule inet fw "
      "forward oifname OTHER udp dport 4001 counter drop"},
     {}},
};

// Of tests/differential/iptables_shapes.cpp.
std::vector<SettingsRow> iptables_rows(const std::string& back_end) {
  const std::string v4 = "iptables-" + back_end + " ", v6 = "ip6tables-" + back_end + " ";
  const auto rule = [](unsigned weight, const std::string& tool, const std::string& in,
                       const std::string& what) {
    return SettingsRow{weight, {tool + "-I " + in + " " + what}, {tool + "-D " + in + " " + what}};
  };
  return {
      rule(6, v4, "FORWARD", "-s NEIGHBOUR -j DROP"),
      rule(4, v4, "FORWARD", "-i PORT -o OTHER -j DROP"),
      rule(4, v4, "u1", "-p udp --dport 4001 -j ACCEPT"),
      rule(4, v4, "u2", "-p tcp -m multiport --dports 80,443,4000:4001 -j DROP"),
      rule(3, v4, "FORWARD", "-d NEIGHBOUR -j REJECT"),
      rule(3, v4, "FORWARD 2", "-m limit --limit 10000/sec --limit-burst 1000 -j u1"),
      rule(3, v4, "FORWARD", "-m ttl --ttl-eq 63 -m length --length 0:99 -g u2"),
      rule(4, v6, "FORWARD", "-d NEIGHBOUR6 -j DROP"),
      rule(3, v6, "FORWARD", "-m hl --hl-eq 63 -p udp -j u1"),
      rule(3, v4 + "-t mangle ", "PREROUTING", "-s NEIGHBOUR -j MARK --set-mark 2"),
      rule(2, v4 + "-t mangle ", "POSTROUTING", "-o OTHER -p udp -j DROP"),
      rule(2, v4 + "-t raw ", "PREROUTING", "-m mac --mac-source STATION -j DROP"),
      {4, {v4 + "-P FORWARD DROP"}, {v4 + "-P FORWARD ACCEPT"}},
      {2, {v6 + "-P FORWARD DROP"}, {v6 + "-P FORWARD ACCEPT"}},
      {3, {v4 + "-R u1 1 -d NEIGHBOUR -p udp -j DROP"}, {}},
      {2, {v4 + "-D FORWARD 2"}, {}},
      {2, {v4 + "-F u2"}, {v4 + "-A u2 -p udp -j RETURN"}},
      {2, {v4 + "-F"}, {v4 + "-A FORWARD -j u1", v4 + "-A u1 -s 192.0.2.0/27 -p udp -j DROP"}},
      {2, {"ip link set PORT name px"}, {"ip link set px name PORT"}},
  };
}

}  // namespace

std::span<const SettingsRow> nft_rules_rows() {
  return kNft;
}

std::span<const SettingsRow> iptables_rules_rows(bool legacy) {
  static const std::array<std::vector<SettingsRow>, 2> rows{iptables_rows("nft"),
                                                            iptables_rows("legacy")};
  return rows[legacy];
}

}  // namespace tna::differential
