// SPDX-License-Identifier: Apache-2.0
// settings_topics.cpp: the tables of what may be configured in worlds of some shapes.
#include "settings_rows.h"

namespace tna::differential {
namespace {

SettingsRow frame_rule(unsigned weight, const std::string& what) {
  return {weight, {"nft add rule bridge fw extra " + what}, {"nft flush chain bridge fw extra"}};
}

const SettingsRow kRouting[] = {
    {3, {"sysctl -qw net.ipv4.ip_forward=0"}, {"sysctl -qw net.ipv4.ip_forward=1"}},
    {2, {"ip addr del 192.0.2.254/24 dev br0"}, {"ip addr add 192.0.2.254/24 dev br0"}},
    {2, {"ip addr add 192.0.2.253/24 dev br0"}, {"ip addr del 192.0.2.253/24 dev br0"}},
    {2, {"ip addr add 198.51.100.7/32 dev lo"}, {"ip addr del 198.51.100.7/32 dev lo"}},
    {4,
     {"ip route replace 198.51.100.0/24 via NEIGHBOUR"},
     {"ip route replace 198.51.100.0/24 via 192.0.2.3"}},
    {2, {"ip route add 198.51.100.1 via NEIGHBOUR mtu lock 600"}, {"ip route del 198.51.100.1"}},
    {2, {"ip route add prohibit 198.51.100.2"}, {"ip route del 198.51.100.2"}},
    {2, {"ip route add default via NEIGHBOUR"}, {"ip route del default"}},
    {2, {"ip rule add from NEIGHBOUR lookup 100"}, {"ip rule del from NEIGHBOUR lookup 100"}},
    {2, {"ip rule add iif br0 tos 0x10 blackhole"}, {"ip rule del iif br0 tos 0x10 blackhole"}},
    {4,
     {"ip neigh replace NEIGHBOUR lladdr STRANGER dev br0 nud permanent"},
     {"ip neigh replace NEIGHBOUR lladdr STATION dev br0 nud permanent"}},
    {3, {"ip neigh replace NEIGHBOUR lladdr STATION dev br0 nud reachable"}, {}},
    {2, {"ip neigh replace NEIGHBOUR lladdr STATION dev br0 nud stale"}, {}},
    {3, {"ip neigh del NEIGHBOUR dev br0"}, {"ip neigh replace NEIGHBOUR lladdr STATION dev br0"}},
    {1, {"sysctl -qw net.ipv4.conf.br0.rp_filter=1"}, {"sysctl -qw net.ipv4.conf.br0.rp_filter=0"}},
    {1,
     {"sysctl -qw net.ipv4.conf.br0.forwarding=0"},
     {"sysctl -qw net.ipv4.conf.br0.forwarding=1"}},
    {1, {"sysctl -qw net.ipv4.ip_default_ttl=3"}, {"sysctl -qw net.ipv4.ip_default_ttl=64"}},
    {1,
     {"ip link set br0 address 02:b0:00:00:00:03"},
     {"ip link set br0 address 02:b0:00:00:00:01"}},
    {1, {"ip link set br0 mtu 1300"}, {"ip link set br0 mtu 1500"}},
    {2,
     {"nft add table ip r", "nft add chain ip r c { type filter hook forward priority 0 ; }",
      "nft add rule ip r c udp dport 4000 counter drop", "nft add rule ip r c counter"},
     {"nft delete table ip r"}},
};

const SettingsRow kTwoBridges[] = {
    {4, {"ip link set PORT master br1"}, {"ip link set PORT master br0"}, 100},
    {3, {"ip link set PORT master br0"}, {"ip link set PORT master br1"}, 100},
    {3, {"ip link set br1 down"}, {"ip link set br1 up"}, 100},
    {2, {"bridge link set dev j0 isolated on"}, {"bridge link set dev j0 isolated off"}},
    {2, {"ip link set j0 down"}, {"ip link set j0 up"}, 100},
    {2,
     {"ip link set br1 type bridge ageing_time 0"},
     {"ip link set br1 type bridge ageing_time 30000"},
     30},
    {2,
     {"bridge fdb replace STATION dev PORT master static"},
     {"bridge fdb del STATION dev PORT master"}},
    {2, {"ip addr add 198.51.100.254/24 dev br1"}, {"ip addr del 198.51.100.254/24 dev br1"}},
};

const SettingsRow kVlans[] = {
    {4, {"bridge vlan add dev PORT vid 5"}, {"bridge vlan del dev PORT vid 5"}},
    {4, {"bridge vlan del dev PORT vid 5"}, {"bridge vlan add dev PORT vid 5"}},
    {3,
     {"bridge vlan add dev PORT vid 5 pvid untagged"},
     {"bridge vlan add dev PORT vid 1 pvid untagged"}},
    {3, {"bridge vlan add dev PORT vid 5 untagged"}, {"bridge vlan add dev PORT vid 5"}},
    {3, {"bridge vlan del dev PORT vid 1"}, {"bridge vlan add dev PORT vid 1 pvid untagged"}},
    {2, {"bridge vlan add dev PORT vid 1"}, {"bridge vlan add dev PORT vid 1 pvid untagged"}},
    {2, {"bridge vlan add dev br0 vid 100 self"}, {"bridge vlan del dev br0 vid 100 self"}},
    {2,
     {"bridge vlan set dev PORT vid 5 state blocking"},
     {"bridge vlan set dev PORT vid 5 state forwarding"}},
    {3,
     {"bridge fdb replace STATION dev PORT vlan 5 master static"},
     {"bridge fdb del STATION dev PORT vlan 5 master"}},
    {2,
     {"ip link set br0 type bridge vlan_default_pvid 0"},
     {"ip link set br0 type bridge vlan_default_pvid 1"}},
    {3,
     {"ip link set br0 type bridge vlan_filtering 0"},
     {"ip link set br0 type bridge vlan_filtering 1"}},
    {2,
     {"ip link set br0 type bridge vlan_protocol 802.1ad"},
     {"ip link set br0 type bridge vlan_protocol 802.1Q"}},
    {1,
     {"ip link set br0 type bridge vlan_stats_enabled 1"},
     {"ip link set br0 type bridge vlan_stats_enabled 0"}},
};

// A port that comes up is in its listening state for longer than a world lasts.
const SettingsRow kSpanningTree[] = {
    {2, {"ip link set br0 type bridge stp_state 0"}, {"ip link set br0 type bridge stp_state 1"}},
    {2, {"ip link set br0 type bridge priority 0"}, {"ip link set br0 type bridge priority 32768"}},
    {2, {"bridge link set dev PORT cost 3"}, {"bridge link set dev PORT cost 2"}},
    {2, {"bridge link set dev PORT priority 1"}, {"bridge link set dev PORT priority 32"}},
    {3, {"bridge link set dev PORT guard on"}, {"bridge link set dev PORT guard off"}},
    {3, {"bridge link set dev PORT root_block on"}, {"bridge link set dev PORT root_block off"}},
};

const SettingsRow kSnooping[] = {
    {3,
     {"bridge mdb add dev br0 port PORT grp 239.1.2.4 permanent"},
     {"bridge mdb del dev br0 port PORT grp 239.1.2.4 permanent"}},
    {2,
     {"ip link set PORT type bridge_slave mcast_router 2"},
     {"ip link set PORT type bridge_slave mcast_router 1"}},
    {2, {"bridge link set dev PORT fastleave on"}, {"bridge link set dev PORT fastleave off"}},
    {2,
     {"bridge link set dev PORT mcast_to_unicast on"},
     {"bridge link set dev PORT mcast_to_unicast off"}},
    {2,
     {"ip link set br0 type bridge mcast_snooping 0"},
     {"ip link set br0 type bridge mcast_snooping 1"}},
};

// Of tests/differential/nat_shapes.cpp. Entries come to be the same whoever forwards.
const SettingsRow kConnections[] = {
    extra_rule_row(4, "ct state established drop"),
    extra_rule_row(4, "ip saddr NEIGHBOUR drop"),
    extra_rule_row(3, "ct direction original ct mark 2 drop"),
    extra_rule_row(2, "ct status snat,dnat counter drop"),
    extra_rule_row(2, "meta l4proto udp ct state new drop"),
    {4, {"conntrack -D -p udp -s NEIGHBOUR"}, {}},
    {2, {"conntrack -D -p udp -d NEIGHBOUR6"}, {}},
    {3, {"conntrack -U -p udp -s NEIGHBOUR --mark 1"}, {}},
    {1, {"conntrack -F"}, {}},
    {2,
     {"sysctl -qw net.netfilter.nf_conntrack_udp_timeout_stream=90"},
     {"sysctl -qw net.netfilter.nf_conntrack_udp_timeout_stream=120"}},
    {2, {"nft flush ruleset"}, {"nft add table inet fw"}},
    {2,
     {"nft add table ip raw",
      "nft add chain ip raw c { type filter hook prerouting priority -300 ; }",
      "nft add rule ip raw c ip saddr NEIGHBOUR notrack"},
     {"nft delete table ip raw"}},
    {2,
     {"nft add table ip zones",
      "nft add chain ip zones c { type filter hook prerouting priority -320 ; }",
      "nft add rule ip zones c ip saddr NEIGHBOUR ct zone set 4"},
     {"nft delete table ip zones"}},
    {1, {"ip link set PORT mtu 1300"}, {"ip link set PORT mtu 1500"}},
};

// Of tests/differential/dialogue_shapes.cpp: what forbids and forgets connections, and changes what
// Linux would do for new ones. Nothing here hides a packet from connection tracking: what answers
// to it would then be out of the window that it knows.
const SettingsRow kDialogues[] = {
    extra_rule_row(4, "ct state established drop"),
    extra_rule_row(4, "ip saddr NEIGHBOUR drop"),
    extra_rule_row(3, "tcp dport 7000-7005 ct state new drop"),
    extra_rule_row(3, "ct status snat,dnat counter drop"),
    extra_rule_row(2, "tcp flags fin drop"),
    extra_rule_row(2, "ct mark 1 drop"),
    extra_rule_row(2, "ct state invalid counter drop"),
    extra_rule_row(2, "ip6 daddr NEIGHBOUR6 tcp dport 7000-7105 reject with tcp reset"),
    {3, {"conntrack -U -p tcp -s NEIGHBOUR --mark 1"}, {}},
    {2, {"conntrack -U -p udp -s NEIGHBOUR --mark 1"}, {}},
    sysctl_row(2, "netfilter.nf_conntrack_tcp_timeout_established", "1000", "432000"),
    sysctl_row(2, "netfilter.nf_conntrack_tcp_timeout_unacknowledged", "100", "300"),
    sysctl_row(2, "netfilter.nf_conntrack_udp_timeout_stream", "90", "120"),
    sysctl_row(1, "netfilter.nf_conntrack_tcp_loose", "0", "1"),
    {3, {"ip route replace NEIGHBOUR via 192.0.2.2"}, {"ip route del NEIGHBOUR via 192.0.2.2"}},
};
// What has Linux forget some, and pick them up from what it sees next.
const SettingsRow kForgotten[] = {
    {2, {"conntrack -D -p tcp -s NEIGHBOUR"}, {}},
    {2, {"conntrack -D -p tcp -d NEIGHBOUR6"}, {}},
    {1, {"conntrack -D -p udp -s NEIGHBOUR"}, {}},
    {1, {"conntrack -F"}, {}},
};

// What hides them.
const SettingsRow kUntracked[] = {
    {2,
     {"nft add table ip raw",
      "nft add chain ip raw c { type filter hook prerouting priority -300 ; }",
      "nft add rule ip raw c ip saddr NEIGHBOUR notrack"},
     {"nft delete table ip raw"}},
    {2, {"ip link set PORT mtu 1300"}, {"ip link set PORT mtu 1500"}},
};

// Priorities as a router sets them, and some that only IPv6 and tags bring along.
const SettingsRow kRouterVlans[] = {
    {5,
     {"ip link set VLAN type vlan egress 0:1 2:2 4:7 6:5"},
     {"ip link set VLAN type vlan egress 0:0 2:0 4:0 6:0"}},
    {3,
     {"ip link set VLAN type vlan egress 5:4 21:6 37:2"},
     {"ip link set VLAN type vlan egress 5:0 21:0 37:0"}},
    {4,
     {"ip link set VLAN type vlan ingress 0:6 3:21 5:2 7:5"},
     {"ip link set VLAN type vlan ingress 0:0 3:0 5:0 7:0"}},
    sysctl_row(3, "ipv4.ip_forward_update_priority", "0", "1"),
    {2,
     {"ip link set VLAN type vlan reorder_hdr off"},
     {"ip link set VLAN type vlan reorder_hdr on"}},
    {1,
     {"ip link set VLAN type vlan loose_binding on"},
     {"ip link set VLAN type vlan loose_binding off"}},
    {3, {"ip link set VLAN down"}, {"ip link set VLAN up", "LEARN"}, 100},
    {2, {"ip link set VLAN mtu 1400"}, {"ip link set VLAN mtu 1500"}},
    sysctl_row(2, "ipv4.conf.VLAN.forwarding", "0", "1"),
    sysctl_row(2, "ipv4.conf.VLAN.rp_filter", "1", "0"),
    {2, {"ip link set VLAN promisc on"}, {"ip link set VLAN promisc off"}},
};

const SettingsRow kBridgeRules[] = {
    frame_rule(3, "ether saddr STATION drop"),
    frame_rule(2, "ether type ip counter drop"),
    frame_rule(2, "iifname \"PORT\" accept"),
    frame_rule(2, "ip daddr NEIGHBOUR drop"),
    {3,
     {"sysctl -qw net.bridge.bridge-nf-call-iptables=0"},
     {"sysctl -qw net.bridge.bridge-nf-call-iptables=1"}},
    {2,
     {"nft add chain bridge fw late { type filter hook postrouting priority 0 ; }",
      "nft add rule bridge fw late udp dport 4001 drop"},
     {"nft delete chain bridge fw late"}},
};

// Of tests/differential/hook_shapes.cpp: nothing that has TNA leave an interface, where hooks would
// not run (docs/hooks.md).
const SettingsRow kHookedRouter[] = {
    {4,
     {"ip route replace 198.51.100.0/24 via NEIGHBOUR"},
     {"ip route replace 198.51.100.0/24 via 192.0.2.35"}},
    {3,
     {"ip -6 route replace 2001:db8:100::/48 via NEIGHBOUR6"},
     {"ip -6 route replace 2001:db8:100::/48 via 2001:db8:2::3"}},
    {2, {"ip route replace blackhole 198.51.100.64/27"}, {"ip route del 198.51.100.64/27"}},
    {2, {"ip rule add from NEIGHBOUR blackhole"}, {"ip rule del from NEIGHBOUR blackhole"}},
    {3, {"ip neigh replace NEIGHBOUR lladdr STATION dev HOME nud stale"}, {}},
    {3,
     {"ip neigh del NEIGHBOUR dev HOME"},
     {"ip neigh replace NEIGHBOUR lladdr STATION dev HOME"}},
    sysctl_row(2, "ipv4.conf.PORT.rp_filter", "1", "0"),
    {2, {"ip addr add NEIGHBOUR/32 dev lo"}, {"ip addr del NEIGHBOUR/32 dev lo"}},
    {3, {"ip link set PORT mtu 1300"}, {"ip link set PORT mtu 1500"}},
    extra_rule_row(4, "udp dport 4003 drop"),
    extra_rule_row(3, "ip saddr 192.0.2.6 counter drop"),
    extra_rule_row(2, "ip ttl < 50 drop"),
};
const SettingsRow kHookedBridge[] = {
    {4,
     {"bridge link set dev PORT isolated on", "bridge link set dev OTHER isolated on"},
     {"bridge link set dev PORT isolated off", "bridge link set dev OTHER isolated off"}},
    {3, {"bridge link set dev PORT learning off"}, {"bridge link set dev PORT learning on"}},
    {3, {"bridge link set dev PORT flood off"}, {"bridge link set dev PORT flood on"}},
    {3,
     {"bridge fdb replace STATION dev PORT master static"},
     {"bridge fdb del STATION dev PORT master"}},
    {2, {"bridge fdb flush dev PORT master"}, {}},
    {2, {"ip link set PORT mtu 1300"}, {"ip link set PORT mtu 1500"}},
    frame_rule(4, "udp dport 4003 drop"),
    frame_rule(2, "ip saddr 192.0.2.6 counter drop"),
};

}  // namespace

std::span<const SettingsRow> rows_about(Topic topic) {
  switch (topic) {
    case Topic::router:
      return router_rows();
    case Topic::router_vlans:
      return kRouterVlans;
    case Topic::routing:
      return kRouting;
    case Topic::two_bridges:
      return kTwoBridges;
    case Topic::vlans:
      return kVlans;
    case Topic::spanning_tree:
      return kSpanningTree;
    case Topic::snooping:
      return kSnooping;
    case Topic::firewall:
      return nft_rules_rows();
    case Topic::iptables_nft:
      return iptables_rules_rows(false);
    case Topic::iptables_legacy:
      return iptables_rules_rows(true);
    case Topic::connections:
      return kConnections;
    case Topic::dialogues:
      return kDialogues;
    case Topic::forgotten:
      return kForgotten;
    case Topic::untracked:
      return kUntracked;
    case Topic::bridge_rules:
      return kBridgeRules;
    case Topic::hooked_router:
      return kHookedRouter;
    case Topic::hooked_bridge:
      return kHookedBridge;
  }
  return {};
}

}  // namespace tna::differential
