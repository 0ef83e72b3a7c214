// SPDX-License-Identifier: Apache-2.0
// Connections as ctnetlink makes them, from A to B, and rules that ask for them.
#pragma once

#include <arpa/inet.h>

#include <cstdio>
#include <span>
#include <string>

#include "capabilities/probe_netfilter.h"
#include "daemon/rule_keeper.h"
#include "fpm/must.h"
#include "fpm/routing.h"

namespace tna::test {

inline constexpr char kFollow[] =
    "table inet t { chain c { type filter hook forward priority 0; "
    "ct state established accept; drop; }; }";

inline constexpr char kTranslate[] =
    "table inet t { chain s { type nat hook postrouting priority 100; "
    "ip daddr 203.0.113.1 masquerade; ip6 daddr 2001:db8:a::1 masquerade; }; "
    "chain d { type nat hook prerouting priority -100; }; }";

// What a command says.
inline std::string answer(const std::string& command) {
  FILE* pipe = ::popen(command.c_str(), "r");
  std::string text;
  for (char line[256]; pipe && std::fgets(line, sizeof line, pipe);) text += line;
  if (pipe) ::pclose(pipe);
  return text;
}

class Connections : public Routing {
 protected:
  // A program for these rules; `nat`: as the kernel's hooks say, unless it is off.
  void nft(const std::string& rules, bool nat = true) {
    configure("nft -f - <<'END'\nflush ruleset\n" + rules + "\nEND");
    follow(nat);
  }
  // For those that stand there.
  void follow(bool nat = true) {
    NetfilterState state = must(probe_netfilter(Shared::get().memory(), Shared::get().symbols()));
    ASSERT_TRUE(state.connections_shown);
    keeper_ = {};
    keeper_.follow(state);
    const Firewall& firewall = keeper_.firewall();
    tna_const constants{.route4 = 1, .route6 = 1};
    constants.conntrack4 = constants.conntrack6 = 1;
    constants.nat = nat;
    constants.counts = counts_;
    constants.rules4 = firewall.can_judge(4);
    constants.rules6 = firewall.can_judge(6);
    constants.rules_devices = firewall.rules && firewall.rules->devices;
    constants.zones4 = firewall.rules && !firewall.rules->zones4.empty();
    constants.zones6 = firewall.rules && !firewall.rules->zones6.empty();
    load(constants, firewall);
  }
  static std::string entry(const std::string& protocol, const std::string& more = "") {
    return "conntrack -I -s 192.0.2.1 -d 192.0.2.2 -p " + protocol +
           " --sport 4242 --dport 4243 -t 100 -u SEEN_REPLY,ASSURED " + more + " >/dev/null\n";
  }
  static std::string entry6(const std::string& more = "") {
    return "conntrack -I -s 2001:db8::1 -d 2001:db8::2 -p udp --sport 4242 --dport 4243 -t 100 "
           "-u SEEN_REPLY,ASSURED " +
           more + " >/dev/null\n";
  }
  int timeout() {
    return std::stoi(answer("conntrack -L -p udp 2>/dev/null | awk '{ print $3 }'"));
  }
  Bytes tcp(std::uint8_t flags, std::uint8_t words = 5) {
    Bytes header(20);
    header[0] = 4242 >> 8, header[1] = 4242 & 255, header[2] = 4243 >> 8, header[3] = 4243 & 255;
    header[12] = words << 4, header[13] = flags;
    return (to_router() / IPv4{.protocol = IPPROTO_TCP} / Payload{.bytes = header}).padded();
  }
  // The frame that went on has these addresses and ports, and checksums that are right.
  void expect_left(const std::string& source, std::uint16_t sport, const std::string& destination,
                   std::uint16_t dport, std::size_t size) {
    const bool v4 = source.find(':') == std::string::npos;
    const std::span<const std::uint8_t> ip = std::span(path().left()).subspan(14);
    const std::size_t header = v4 ? 20 : 40, address = v4 ? 4 : 16, first = v4 ? 12 : 8;
    char text[INET6_ADDRSTRLEN];
    const int family = v4 ? AF_INET : AF_INET6;
    EXPECT_EQ(inet_ntop(family, ip.data() + first, text, sizeof text), source);
    EXPECT_EQ(inet_ntop(family, ip.data() + first + address, text, sizeof text), destination);
    const auto udp = ip.subspan(header, 8 + size);
    EXPECT_EQ(udp[0] << 8 | udp[1], sport);
    EXPECT_EQ(udp[2] << 8 | udp[3], dport);
    if (v4) {
      EXPECT_EQ(internet_checksum(ip.first(20)), 0);
    }
    Bytes pseudo(ip.begin() + first, ip.begin() + first + 2 * address);
    pseudo.insert(pseudo.end(), {0, IPPROTO_UDP, udp[4], udp[5]});
    pseudo.insert(pseudo.end(), udp.begin(), udp.end());
    EXPECT_EQ(internet_checksum(pseudo), 0);
  }
  RuleKeeper keeper_;
  bool counts_ = false;  // programs count connections that Linux counts
};
}  // namespace tna::test
