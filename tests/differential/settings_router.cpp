// SPDX-License-Identifier: Apache-2.0
// settings_router.cpp: the table of what may be configured of a router. Whatever disappears with an
// interface or an address (routes, neighbours) is partly put back, so that a world goes on.
#include "case.h"
#include "settings_rows.h"

namespace tna::differential {
namespace {

using Row = SettingsRow;

constexpr int kCarrierMs = 100;  // a link that comes up; local routes of IPv6 addresses

Row route(unsigned weight, const std::string& tool, const std::string& what, const std::string& how,
          int settle_ms = 0) {
  return {weight,
          {tool + " route replace " + what + " " + how},
          {tool + " route del " + what},
          settle_ms};
}

Row moved(unsigned weight, const std::string& tool, const std::string& what, const std::string& now,
          const std::string& before, int settle_ms = 0) {
  const std::string command = tool + " route replace " + what + " ";
  return {weight, {command + now}, {command + before}, settle_ms};
}

Row rule(unsigned weight, const std::string& tool, const std::string& what) {
  return {weight, {tool + " rule add " + what}, {tool + " rule del " + what}};
}

Row neighbour(unsigned weight, const std::string& state) {
  return {weight,
          {"ip neigh replace NEIGHBOUR lladdr STATION dev HOME nud " + state,
           "ip neigh replace NEIGHBOUR6 lladdr STATION dev HOME nud " + state},
          {}};
}

Row nft(unsigned weight, const std::string& family, const std::string& hook,
        const std::string& rule) {
  return nft_row(weight, family, hook, rule, true);
}

// The empty chain that the tool leaves behind is a hook as well, hence the table goes too.
Row iptables(unsigned weight, const std::string& tool, const std::string& table,
             const std::string& rule) {
  const std::string family = tool == "iptables" ? "ip " : "ip6 ";
  return {weight,
          {tool + " -t " + table + " -A " + rule},
          {tool + " -t " + table + " -D " + rule, "nft delete table " + family + table},
          0,
          true};
}

Row xfrm(const std::string& tool, const std::string& what) {
  return {1, {tool + " xfrm policy add " + what}, {tool + " xfrm policy flush"}, 0, true};
}

const Row kRows[] = {
    moved(4, "ip", "198.51.100.0/24", "via NEIGHBOUR", "via 192.0.2.35"),
    moved(3, "ip", "198.51.100.64/26", "via 192.0.2.101 mtu 1400", "via 192.0.2.68", kDaemonMs),
    moved(2, "ip", "198.51.100.64/26", "via 192.0.2.101 mtu lock 600", "via 192.0.2.68"),
    moved(2, "ip", "198.51.100.64/26", "dev PORT", "via 192.0.2.68"),
    moved(4, "ip -6", "2001:db8:100::/48", "via NEIGHBOUR6", "via 2001:db8:2::3"),
    moved(2, "ip -6", "2001:db8:100:1::/64", "via fe80::4 dev p3 mtu 1300", "via fe80::4 dev p3",
          kDaemonMs),
    moved(1, "ip -6", "2001:db8:100:1::/64", "via fe80::4 dev p3 mtu lock 1280",
          "via fe80::4 dev p3"),
    route(3, "ip", "198.51.100.1", "via NEIGHBOUR"),
    route(2, "ip", "198.51.100.2", "via NEIGHBOUR mtu 1400", kDaemonMs),
    route(2, "ip", "198.51.100.3", "via 203.0.113.7 dev PORT onlink"),
    route(1, "ip", "198.51.100.4", "via inet6 NEIGHBOUR6 dev HOME"),
    route(2, "ip", "unreachable 198.51.100.2", ""),
    route(2, "ip", "blackhole 198.51.100.64/27", ""),
    route(1, "ip", "prohibit 198.51.100.5", ""),
    route(1, "ip", "throw 198.51.100.70", ""),
    route(2, "ip", "NEIGHBOUR/32", "dev OTHER"),
    route(2, "ip", "198.18.0.0/15", "nexthop via 192.0.2.35 nexthop via NEIGHBOUR"),
    {2,
     {"ip route replace 198.18.0.0/29 tos 0x10 via NEIGHBOUR"},
     {"ip route del 198.18.0.0/29 tos 0x10"}},
    {2,
     {"ip route append default via NEIGHBOUR"},
     {"ip route del default via NEIGHBOUR"},
     kDaemonMs},
    {2, {"ip route add default via NEIGHBOUR metric 50"}, {"ip route del default metric 50"}},
    route(3, "ip -6", "2001:db8:100::1", "via NEIGHBOUR6"),
    route(2, "ip -6", "2001:db8:100::2", "via NEIGHBOUR6 mtu 1400", kDaemonMs),
    route(2, "ip -6", "unreachable 2001:db8:100::2", ""),
    route(2, "ip -6", "blackhole 2001:db8:100:1::/96", ""),
    route(1, "ip -6", "NEIGHBOUR6/128", "dev OTHER"),
    route(2, "ip -6", "2001:db8:900::/64", "nexthop via 2001:db8:2::3 nexthop via NEIGHBOUR6"),
    {2, {"ip -6 route append default via NEIGHBOUR6"}, {"ip -6 route del default via NEIGHBOUR6"}},
    rule(2, "ip", "from NEIGHBOUR lookup 100"),
    rule(1, "ip", "from NEIGHBOUR blackhole"),
    rule(2, "ip", "iif PORT tos 0x10 unreachable"),
    rule(1, "ip", "ipproto udp dport 4002 prohibit"),
    rule(1, "ip", "fwmark 1 blackhole"),
    rule(2, "ip -6", "from NEIGHBOUR6 lookup 100"),
    rule(1, "ip -6", "iif PORT to 2001:db8:100::/48 unreachable"),
    neighbour(6, "stale"),
    neighbour(3, "reachable"),
    neighbour(2, "delay"),
    neighbour(2, "probe"),
    {2,
     {"ip neigh replace NEIGHBOUR dev HOME nud failed",
      "ip neigh replace NEIGHBOUR6 dev HOME nud failed"},
     {"ip neigh replace NEIGHBOUR lladdr STATION dev HOME nud reachable",
      "ip neigh replace NEIGHBOUR6 lladdr STATION dev HOME nud reachable"}},
    {3,
     {"ip neigh del NEIGHBOUR dev HOME", "ip neigh del NEIGHBOUR6 dev HOME"},
     {"ip neigh replace NEIGHBOUR lladdr STATION dev HOME",
      "ip neigh replace NEIGHBOUR6 lladdr STATION dev HOME"}},
    {4,
     {"ip neigh replace NEIGHBOUR lladdr STRANGER dev HOME nud permanent",
      "ip neigh replace NEIGHBOUR6 lladdr STRANGER dev HOME nud reachable"},
     {"ip neigh replace NEIGHBOUR lladdr STATION dev HOME nud permanent",
      "ip neigh replace NEIGHBOUR6 lladdr STATION dev HOME nud reachable"}},
    sysctl_row(3, "ipv4.ip_forward", "0", "1", true),
    sysctl_row(2, "ipv4.conf.PORT.forwarding", "0", "1"),
    sysctl_row(2, "ipv6.conf.all.forwarding", "0", "1", true),
    sysctl_row(2, "ipv6.conf.PORT.forwarding", "0", "1"),
    sysctl_row(3, "ipv4.conf.PORT.rp_filter", "1", "0"),
    sysctl_row(2, "ipv4.conf.PORT.rp_filter", "2", "0"),
    sysctl_row(2, "ipv4.conf.all.rp_filter", "1", "0"),
    sysctl_row(1, "ipv4.conf.all.rp_filter", "2", "0"),
    sysctl_row(2, "ipv4.conf.PORT.accept_local", "1", "0"),
    sysctl_row(2, "ipv4.conf.PORT.route_localnet", "1", "0"),
    sysctl_row(1, "ipv4.conf.PORT.bc_forwarding", "1", "0"),
    sysctl_row(1, "ipv4.conf.PORT.proxy_arp", "1", "0"),
    sysctl_row(1, "ipv4.conf.PORT.send_redirects", "1", "0"),
    sysctl_row(1, "ipv4.conf.PORT.accept_source_route", "1", "0"),
    sysctl_row(2, "ipv4.fib_multipath_hash_policy", "1", "0"),
    sysctl_row(1, "ipv6.fib_multipath_hash_policy", "1", "0"),
    sysctl_row(1, "ipv4.fib_multipath_hash_policy", "2", "0"),
    sysctl_row(1, "ipv4.fib_multipath_use_neigh", "1", "0"),
    sysctl_row(1, "ipv4.ip_forward_update_priority", "0", "1"),
    sysctl_row(1, "ipv4.ip_forward_use_pmtu", "1", "0"),
    sysctl_row(1, "ipv4.icmp_echo_ignore_all", "1", "0"),
    sysctl_row(1, "ipv6.icmp.echo_ignore_all", "1", "0"),
    sysctl_row(2, "ipv4.ip_default_ttl", "3", "64"),
    sysctl_row(1, "ipv6.conf.PORT.hop_limit", "3", "64"),
    sysctl_row(2, "ipv6.conf.PORT.mtu", "1300", "1500"),
    {1,
     {"sysctl -qw net.ipv6.conf.all.proxy_ndp=1", "ip -6 neigh add proxy NEIGHBOUR6 dev PORT"},
     {"ip -6 neigh del proxy NEIGHBOUR6 dev PORT", "sysctl -qw net.ipv6.conf.all.proxy_ndp=0"}},
    {1,
     {"sysctl -qw net.ipv6.conf.PORT.disable_ipv6=1"},
     {"sysctl -qw net.ipv6.conf.PORT.disable_ipv6=0", "ip addr add ROUTER6/64 dev PORT nodad",
      "ip addr add fe80::1/64 dev PORT nodad", "LEARN"},
     kCarrierMs},
    {3, {"ip addr add 198.51.100.1/32 dev lo"}, {"ip addr del 198.51.100.1/32 dev lo"}},
    {2, {"ip addr add NEIGHBOUR/32 dev lo"}, {"ip addr del NEIGHBOUR/32 dev lo"}},
    {2,
     {"ip addr add NEIGHBOUR6/128 dev lo nodad"},
     {"ip addr del NEIGHBOUR6/128 dev lo"},
     kCarrierMs},
    {2, {"ip addr add 198.18.0.1/29 dev PORT"}, {"ip addr del 198.18.0.1/29 dev PORT"}},
    {1,
     {"ip addr del ROUTER/27 dev PORT"},
     {"ip addr add ROUTER/27 dev PORT", "LEARN", "ip route replace 198.51.100.0/24 via 192.0.2.35",
      "ip route replace 198.51.100.64/26 via 192.0.2.68"}},
    {4, {"ip link set PORT mtu 1400"}, {"ip link set PORT mtu 1500"}},
    {2, {"ip link set PORT mtu 1280"}, {"ip link set PORT mtu 1500"}},
    {2, {"ip link set PORT mtu 2000"}, {"ip link set PORT mtu 1500"}},
    {2,
     {"ip link set PORT down"},
     {"ip link set PORT up", "LEARN", "ip route replace 198.51.100.0/24 via 192.0.2.35",
      "ip route replace 198.51.100.64/26 via 192.0.2.68",
      "ip -6 route replace 2001:db8:100::/48 via 2001:db8:2::3",
      "ip -6 route replace 2001:db8:100:1::/64 via fe80::4 dev p3"},
     kCarrierMs},
    {2,
     {"ip link set PORT address 02:b0:00:00:00:2a"},
     {"ip link set PORT address 02:b0:00:00:00:2b"}},
    {1, {"ip link set PORT promisc on"}, {"ip link set PORT promisc off"}},
    {1, {"ip link set PORT arp off"}, {"ip link set PORT arp on"}},
    {1,
     {"ip link add br9 address 02:b0:00:00:00:09 type bridge mcast_snooping 0",
      "ip link set br9 up", "ip link set PORT master br9"},
     {"ip link set PORT nomaster", "ip link del br9"},
     kCarrierMs},
    {1,
     {"ip link add m0 link PORT address 02:b0:00:00:00:2c type macvlan", "ip link set m0 up"},
     {"ip link del m0"},
     kCarrierMs},
    {1,
     {"ip link add link PORT name v5 type vlan id 5", "ip link set v5 up"},
     {"ip link del v5"},
     kCarrierMs},
    nft(3, "ip", "forward", "udp dport 4000 counter drop"),
    nft(2, "ip", "prerouting", "ip ttl 64 counter"),
    nft(1, "ip", "prerouting", "udp dport 4001 meta mark set 1"),
    nft(2, "ip", "postrouting", "ip daddr NEIGHBOUR counter drop"),
    nft(1, "ip", "input", "counter drop"),
    nft(2, "ip6", "forward", "udp dport 4000 counter drop"),
    nft(1, "ip6", "prerouting", "ip6 saddr NEIGHBOUR6 counter drop"),
    nft(2, "inet", "forward", "meta l4proto tcp counter drop"),
    nft(1, "inet", "forward", "ct state established counter"),
    nft(1, "inet", "prerouting", "fib saddr oif missing counter drop"),
    nft(2, "netdev", "ingress device PORT", "ether saddr STATION counter drop"),
    nft(1, "netdev", "egress device PORT", "ether daddr STATION counter drop"),
    iptables(2, "iptables", "filter", "FORWARD -p udp --dport 4001 -j DROP"),
    iptables(1, "iptables", "filter", "FORWARD -i PORT -o OTHER -j DROP"),
    iptables(1, "iptables", "mangle", "PREROUTING -p tcp -j MARK --set-mark 1"),
    iptables(1, "ip6tables", "filter", "FORWARD -p udp --dport 4001 -j DROP"),
    iptables(1, "iptables", "raw", "PREROUTING -s NEIGHBOUR -j DROP"),
    redirect_row(2, "ingress", "all"),
    redirect_row(2, "egress", "ip"),
    {1, {"tc qdisc add dev PORT clsact"}, {"tc qdisc del dev PORT clsact"}},
    qdisc_row(1, "tbf rate 1gbit burst 1mb latency 50ms"),
    qdisc_row(1, "pfifo"),
    qdisc_row(1, "prio"),
    xfrm("ip", "src 192.0.2.0/24 dst NEIGHBOUR/32 dir fwd action block"),
    xfrm("ip", "src NEIGHBOUR/32 dst 0.0.0.0/0 dir out action block"),
    xfrm("ip -6", "src ::/0 dst NEIGHBOUR6/128 dir fwd action block"),
};

}  // namespace

std::span<const SettingsRow> router_rows() {
  return kRows;
}

}  // namespace tna::differential
