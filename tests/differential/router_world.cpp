// SPDX-License-Identifier: Apache-2.0
// router_world.cpp: the commands that make a router.
#include "router_world.h"

#include <spdlog/fmt/fmt.h>

namespace tna::differential {

std::string routed_ip_text(int port, int host) {
  return fmt::format("192.0.2.{}", routed_ip(port, host) & 255);
}
std::string routed_ip6_text(int port, int host) {
  return fmt::format("2001:db8:{:x}::{:x}", port, host);
}
std::string link_local_text(int host) {
  return fmt::format("fe80::{:x}", host);
}

// Errors of ICMP are not rationed; flow labels are not drawn by lot; an ARP reply does not count
// less because it comes soon after another one; addresses outlive `ip link set down`.
const std::vector<std::string>& router_sysctl() {
  static const std::vector<std::string> words{"sysctl",
                                              "-qew",
                                              "net.ipv4.ip_forward=1",
                                              "net.ipv4.icmp_ratemask=0",
                                              "net.ipv4.icmp_msgs_burst=1000000",
                                              "net.ipv4.fib_multipath_hash_seed=4711",
                                              "net.ipv4.conf.all.rp_filter=0",
                                              "net.ipv4.conf.default.rp_filter=0",
                                              "net.ipv6.icmp.ratelimit=0",
                                              "net.ipv6.icmp.ratemask=",
                                              "net.ipv6.auto_flowlabels=0",
                                              "net.ipv6.conf.all.disable_ipv6=0",
                                              "net.ipv6.conf.default.disable_ipv6=0",
                                              "net.ipv6.conf.default.accept_ra=0",
                                              "net.ipv6.conf.default.accept_redirects=0",
                                              "net.ipv6.conf.default.autoconf=0",
                                              "net.ipv6.conf.default.accept_dad=0",
                                              "net.ipv6.conf.default.addr_gen_mode=1",
                                              "net.ipv6.conf.default.router_solicitations=0",
                                              "net.ipv6.conf.default.keep_addr_on_down=1",
                                              "net.ipv6.conf.all.keep_addr_on_down=1",
                                              "net.ipv6.conf.all.forwarding=1"};
  return words;
}

std::string router_links(int ports, const std::string& hosts) {
  std::string batch = "link set lo up\n";
  for (int port = 1; port <= ports; ++port)
    batch += fmt::format("link add {} address {} type veth peer name {} netns {}\n",
                         port_name(port), to_string(port_mac(port)), host_name(port), hosts);
  return batch;
}

std::string router_up(int ports) {
  std::string batch;
  for (int port = 1; port <= ports; ++port)
    batch += fmt::format("link set {} up\n", port_name(port));
  return batch;
}

// Nothing happens to a neighbour by time, and an ARP reply does not count less because it comes
// soon after another one. A namespace has no defaults of these.
std::vector<std::string> patient_neighbours(const std::vector<std::string>& devices) {
  std::vector<std::string> words{"sysctl", "-qw"};
  for (const std::string& device : devices)
    for (const char* family : {"ipv4", "ipv6"})
      for (const char* timer : {"retrans_time_ms=600000", "base_reachable_time_ms=600000",
                                "delay_first_probe_time=600", "locktime=60000"}) {
        const bool arp_only = std::string_view(timer).starts_with("locktime");
        if (arp_only && family == std::string_view("ipv6")) continue;
        words.push_back(fmt::format("net.{}.neigh.{}.{}", family, device, timer));
      }
  return words;
}

std::vector<std::string> port_names(int ports) {
  std::vector<std::string> names;
  for (int port = 1; port <= ports; ++port) names.push_back(port_name(port));
  return names;
}

std::vector<std::string> router_neighbours(int port, const std::string& device) {
  std::vector<std::string> neighbours;
  for (int station = 1; station <= kStations; ++station) {
    if (station_home(station) != port) continue;
    const int host = station_host(station);
    for (const std::string& ip :
         {routed_ip_text(port, host), routed_ip6_text(port, host), link_local_text(host)})
      neighbours.push_back(fmt::format("{} lladdr {} dev {} nud {}", ip,
                                       to_string(station_mac(station)), device,
                                       station <= kStationPorts ? "permanent" : "reachable"));
  }
  return neighbours;
}

std::string router_addresses(int ports) {
  std::string batch;
  for (int port = 1; port <= ports; ++port) {
    const std::string name = port_name(port);
    batch += fmt::format("addr add {}/27 dev {}\n", routed_ip_text(port, kRouterHost), name);
    batch += fmt::format("addr add {}/64 dev {} nodad\n", routed_ip6_text(port, kRouterHost), name);
    batch += fmt::format("addr add {}/64 dev {} nodad\n", link_local_text(kRouterHost), name);
    for (const std::string& neighbour : router_neighbours(port, name))
      batch += "neigh add " + neighbour + "\n";
  }
  return batch;
}

}  // namespace tna::differential
