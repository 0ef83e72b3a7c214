// SPDX-License-Identifier: Apache-2.0
// settings.cpp: the table of what may be configured in any world.
#include "settings.h"

#include "names.h"
#include "router_world.h"
#include "settings_rows.h"

namespace tna::differential {
namespace {

using Row = SettingsRow;

constexpr unsigned kAboutTheShape = 40;   // percent of the changes, where a shape has some
constexpr unsigned kAboutRouting = 70;    // where a router has bridges
constexpr unsigned kAboutTheBridge = 60;  // instead of the port, where that has no addresses
constexpr int kCarrierMs = 100;
// With ageing_time 0 the kernel collects dynamic FDB entries every 10 ms (net/bridge/br_fdb.c:
// br_fdb_cleanup): until then a frame goes to the port, afterwards it is flooded.
constexpr int kCollectMs = 30;

Row flag(unsigned weight, const std::string& name, const std::string& now,
         const std::string& before) {
  const std::string command = "bridge link set dev PORT " + name + " ";
  return {weight, {command + now}, {command + before}};
}

Row slave(unsigned weight, const std::string& now, const std::string& before) {
  const std::string command = "ip link set PORT type bridge_slave ";
  return {weight, {command + now}, {command + before}};
}

Row bridge(unsigned weight, const std::string& now, const std::string& before, int settle_ms = 0) {
  const std::string command = "ip link set br0 type bridge ";
  return {weight, {command + now}, {command + before}, settle_ms};
}

Row fdb(unsigned weight, const std::string& how, const std::string& to, int settle_ms = 0) {
  return {weight,
          {"bridge fdb replace " + to + " dev PORT master " + how},
          {"bridge fdb del " + to + " dev PORT master"},
          settle_ms};
}

// The empty chain that the tool leaves behind is a hook as well, hence the table goes too.
Row rule(unsigned weight, const std::string& tool, const std::string& table,
         const std::string& rule) {
  return {weight,
          {tool + " -A FORWARD " + rule},
          {tool + " -D FORWARD " + rule, "nft delete table " + table},
          0,
          true};
}

Row nft(unsigned weight, const std::string& family, const std::string& hook,
        const std::string& rule) {
  return nft_row(weight, family, hook, rule, family == "bridge");
}

const Row kRows[] = {
    flag(5, "hairpin", "on", "off"),
    flag(6, "isolated", "on", "off"),
    {9,
     {"bridge link set dev PORT isolated on", "bridge link set dev OTHER isolated on"},
     {"bridge link set dev PORT isolated off", "bridge link set dev OTHER isolated off"}},
    flag(6, "learning", "off", "on"),
    flag(4, "flood", "off", "on"),
    flag(3, "mcast_flood", "off", "on"),
    flag(3, "bcast_flood", "off", "on"),
    flag(6, "neigh_suppress", "on", "off"),
    flag(6, "locked", "on", "off"),
    {5,
     {"bridge link set dev PORT learning off", "bridge link set dev PORT locked on"},
     {"bridge link set dev PORT locked off", "bridge link set dev PORT learning on"}},
    {3,
     {"bridge link set dev PORT learning off", "bridge link set dev PORT locked on",
      "bridge fdb replace STATION dev PORT master static"},
     {"bridge link set dev PORT locked off", "bridge link set dev PORT learning on"}},
    slave(2, "proxy_arp on", "proxy_arp off"),
    slave(1, "proxy_arp_wifi on", "proxy_arp_wifi off"),
    slave(2, "group_fwd_mask 0xfff8", "group_fwd_mask 0"),
    {2, {"bridge link set dev PORT backup_port OTHER"}, {"bridge link set dev PORT nobackup_port"}},
    flag(1, "state", "0", "3"),
    flag(1, "state", "1", "3"),
    flag(1, "state", "2", "3"),
    {3, {"ip link set PORT down"}, {"ip link set PORT up"}, kCarrierMs},
    {3, {"ip link set PORT nomaster"}, {"ip link set PORT master br0"}, kCarrierMs},
    {1, {"ip link set br0 down"}, {"ip link set br0 up"}, kCarrierMs},
    {2, {"ip link set br0 promisc on"}, {"ip link set br0 promisc off"}, 0, true},
    {5, {"ip link set PORT mtu 1400"}, {"ip link set PORT mtu 1500"}},
    {2, {"ip link set PORT mtu 2000"}, {"ip link set PORT mtu 1500"}},
    {2, {"ip link set PORT address STRANGER"}, {}},
    {1, {"ip link set PORT address STATION"}, {}},
    bridge(2, "ageing_time 0", "ageing_time 30000", kCollectMs),
    bridge(2, "ageing_time 6000", "ageing_time 30000", kCollectMs),
    bridge(2, "fdb_flush", "fdb_flush"),
    bridge(3, "group_fwd_mask 0x4008", "group_fwd_mask 0"),
    bridge(1, "nf_call_iptables 1", "nf_call_iptables 0"),
    {4, {"ip addr add 192.0.2.254/24 dev br0"}, {"ip addr del 192.0.2.254/24 dev br0"}},
    fdb(5, "static", "STATION"),
    fdb(3, "static", "STRANGER"),
    fdb(4, "static sticky", "STATION"),
    fdb(2, "dynamic", "STATION", kCollectMs),
    fdb(2, "dynamic extern_learn", "STATION"),
    fdb(3, "permanent", "STATION"),
    fdb(2, "permanent", "STRANGER"),
    {2, {"bridge fdb add STATION dev br0 self permanent"}, {"bridge fdb del STATION dev br0 self"}},
    {5, {"bridge fdb del STATION dev PORT master"}, {}},
    {3, {"bridge fdb flush dev PORT master"}, {}},
    sysctl_row(6, "bridge.bridge-nf-call-iptables", "0", "1"),
    sysctl_row(4, "bridge.bridge-nf-call-ip6tables", "0", "1"),
    sysctl_row(2, "bridge.bridge-nf-filter-vlan-tagged", "1", "0"),
    rule(3, "iptables", "ip filter", "-p udp --dport 4001 -j DROP"),
    rule(1, "iptables", "ip filter", "-p udp --dport 4002 -m physdev --physdev-in PORT -j DROP"),
    rule(2, "ip6tables", "ip6 filter", "-p udp --dport 4001 -j DROP"),
    rule(1, "iptables", "ip filter", "-m conntrack --ctstate INVALID -j DROP"),
    rule(2, "ebtables", "bridge filter", "-p 0x88b5 -j DROP"),
    nft(2, "bridge", "forward", "ether saddr STATION drop"),
    nft(1, "bridge", "prerouting", "ip protocol udp drop"),
    nft(1, "bridge", "postrouting", "ether daddr STATION drop"),
    nft(1, "bridge", "input", "drop"),
    nft(2, "netdev", "ingress device PORT", "ether saddr STATION drop"),
    nft(1, "netdev", "egress device PORT", "ether daddr STATION drop"),
    redirect_row(2, "ingress", "all"),
    redirect_row(2, "egress", "ip"),
    {1, {"tc qdisc add dev PORT clsact"}, {"tc qdisc del dev PORT clsact"}},
    qdisc_row(1, "tbf rate 1gbit burst 1mb latency 50ms"),
    qdisc_row(1, "pfifo"),
};

void replace_all(std::string& text, const std::string& word, const std::string& with) {
  for (std::size_t at; (at = text.find(word)) != std::string::npos;)
    text.replace(at, word.size(), with);
}

bool about_the_shape(Random& random, const Shape& shape) {
  if (!shape.hook.empty()) return true;
  if (shape.router) return shape.bridges.empty() || random.chance(kAboutRouting);
  return !shape.topics.empty() && random.chance(kAboutTheShape);
}

std::string device_at(Random& random, const Shape& shape, int port) {
  if (const RoutedVlan* vlan = shape.vlan_of(port))
    return random.chance(kAboutTheBridge) ? vlan->name : port_name(vlan->cable);
  const RoutedBridge* bridge = shape.bridge_of(port);
  return bridge && random.chance(kAboutTheBridge) ? bridge->name : port_name(port);
}

void fill_in_router(std::string& text, const Shape& shape, int port, int station) {
  const int home = station_home(station), host = station_host(station);
  replace_all(text, "HOME", shape.routed_device(home));
  replace_all(text, "NEIGHBOUR6", routed_ip6_text(home, host));
  replace_all(text, "NEIGHBOUR", routed_ip_text(home, host));
  replace_all(text, "ROUTER6", routed_ip6_text(port, kRouterHost));
  replace_all(text, "ROUTER", routed_ip_text(port, kRouterHost));
}

}  // namespace

Change random_change(Random& random, const Shape& shape, int ports) {
  const bool special = about_the_shape(random, shape);
  const std::span<const Row> rows =
      special ? rows_about(random.pick(shape.topics)) : std::span<const Row>(kRows);
  const Row& row = random.weighted(rows);
  if (!special && shape.router) ports = 2;  // of br0, as router_shapes.cpp has it
  const bool of_vlan = rows.data() == rows_about(Topic::router_vlans).data();
  const int port = of_vlan ? random.pick(shape.vlans).network : random.between(1, ports);
  const int other = (port - 1 + random.between(1, ports - 1)) % ports + 1;
  const int number = random.between(1, kStations);
  const Mac station = station_mac(number);
  const Mac stranger = station_mac(random.between(100, 109));
  const std::string here = device_at(random, shape, port), there = device_at(random, shape, other);
  const auto fill_in = [&](const Commands& templates) {
    Commands commands;
    for (std::string text : templates) {
      replace_all(text, "VLAN", shape.routed_device(port));
      replace_all(text, "PORT", special ? here : port_name(port));
      replace_all(text, "OTHER", special ? there : port_name(other));
      replace_all(text, "STATION", to_string(station));
      if (shape.router) fill_in_router(text, shape, port, number);
      replace_all(text, "NEIGHBOUR", station_ip_text(number));
      replace_all(text, "STRANGER", to_string(stranger));
      if (text == "LEARN")
        for (const std::string& neighbour : router_neighbours(port, shape.routed_device(port)))
          commands.push_back("ip neigh replace " + neighbour);
      else
        commands.push_back(text);
    }
    return commands;
  };
  return {fill_in(row.apply), fill_in(row.undo), row.settle_ms, row.stops_tna};
}

}  // namespace tna::differential
