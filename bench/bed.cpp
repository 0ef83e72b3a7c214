// SPDX-License-Identifier: Apache-2.0
#include "bed.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <algorithm>
#include <sstream>

#include "command.h"

namespace tna::bench {
namespace {

// ip commands, one a line, in the namespace.
Result<> ip_batch(const Netns& netns, const std::string& lines) {
  TRY(run({"ip", "-n", netns.name(), "-batch", "-"}, lines));
  return {};
}

// The Internet checksum of a header; sum: of what else it is of.
uint16_t checksum(const void* header, size_t length, uint32_t sum = 0) {
  const uint16_t* words = static_cast<const uint16_t*>(header);
  for (size_t i = 0; i < length / 2; ++i) sum += words[i];
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return uint16_t(~sum);
}

// The networks that a router stands between.
std::string network(Family family, int lane, Side side) {
  const int number = side == Side::sink ? 1 : 0;
  if (family == Family::ipv4) return fmt::format("198.{}.{}.0/23", 18 + number, 2 * lane);
  return fmt::format("2001:2:{}:{}::/64", number, lane);
}

std::string address(Family family, int lane, Side side, int station) {
  const int number = side == Side::sink ? 1 : 0;
  if (family == Family::ipv4)
    return fmt::format("198.{}.{}.{}", 18 + number, 2 * lane, station + 1);
  return fmt::format("2001:2:{}:{}::{:x}", number, lane, station + 1);
}

void put_macs(bench_frame& frame, const Mac& source, const Mac& destination) {
  std::copy_n(destination.bytes.begin(), 6, frame.bytes);
  std::copy_n(source.bytes.begin(), 6, frame.bytes + 6);
}

bench_frame ipv6_frame_between(int lane, int number) {
  bench_frame frame{};
  ip6_hdr ip{};
  ip.ip6_flow = htonl(6u << 28);
  ip.ip6_plen = htons(BENCH_IPV6_FRAME_LENGTH - ETH_HLEN - sizeof ip);
  ip.ip6_nxt = IPPROTO_UDP;
  ip.ip6_hlim = 64;
  inet_pton(AF_INET6, address(Family::ipv6, lane, Side::generator, number).c_str(), &ip.ip6_src);
  inet_pton(AF_INET6, address(Family::ipv6, lane, Side::sink, number).c_str(), &ip.ip6_dst);
  udphdr udp{};
  udp.source = htons(uint16_t(BENCH_STATION_PORT + number));
  udp.dest = htons(BENCH_UDP_PORT);
  udp.len = ip.ip6_plen;
  const uint32_t pseudo = uint32_t(ip.ip6_plen) + htons(IPPROTO_UDP) +
                          uint16_t(~checksum(&ip.ip6_src, 2 * sizeof ip.ip6_src));
  udp.check = checksum(&udp, sizeof udp, pseudo);  // the payload is 0
  frame.bytes[12] = 0x86, frame.bytes[13] = 0xdd;
  std::copy_n(reinterpret_cast<uint8_t*>(&ip), sizeof ip, frame.bytes + ETH_HLEN);
  std::copy_n(reinterpret_cast<uint8_t*>(&udp), sizeof udp, frame.bytes + ETH_HLEN + sizeof ip);
  return frame;
}

// One frame of an experimental EtherType from every station of the side, out of the lane's end.
Result<> say_something(const Netns& netns, int lane, Side side) {
  Inside inside = TRY(Inside::enter(netns));
  std::string end = side == Side::sink ? Bed::sink_end(lane) : Bed::generator_end(lane);
  Fd socket{::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)};  // protocol 0: it is no tap
  if (!socket) return errno_error("packet socket");
  sockaddr_ll to{.sll_family = AF_PACKET, .sll_ifindex = int(if_nametoindex(end.c_str()))};
  Side other = side == Side::sink ? Side::generator : Side::sink;
  for (int i = 0; i < kStations; ++i) {
    uint8_t frame[ETH_ZLEN] = {};
    Mac source = station(lane, side, i), destination = station(lane, other, i);
    std::copy_n(destination.bytes.begin(), 6, frame);
    std::copy_n(source.bytes.begin(), 6, frame + 6);
    frame[12] = 0x88, frame[13] = 0xb5;
    if (sendto(socket.get(), frame, sizeof frame, 0, reinterpret_cast<sockaddr*>(&to), sizeof to) <
        0)
      return errno_error("send on " + end);
  }
  return {};
}

}  // namespace

Mac station(int lane, Side side, int number) {
  return Mac{{0x02, 0x00, uint8_t(lane), uint8_t(side == Side::sink ? 1 : 0), uint8_t(number >> 8),
              uint8_t(number)}};
}

bench_frame frame_between(int lane, int number, Family family) {
  Mac destination = station(lane, Side::sink, number);
  if (family == Family::ipv4)
    return frame_to(lane, number, destination,
                    0xc6130000 + uint32_t(lane << 9) + uint32_t(number) + 1);  // 198.19/16
  bench_frame frame = ipv6_frame_between(lane, number);
  put_macs(frame, station(lane, Side::generator, number), destination);
  return frame;
}

bench_frame frame_to(int lane, int number, const Mac& destination, std::uint32_t address) {
  bench_frame frame{};
  put_macs(frame, station(lane, Side::generator, number), destination);
  frame.bytes[12] = 0x08;  // IPv4
  iphdr ip{};
  ip.version = 4;
  ip.ihl = 5;
  ip.tot_len = htons(BENCH_FRAME_LENGTH - ETH_HLEN);
  ip.ttl = 64;
  ip.protocol = IPPROTO_UDP;
  ip.saddr = htonl(0xc6120000 + uint32_t(lane << 9) + uint32_t(number) + 1);  // 198.18/16
  ip.daddr = htonl(address);
  ip.check = checksum(&ip, sizeof ip);
  udphdr udp{};
  udp.source = htons(uint16_t(BENCH_STATION_PORT + number));
  udp.dest = htons(BENCH_UDP_PORT);
  udp.len = htons(BENCH_FRAME_LENGTH - ETH_HLEN - sizeof ip);  // check stays 0: none
  std::copy_n(reinterpret_cast<uint8_t*>(&ip), sizeof ip, frame.bytes + ETH_HLEN);
  std::copy_n(reinterpret_cast<uint8_t*>(&udp), sizeof udp, frame.bytes + ETH_HLEN + sizeof ip);
  return frame;
}

Result<IfIndex> index_of(const Netns& netns, const std::string& device) {
  Inside inside = TRY(Inside::enter(netns));
  IfIndex index = if_nametoindex(device.c_str());
  if (!index) return errno_error("device " + device + " in " + netns.name());
  return index;
}

Result<Bed> Bed::create(int lanes) {
  static int beds = 0;
  std::string prefix = "tnabench" + std::to_string(getpid()) + "-" + std::to_string(beds++) + "-";
  Netns generator = TRY(Netns::create(prefix + "gen"));
  Netns sink = TRY(Netns::create(prefix + "sink"));
  Netns dut = TRY(Netns::create(prefix + "dut"));

  std::string dut_lines = "link add br0 type bridge\nlink set br0 up\n", generator_lines,
              sink_lines;
  for (int lane = 0; lane < lanes; ++lane) {
    std::string in = port_in(lane), out = port_out(lane);
    dut_lines += "link add " + in + " type veth peer name " + generator_end(lane) + " netns " +
                 generator.name() + "\nlink add " + out + " type veth peer name " + sink_end(lane) +
                 " netns " + sink.name() + "\n";
    for (const std::string& port : {in, out}) dut_lines += "link set " + port + " master br0 up\n";
    generator_lines += "link set " + generator_end(lane) + " up\n";
    sink_lines += "link set " + sink_end(lane) + " up\n";
  }
  TRY(ip_batch(dut, dut_lines));
  TRY(ip_batch(generator, generator_lines));
  TRY(ip_batch(sink, sink_lines));

  return Bed(std::move(generator), std::move(dut), std::move(sink), lanes);
}

Result<> Bed::make_router(Family family, std::optional<Side> bridged) const {
  std::string lines;
  for (int lane = 0; lane < lanes_; ++lane) {
    const std::string in = bridged == Side::generator ? "br0" : port_in(lane);
    const std::string out = bridged == Side::sink ? "br0" : port_out(lane);
    for (const std::string& device : {in, out})
      if (device != "br0") lines += "link set " + device + " nomaster\n";
    lines += "link set " + in + " address " + to_string(router_mac(lane)) + "\naddr add 192.0.2." +
             std::to_string(2 * lane + 1) + "/32 dev " + in + "\naddr add 192.0.2." +
             std::to_string(2 * lane + 2) + "/32 dev " + out + "\n";
    for (auto [side, device] : {std::pair{Side::generator, in}, {Side::sink, out}}) {
      lines += "route add " + network(family, lane, side) + " dev " + device + "\n";
      for (int i = 0; i < kStations; ++i)
        lines += "neigh add " + address(family, lane, side, i) + " lladdr " +
                 to_string(station(lane, side, i)) + " dev " + device + " nud permanent\n";
    }
  }
  TRY(ip_batch(dut_, lines));
  TRY(in_dut(family == Family::ipv4 ? "sysctl -qw net.ipv4.ip_forward=1"
                                    : "sysctl -qw net.ipv6.conf.all.forwarding=1"));
  return {};
}

Result<> Bed::make_home_router(const std::string& home, const std::string& world) const {
  TRY(ip_batch(dut_, "link set " + port_in(0) + " nomaster\nlink set " + port_out(0) +
                         " nomaster\naddr add " + home + ".1/24 dev " + port_in(0) + "\naddr add " +
                         world + ".1/24 dev " + port_out(0) + "\n"));
  TRY(ip_batch(generator_, "addr add " + home + ".2/24 dev " + generator_end(0) +
                               "\nroute add default via " + home + ".1\n"));
  TRY(ip_batch(sink_, "addr add " + world + ".2/24 dev " + sink_end(0) + "\n"));
  TRY(in_dut("sysctl -qw net.ipv4.ip_forward=1"));
  return {};
}

Result<> Bed::add_routes(int count) const {
  std::string lines;
  for (int i = 0; i < count; ++i) lines += "route add " + route(i) + " " + way(i) + "\n";
  return ip_batch(dut_, lines);
}

std::string Bed::route(int number) {
  const std::uint32_t net = behind_route(number);
  return fmt::format("{}.{}.{}.0/24", net >> 24, net >> 16 & 0xff, net >> 8 & 0xff);
}

std::string Bed::way(int number) {
  return "via " + address(Family::ipv4, 0, Side::sink, number % kStations) + " onlink dev " +
         port_out(0);
}

void Bed::keep() {
  for (Netns* netns : {&generator_, &dut_, &sink_}) netns->keep();
}

Result<> Bed::speak() const {
  for (int lane = 0; lane < lanes_; ++lane) {
    TRY(say_something(sink_, lane, Side::sink));
    TRY(say_something(generator_, lane, Side::generator));
  }
  return {};
}

Result<> Bed::add_quiet_ports(int count) const {
  std::string lines, peer_lines;
  for (int i = 100; i < 100 + count; ++i) {
    std::string port = "p" + std::to_string(i), peer = "q" + std::to_string(i);
    lines += "link add " + port + " type veth peer name " + peer + " netns " + generator_.name() +
             "\nlink set " + port + " master br0 up\n";
    peer_lines += "link set " + peer + " up\n";
  }
  TRY(ip_batch(dut_, lines));
  return ip_batch(generator_, peer_lines);
}

Result<> Bed::add_quiet_stations(int count) const {
  std::string lines;
  for (int i = 0; i < count; ++i) {
    Mac mac{{0x02, 0xff, 0, uint8_t(i >> 16), uint8_t(i >> 8), uint8_t(i)}};
    lines += "fdb add " + to_string(mac) + " dev " + port_out(0) + " master dynamic\n";
  }
  TRY(run({"bridge", "-n", dut_.name(), "-batch", "-"}, lines));
  return {};
}

Result<std::string> Bed::in_dut(const std::string& command_line) const {
  Inside inside = TRY(Inside::enter(dut_));
  std::istringstream words(command_line);
  Arguments command;
  for (std::string word; words >> word;) command.push_back(word);
  return run(command);
}

Result<int> Bed::fdb_entries() const {
  std::string shown = TRY(in_dut("bridge fdb show br br0"));
  return int(std::count(shown.begin(), shown.end(), '\n'));
}

}  // namespace tna::bench
