// SPDX-License-Identifier: Apache-2.0
#include "bed.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
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

// The Internet checksum of a header.
uint16_t checksum(const void* header, size_t length) {
  const uint16_t* words = static_cast<const uint16_t*>(header);
  uint32_t sum = 0;
  for (size_t i = 0; i < length / 2; ++i) sum += words[i];
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return uint16_t(~sum);
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

bench_frame frame_between(int lane, int number) {
  return frame_to(lane, number, station(lane, Side::sink, number),
                  0xc6130000 + uint32_t(lane << 9) + uint32_t(number) + 1);  // 198.19/16
}

bench_frame frame_to(int lane, int number, const Mac& destination, std::uint32_t address) {
  bench_frame frame{};
  Mac source = station(lane, Side::generator, number);
  std::copy_n(destination.bytes.begin(), 6, frame.bytes);
  std::copy_n(source.bytes.begin(), 6, frame.bytes + 6);
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
  udp.source = htons(uint16_t(1024 + number));
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

Result<> Bed::make_router() const {
  std::string lines;
  for (int lane = 0; lane < lanes_; ++lane) {
    lines += "link set " + port_in(lane) + " nomaster address " + to_string(router_mac(lane)) +
             "\nlink set " + port_out(lane) + " nomaster\naddr add 192.0.2." +
             std::to_string(2 * lane + 1) + "/32 dev " + port_in(lane) + "\naddr add 192.0.2." +
             std::to_string(2 * lane + 2) + "/32 dev " + port_out(lane) + "\n";
    for (auto [side, device] :
         {std::pair{Side::generator, port_in(lane)}, {Side::sink, port_out(lane)}}) {
      std::string net = (side == Side::sink ? "198.19." : "198.18.") + std::to_string(2 * lane);
      lines += "route add " + net + ".0/23 dev " + device + "\n";
      for (int i = 0; i < kStations; ++i)
        lines += "neigh add " + net + "." + std::to_string(i + 1) + " lladdr " +
                 to_string(station(lane, side, i)) + " dev " + device + " nud permanent\n";
    }
  }
  TRY(ip_batch(dut_, lines));
  TRY(in_dut("sysctl -qw net.ipv4.ip_forward=1"));
  return {};
}

Result<> Bed::add_routes(int count) const {
  std::string lines;
  for (int i = 0; i < count; ++i)  // from 1.0.0.0/24 on
    lines += "route add " + std::to_string(1 + (i >> 16)) + "." + std::to_string(i >> 8 & 0xff) +
             "." + std::to_string(i & 0xff) + ".0/24 via 198.19.0.1 onlink dev " + port_out(0) +
             "\n";
  return ip_batch(dut_, lines);
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
