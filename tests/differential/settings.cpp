// SPDX-License-Identifier: Apache-2.0
// settings.cpp: the table of what may be configured. PORT and OTHER stand for two different ports,
// STATION for the MAC of a station, STRANGER for one that nobody has.
#include "settings.h"

#include "names.h"

namespace tna::differential {
namespace {

struct Row {
  unsigned weight;
  std::vector<const char*> apply, undo;
  int settle_ms = 0;
};

constexpr int kCarrierMs = 100;
constexpr int kCollectMs = 30;

#define FLAG(weight, name, now, before)                   \
  {                                                       \
    weight, {"bridge link set dev PORT " name " " now}, { \
      "bridge link set dev PORT " name " " before         \
    }                                                     \
  }
#define SLAVE(weight, option, before)                         \
  {                                                           \
    weight, {"ip link set PORT type bridge_slave " option}, { \
      "ip link set PORT type bridge_slave " before            \
    }                                                         \
  }
#define BRIDGE(weight, option, before, settle)                                                \
  {                                                                                           \
    weight, {"ip link set br0 type bridge " option}, {"ip link set br0 type bridge " before}, \
        settle                                                                                \
  }
#define SYSCTL(weight, name, now, before)              \
  {                                                    \
    weight, {"sysctl -qw net.bridge." name "=" now}, { \
      "sysctl -qw net.bridge." name "=" before         \
    }                                                  \
  }
#define FDB(weight, how, to)                                      \
  {                                                               \
    weight, {"bridge fdb replace " to " dev PORT master " how}, { \
      "bridge fdb del " to " dev PORT master"                     \
    }                                                             \
  }
#define RULE(weight, tool, rule)          \
  {                                       \
    weight, {tool " -A FORWARD " rule}, { \
      tool " -D FORWARD " rule            \
    }                                     \
  }
#define NFT_BRIDGE(weight, hook, rule)                                          \
  {                                                                             \
    weight,                                                                     \
        {"nft add table bridge t",                                              \
         "nft add chain bridge t c { type filter hook " hook " priority 0 ; }", \
         "nft add rule bridge t c " rule},                                      \
    {                                                                           \
      "nft delete table bridge t"                                               \
    }                                                                           \
  }

const Row kRows[] = {
    FLAG(5, "hairpin", "on", "off"),
    FLAG(6, "isolated", "on", "off"),
    {4,
     {"bridge link set dev PORT isolated on", "bridge link set dev OTHER isolated on"},
     {"bridge link set dev PORT isolated off", "bridge link set dev OTHER isolated off"}},
    FLAG(6, "learning", "off", "on"),
    FLAG(4, "flood", "off", "on"),
    FLAG(3, "mcast_flood", "off", "on"),
    FLAG(3, "bcast_flood", "off", "on"),
    FLAG(3, "neigh_suppress", "on", "off"),
    FLAG(6, "locked", "on", "off"),
    {3,
     {"bridge link set dev PORT learning off", "bridge link set dev PORT locked on",
      "bridge fdb replace STATION dev PORT master static"},
     {"bridge link set dev PORT locked off", "bridge link set dev PORT learning on"}},
    SLAVE(1, "proxy_arp on", "proxy_arp off"),
    SLAVE(1, "proxy_arp_wifi on", "proxy_arp_wifi off"),
    SLAVE(2, "group_fwd_mask 0xfff8", "group_fwd_mask 0"),
    {2, {"bridge link set dev PORT backup_port OTHER"}, {"bridge link set dev PORT nobackup_port"}},
    FLAG(2, "state", "0", "3"),
    FLAG(2, "state", "1", "3"),
    FLAG(2, "state", "2", "3"),
    {3, {"ip link set PORT down"}, {"ip link set PORT up"}, kCarrierMs},
    {3, {"ip link set PORT nomaster"}, {"ip link set PORT master br0"}, kCarrierMs},
    {1, {"ip link set br0 down"}, {"ip link set br0 up"}, kCarrierMs},
    {2, {"ip link set br0 promisc on"}, {"ip link set br0 promisc off"}},
    {3, {"ip link set PORT mtu 1400"}, {"ip link set PORT mtu 1500"}},
    {2, {"ip link set PORT mtu 2000"}, {"ip link set PORT mtu 1500"}},
    {2, {"ip link set PORT address STRANGER"}, {}},
    {1, {"ip link set PORT address STATION"}, {}},
    BRIDGE(2, "ageing_time 0", "ageing_time 30000", kCollectMs),
    BRIDGE(2, "ageing_time 6000", "ageing_time 30000", kCollectMs),
    BRIDGE(2, "fdb_flush", "fdb_flush", 0),
    BRIDGE(3, "group_fwd_mask 0x4008", "group_fwd_mask 0", 0),
    BRIDGE(1, "nf_call_iptables 1", "nf_call_iptables 0", 0),
    {4, {"ip addr add 192.0.2.254/24 dev br0"}, {"ip addr del 192.0.2.254/24 dev br0"}},
    FDB(5, "static", "STATION"),
    FDB(3, "static", "STRANGER"),
    FDB(4, "static sticky", "STATION"),
    FDB(2, "dynamic", "STATION"),
    FDB(2, "dynamic extern_learn", "STATION"),
    FDB(3, "permanent", "STATION"),
    FDB(2, "permanent", "STRANGER"),
    {2, {"bridge fdb add STATION dev br0 self permanent"}, {"bridge fdb del STATION dev br0 self"}},
    {5, {"bridge fdb del STATION dev PORT master"}, {}},
    {3, {"bridge fdb flush dev PORT master"}, {}},
    SYSCTL(6, "bridge-nf-call-iptables", "0", "1"),
    SYSCTL(4, "bridge-nf-call-ip6tables", "0", "1"),
    SYSCTL(2, "bridge-nf-filter-vlan-tagged", "1", "0"),
    RULE(3, "iptables", "-p udp --dport 4001 -j DROP"),
    RULE(1, "iptables", "-p udp --dport 4002 -m physdev --physdev-in PORT -j DROP"),
    RULE(2, "ip6tables", "-p udp --dport 4001 -j DROP"),
    RULE(1, "iptables", "-m conntrack --ctstate INVALID -j DROP"),
    RULE(2, "ebtables", "-p 0x88b5 -j DROP"),
    NFT_BRIDGE(2, "forward", "ether saddr STATION drop"),
    NFT_BRIDGE(1, "prerouting", "ip protocol udp drop"),
    NFT_BRIDGE(1, "postrouting", "ether daddr STATION drop"),
    NFT_BRIDGE(1, "input", "drop"),
    {2,
     {"nft add table netdev t",
      "nft add chain netdev t c { type filter hook ingress device PORT priority 0 ; }",
      "nft add rule netdev t c ether saddr STATION drop"},
     {"nft delete table netdev t"}},
    {1,
     {"nft add table netdev t",
      "nft add chain netdev t c { type filter hook egress device PORT priority 0 ; }",
      "nft add rule netdev t c ether daddr STATION drop"},
     {"nft delete table netdev t"}},
    {2,
     {"tc qdisc add dev PORT clsact",
      "tc filter add dev PORT ingress protocol all u32 match u32 0 0 action mirred egress "
      "redirect dev OTHER"},
     {"tc qdisc del dev PORT clsact"}},
    {2,
     {"tc qdisc add dev PORT clsact",
      "tc filter add dev PORT egress protocol ip u32 match u32 0 0 action mirred egress "
      "redirect dev OTHER"},
     {"tc qdisc del dev PORT clsact"}},
    {1, {"tc qdisc add dev PORT clsact"}, {"tc qdisc del dev PORT clsact"}},
    {1,
     {"tc qdisc replace dev PORT root tbf rate 1gbit burst 1mb latency 50ms"},
     {"tc qdisc del dev PORT root"}},
    {1, {"tc qdisc replace dev PORT root pfifo"}, {"tc qdisc del dev PORT root"}},
};

void replace_all(std::string& text, const std::string& word, const std::string& with) {
  for (std::size_t at; (at = text.find(word)) != std::string::npos;)
    text.replace(at, word.size(), with);
}

}  // namespace

Change random_change(Random& random, int ports) {
  const Row& row = random.weighted(kRows);
  const int port = random.between(1, ports);
  const int other = (port - 1 + random.between(1, ports - 1)) % ports + 1;
  const Mac station = station_mac(random.between(1, kStations));
  const Mac stranger = station_mac(random.between(100, 109));
  const auto fill_in = [&](const std::vector<const char*>& templates) {
    std::vector<std::string> commands;
    for (std::string text : templates) {
      replace_all(text, "PORT", port_name(port));
      replace_all(text, "OTHER", port_name(other));
      replace_all(text, "STATION", to_string(station));
      replace_all(text, "STRANGER", to_string(stranger));
      commands.push_back(text);
    }
    return commands;
  };
  return {fill_in(row.apply), fill_in(row.undo), row.settle_ms};
}

}  // namespace tna::differential
