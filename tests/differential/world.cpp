// SPDX-License-Identifier: Apache-2.0
// world.cpp: builds a world, sends into it and reads what comes out.
#include "world.h"

#include <spdlog/fmt/fmt.h>

#include <sstream>

#include "kernel_state.h"
#include "names.h"
#include "router_world.h"

namespace tna::differential {
namespace {

constexpr int kMarkerRounds = 6;  // a frame crosses five queues at most: cable, bridge, cable
                                  // between bridges, bridge, cable
constexpr int kMarkerMs = 2000;
constexpr int kPolls = 200;

// Nothing may speak by itself, and what the device answers must not depend on time or luck.
const Words kQuiet{"sysctl",
                   "-qew",
                   "net.ipv6.conf.all.disable_ipv6=1",
                   "net.ipv6.conf.default.disable_ipv6=1",
                   "net.ipv4.icmp_ratelimit=0",
                   "net.ipv4.icmp_msgs_per_sec=1000000",
                   "net.ipv4.conf.all.send_redirects=0",
                   "net.ipv4.conf.default.send_redirects=0",
                   "net.ipv4.ip_forward=0"};

// A neighbour that does not answer is given up after three seconds, and what waited for it is
// answered by an ICMP error: at another moment in each world. A namespace has no defaults of these.
Words patient_bridge(int ports) {
  Words words{"sysctl", "-qw"};
  std::vector<std::string> devices{"br0"};
  for (int port = 1; port <= ports; ++port) devices.push_back(port_name(port));
  for (const std::string& device : devices)
    for (const char* timer :
         {"retrans_time_ms=600000", "base_reachable_time_ms=600000", "delay_first_probe_time=600"})
      words.push_back(fmt::format("net.ipv4.neigh.{}.{}", device, timer));
  return words;
}

std::string hosts_commands(int ports) {
  std::string batch;
  for (int port = 1; port <= ports; ++port)
    batch += fmt::format("link set {} mtu {} up\n", host_name(port), kHostMtu);
  return batch;
}

const Words kBatch{"ip", "-batch", "-"};

Result<bool> all_forwarding(int netns, int ports) {
  int forwarding = 0;
  for (const auto& [name, facts] : TRY(read_ports(netns)))
    forwarding += facts.find("\"state\":\"forwarding\"") != std::string::npos;
  return forwarding == ports;
}

int count(const std::string& text, const std::string& word) {
  int found = 0;
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos; ++at) ++found;
  return found;
}

Result<bool> all_up(int netns, int ports) {
  const Finished links = TRY(run({"ip", "-o", "link", "show", "type", "veth"}, netns));
  return count(links.output, "state UP") == ports;
}

// An IPv6 address is at work when its local route is there, which a work queue of the kernel adds.
Result<bool> all_local(int netns, int ports) {
  const Finished routes = TRY(run({"ip", "-6", "route", "show", "table", "local"}, netns));
  return count(routes.output, "local 2001:db8:") == ports &&
         count(routes.output, "local fe80::1 ") == ports;
}

template <typename Ready>
Result<> wait_until(const Ready& ready) {
  for (int poll = 0; poll < kPolls; ++poll) {
    if (TRY(ready())) return {};
    ::usleep(2000);
  }
  return error("the ports do not become ready");
}

}  // namespace

namespace {

// No forward delay: with one, a timer moves ports out of listening and learning, at another moment
// in each world (net/bridge/br_stp.c, br_make_forwarding: without STP as well).
std::string device_commands(int ports, const std::string& hosts) {
  std::string batch = fmt::format(
      "link add br0 address {} type bridge mcast_snooping 0 stp_state 0 forward_delay 0\n"
      "link set br0 up\n",
      to_string(bridge_mac()));
  for (int port = 1; port <= ports; ++port) {
    batch += fmt::format("link add {} address {} type veth peer name {} netns {}\n",
                         port_name(port), to_string(port_mac(port)), host_name(port), hosts);
    batch += fmt::format("link set {} master br0 up\n", port_name(port));
  }
  for (int station = 1; station <= kStations; ++station)
    batch += fmt::format("neigh add {} lladdr {} dev br0 nud permanent\n", station_ip_text(station),
                         to_string(station_mac(station)));
  return batch;
}

std::string as_ip_commands(const std::string& batch) {
  std::istringstream in(batch);
  std::string text;
  for (std::string line; std::getline(in, line);) text += "ip " + line + "\n";
  return text;
}

std::string one_line(const Words& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text + "\n";
}

}  // namespace

std::string world_commands(const Device& device, bool redirect_targets) {
  const auto& [ports, router] = device;
  std::string text = one_line(kQuiet);
  if (router) text += one_line(router_sysctl());
  text += as_ip_commands(router ? router_links(ports, "HOSTS") : device_commands(ports, "HOSTS"));
  text += "in HOSTS:\n" + as_ip_commands(hosts_commands(ports));
  if (router)
    text += "in the device:\n" + one_line(patient_neighbours(port_names(ports))) +
            as_ip_commands(router_up(ports) + router_addresses(ports));
  else
    text += "in the device:\n" + one_line(patient_bridge(ports));
  for (int port = 1; redirect_targets && port <= ports; ++port)
    text += fmt::format("ethtool -K {} gro on\n", host_name(port));
  return text;
}

Result<World> World::create(const std::string& name, const Device& device, bool redirect_targets) {
  Netns of_device = TRY(Netns::create(name + "-device"));
  Netns of_hosts = TRY(Netns::create(name + "-hosts"));
  World world(std::move(of_device), std::move(of_hosts));
  TRY(world.build(device, redirect_targets));
  TRY(world.open_sockets(device.ports));
  return world;
}

Result<> World::build(const Device& device, bool redirect_targets) {
  TRY(run_or_error(kQuiet, device_.fd()));
  TRY(run_or_error(kQuiet, hosts_.fd()));
  TRY(run_or_error(kBatch, hosts_.fd(),
                   "link add m0 type veth peer name m1\nlink set m0 up\nlink set m1 up\n"));
  TRY(device.router ? build_router(device.ports) : build_bridge(device.ports));
  if (redirect_targets)
    for (int port = 1; port <= device.ports; ++port)
      TRY(run_or_error({"ethtool", "-K", host_name(port), "gro", "on"}, hosts_.fd()));
  return {};
}

Result<> World::build_bridge(int ports) {
  TRY(run_or_error(kBatch, device_.fd(), device_commands(ports, hosts_.name())));
  TRY(run_or_error(patient_bridge(ports), device_.fd()));
  TRY(run_or_error(kBatch, hosts_.fd(), hosts_commands(ports)));
  return wait_until([&]() { return all_forwarding(device_.fd(), ports); });
}

Result<> World::build_router(int ports) {
  TRY(run_or_error(router_sysctl(), device_.fd()));
  TRY(run_or_error(kBatch, device_.fd(), router_links(ports, hosts_.name())));
  TRY(run_or_error(patient_neighbours(port_names(ports)), device_.fd()));
  TRY(run_or_error(kBatch, hosts_.fd(), hosts_commands(ports)));
  // After their other ends: a packet to one that is about to be up would be dropped, and counted.
  TRY(run_or_error(kBatch, device_.fd(), router_up(ports)));
  TRY(wait_until([&]() { return all_up(device_.fd(), ports); }));
  TRY(run_or_error(kBatch, device_.fd(), router_addresses(ports)));
  return wait_until([&]() { return all_local(device_.fd(), ports); });
}

Result<> World::open_sockets(int ports) {
  const Inside inside = TRY(Inside::enter(hosts_));
  for (int port = 1; port <= ports; ++port)
    ports_.push_back(TRY(PortSocket::open(host_name(port), PortSocket::Sees::received)));
  for (const char* end : {"m0", "m1"})
    markers_.push_back(TRY(PortSocket::open(end, PortSocket::Sees::received)));
  return {};
}

Result<> World::start_tnad(const Options& options) {
  tnad_.emplace(TRY(Tnad::start(options, device_.name())));
  return {};
}

Result<> World::open_tap(const std::string& interface) {
  const Inside inside = TRY(Inside::enter(device_));
  taps_.push_back(TRY(PortSocket::open(interface, PortSocket::Sees::all)));
  return {};
}

Result<> World::add_tc_program(const std::string& object) {
  for (std::size_t port = 1; port <= ports_.size(); ++port) {
    const std::string device = port_name(static_cast<int>(port));
    TRY(run_or_error({"tc", "qdisc", "add", "dev", device, "clsact"}, device_.fd()));
    TRY(run_or_error({"tc", "filter", "add", "dev", device, "ingress", "bpf", "direct-action",
                      "object-file", object, "section", "tc"},
                     device_.fd()));
  }
  return {};
}

Result<> World::send(int port, const Frame& frame) const {
  if (port < 1 || port > static_cast<int>(ports_.size())) return error("there is no such port");
  return ports_[port - 1].send(frame);
}

Result<> World::flush() {
  // Frames and markers go through the same queues of this CPU, so a marker arrives last.
  const Frame marker{ethernet({{2, 0, 0, 0, 0, 2}}, {{2, 0, 0, 0, 0, 1}}, 0x88b6, Bytes(46))};
  for (int round = 0; round < kMarkerRounds; ++round) {
    TRY(markers_[0].send(marker));
    if (!markers_[1].wait(kMarkerMs)) return error("a marker was lost");
    TRY(markers_[1].receive());
  }
  return {};
}

Result<Seen> World::receive() {
  Seen seen;
  for (std::size_t port = 0; port < ports_.size(); ++port)
    for (Received& frame : TRY(ports_[port].receive()))
      seen["out of " + port_name(port + 1)].push_back(std::move(frame.bytes));
  for (std::size_t tap = 0; tap < taps_.size(); ++tap)
    for (Received& frame : TRY(taps_[tap].receive()))
      seen[fmt::format("by tap {}, {} interface {}", tap + 1, frame.outgoing ? "out of" : "into",
                       frame.ifindex)]
          .push_back(std::move(frame.bytes));
  return seen;
}

}  // namespace tna::differential
