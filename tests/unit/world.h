// SPDX-License-Identifier: Apache-2.0
// A world as text -> Store, one object a line (or by " \n " in one string):
//
//   bridge br0 [ATTRIBUTE=VALUE...]            attributes by the names of knowledge/*.toml
//   port eth0 br0 [kind=veth] [ATTRIBUTE=...]  those of a port: isolated=1
//   link eth0.10 [kind=vlan] [lower=eth0] [master=bond0] [slave_kind=bond] [ATTRIBUTE=...]
//   address br0 192.0.2.1/24
//   qdisc eth0 htb | qdisc eth0 clsact
//   filter eth0 ingress | filter eth0 egress
//   netconf br0 ipv4 forwarding=1
//   route 10.0.0.0/8 [table=254] [tos=0] [metric=0] [mtu=1400] [via=1] [dev=eth0]
//
// Any link takes up=0, mtu=N, hardware=N (ARPHRD_*), elsewhere=1 (its lower is in another
// namespace), switch_id=HEX, xdp=ID. Interface indexes count from 1 in the order of the lines.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/if.h>
#include <linux/pkt_sched.h>

#include <cstring>
#include <sstream>
#include <stdexcept>

#include "topology/graph.h"

namespace tna::test {

inline const Knowledge& knowledge() {
  static const Knowledge all = [] {
    auto result = read_knowledge("/nonexistent");
    if (!result) throw std::runtime_error(result.error().message);
    return *result;
  }();
  return all;
}

class World {
 public:
  explicit World(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) add(line);
  }
  Store store;

 private:
  using Words = std::vector<std::string>;

  [[noreturn]] static void refuse(const std::string& what) {
    throw std::invalid_argument("world: " + what);
  }

  void add(const std::string& line) {
    std::istringstream stream(line);
    Words words;
    for (std::string word; stream >> word;) words.push_back(word);
    if (words.empty()) return;
    const std::string what = words[0];
    if (words.size() < 2) refuse(line);
    if (what == "bridge" || what == "port" || what == "link") return add_link(words);
    if (what == "route") return add_route(words);
    if (words.size() < 3) refuse(line);
    const IfIndex ifindex = find(words[1]).ifindex;
    if (what == "address") return add_address(ifindex, words[2]);
    if (what == "qdisc") return add_qdisc(ifindex, words[2]);
    if (what == "filter") return add_filter(ifindex, words[2]);
    if (what == "netconf" && words.size() == 4) return add_netconf(ifindex, words[2], words[3]);
    refuse(line);
  }

  const Link& find(const std::string& name) const {
    if (const Link* link = store.link(name)) return *link;
    refuse("no link " + name + " before");
  }

  void apply(const Event& event) { store.apply(event, knowledge()); }

  void add_link(const Words& words) {
    Link link{.ifindex = static_cast<IfIndex>(store.links.size() + 1),
              .name = words[1],
              .hardware_type = 1,
              .flags = IFF_UP,
              .mtu = 1500};
    link.address.bytes = {2, 0, 0, 0, 0, static_cast<std::uint8_t>(link.ifindex)};
    std::size_t next = 2;
    if (words[0] == "bridge") link.kind = "bridge";
    if (words[0] == "port") {
      if (words.size() < 3) refuse("port NAME BRIDGE");
      link.master = find(words[next++]).ifindex;
      link.slave_kind = "bridge";
    }
    for (; next < words.size(); ++next) {
      const auto equals = words[next].find('=');
      if (equals == std::string::npos) refuse(words[next]);
      set(link, words[next].substr(0, equals), words[next].substr(equals + 1));
    }
    apply(link);
  }

  void set(Link& link, const std::string& key, const std::string& value) {
    if (key == "kind")
      link.kind = value;
    else if (key == "slave_kind")
      link.slave_kind = value;
    else if (key == "lower")
      link.lower = find(value).ifindex;
    else if (key == "master")
      link.master = find(value).ifindex;
    else if (key == "up")
      link.flags = value == "0" ? 0 : IFF_UP;
    else if (key == "mtu")
      link.mtu = std::stoul(value);
    else if (key == "hardware")
      link.hardware_type = std::stoul(value);
    else if (key == "elsewhere")
      link.lower_netnsid = 0;
    else if (key == "switch_id")
      link.switch_id = value;
    else if (key == "xdp")
      link.xdp = XdpAttachment{1, static_cast<std::uint32_t>(std::stoul(value))};
    else if (link.slave_kind.empty())
      encode(link.info, link.kind, key, value);
    else
      encode(link.port, link.slave_kind + "-port", "port." + key, value);
  }

  // Numbers only, in the form that the row says.
  static void encode(RawAttributes& raw, const std::string& of, const std::string& name,
                     const std::string& value) {
    const auto rows = knowledge().attributes.find(of);
    if (rows == knowledge().attributes.end()) refuse(of + " has no attributes");
    for (const auto& [id, named] : rows->second)
      for (const AttributeRow& row : named)
        if (row.name == name) return encode(raw[id], row, std::stoull(value));
    refuse(of + " has no attribute " + name);
  }

  static void encode(std::vector<std::byte>& raw, const AttributeRow& row, std::uint64_t value) {
    using enum AttributeRow::Type;
    if (row.type == bitfield) {
      std::uint32_t words[2] = {};
      if (raw.size() == sizeof words) std::memcpy(words, raw.data(), sizeof words);
      words[0] |= static_cast<std::uint32_t>(value) << row.bit;
      words[1] |= 1u << row.bit;
      raw.resize(sizeof words);
      std::memcpy(raw.data(), words, sizeof words);
      return;
    }
    if (row.type == be16) value = htons(value);
    raw.resize(row.type == u8                        ? 1
               : row.type == u16 || row.type == be16 ? 2
               : row.type == u32                     ? 4
                                                     : 8);
    std::memcpy(raw.data(), &value, raw.size());
  }

  void add_address(IfIndex ifindex, const std::string& text) {
    const auto slash = text.find('/');
    if (slash == std::string::npos) refuse(text);
    Address address{.ifindex = ifindex};
    address.family = text.find(':') == std::string::npos ? AF_INET : AF_INET6;
    address.prefix_length = std::stoul(text.substr(slash + 1));
    address.bytes.resize(address.family == AF_INET ? 4 : 16);
    if (inet_pton(address.family, text.substr(0, slash).c_str(), address.bytes.data()) != 1)
      refuse(text);
    apply(address);
  }

  void add_qdisc(IfIndex ifindex, const std::string& kind) {
    const bool ingress = kind == "ingress" || kind == "clsact";
    apply(
        Qdisc{ifindex, ingress ? 0xffff0000u : 0x10000u, ingress ? TC_H_INGRESS : TC_H_ROOT, kind});
  }

  void add_filter(IfIndex ifindex, const std::string& where) {
    const std::uint32_t minor = where == "egress" ? TC_H_MIN_EGRESS : TC_H_MIN_INGRESS;
    const auto handle = static_cast<std::uint32_t>(store.filters.size() + 1);
    apply(Filter{ifindex, TC_H_MAKE(TC_H_CLSACT, minor), 0x10003, 0, handle, "flower"});
  }

  // "via" only tells one gateway from another.
  void add_route(const Words& words) {
    const auto slash = words[1].find('/');
    if (slash == std::string::npos) refuse(words[1]);
    Route route{.table = 254};
    in_addr address{};
    if (inet_pton(AF_INET, words[1].substr(0, slash).c_str(), &address) != 1) refuse(words[1]);
    route.destination = ntohl(address.s_addr);
    route.prefix_length = std::stoul(words[1].substr(slash + 1));
    for (std::size_t next = 2; next < words.size(); ++next) {
      const auto equals = words[next].find('=');
      if (equals == std::string::npos) refuse(words[next]);
      set(route, words[next].substr(0, equals), words[next].substr(equals + 1));
    }
    apply(route);
  }

  void set(Route& route, const std::string& key, const std::string& value) {
    if (key == "dev") return route.interfaces.push_back(find(value).ifindex);
    const auto number = static_cast<std::uint32_t>(std::stoul(value));
    if (key == "table")
      route.table = number;
    else if (key == "tos")
      route.tos = number;
    else if (key == "metric")
      route.priority = number;
    else if (key == "mtu")
      route.mtu = number;
    else if (key == "via")
      route.rest.push_back(static_cast<std::byte>(number));
    else
      refuse("a route has no " + key);
  }

  void add_netconf(IfIndex ifindex, const std::string& family, const std::string& setting) {
    const auto equals = setting.find('=');
    const std::string name = family + "." + setting.substr(0, equals);
    for (const auto& [id, rows] : knowledge().attributes.at(family))
      if (rows.front().name == name)
        return apply(NetConf{static_cast<std::uint8_t>(family == "ipv4" ? AF_INET : AF_INET6),
                             static_cast<std::int32_t>(ifindex),
                             {{id, std::stoi(setting.substr(equals + 1))}}});
    refuse(name);
  }
};

inline Store world(const std::string& text) {
  return World(text).store;
}

inline Graph graph(const std::string& text) {
  return build(world(text), knowledge());
}

// "guards parse_l2 fdb": for comparisons with a text.
template <typename T>
std::string names(const std::vector<T>& all) {
  std::string result;
  for (const T& one : all) result += (result.empty() ? "" : " ") + one.name;
  return result;
}

}  // namespace tna::test
