// SPDX-License-Identifier: Apache-2.0
#include "unit/rules_random.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/ip.h>

#include <cstring>

namespace tna {
namespace {

constexpr int kChains = 3, kRules = 12;

}  // namespace

std::string RandomRules::address() {
  return fmt::format("10.0.{}.{}", number(2), number(6));
}

std::string RandomRules::nft_match(const std::string& protocol) {
  const std::string is = one_in(4) ? "!= " : "";
  const std::string end = one_in(2) ? "saddr" : "daddr", side = one_in(2) ? "sport" : "dport";
  switch (number(21)) {
    case 0:
      return fmt::format("ip {} {}{}", end, is, address());
    case 1:
      return fmt::format("ip {} {}10.0.{}.0/{}", end, is, number(2), 22 + number(8));
    case 2:
      return fmt::format("ip {} {}10.0.0.{}-10.0.1.{}", end, is, number(6), number(6));
    case 3:
      return fmt::format("{} {} {}{}", protocol, side, is, port());
    case 4:
      return fmt::format("{} {} {}100-{}", protocol, side, is, 200 + number(300));
    case 5:
      return fmt::format("{} {} {}{}", protocol, side, one_in(2) ? "< " : ">= ", port());
    case 6:
      return fmt::format("meta l4proto {}{}", is, protocol);
    case 7:
      return fmt::format("{} {} {}{{ 100, 200-{} }}", protocol, side, is, 201 + number(250));
    case 8:
      return fmt::format("ip saddr {}@few", is);
    case 9:
      return fmt::format("ip {} {}@nets", end, is);
    case 10:
      return fmt::format("ip saddr . {} dport {}@pairs", protocol, is);
    case 11:
      return fmt::format("ip saddr . {} dport {}@boxes", protocol, is);
    case 12:
      return fmt::format("meta mark {}{}", is, number(4));
    case 13:
      return protocol == "tcp" ? "tcp flags & (syn | ack) == syn" : "udp length 8";
    case 14:
      return fmt::format("ip dscp {}{}", is, number(4));
    case 15:
      return fmt::format("meta length {}{}-40", is, 28 + number(3) * 6);
    case 16:
      return fmt::format("ip ttl {}{}", one_in(2) ? "< " : is, 62 + number(4));
    case 17:
      return fmt::format("meta pkttype {}{}", is, one_in(2) ? "unicast" : "multicast");
    case 18:
      return fmt::format("@th,0,16 {}0x080{}", is, number(3));
    case 19:
      return fmt::format("meta mark & {} {}", 1 + number(3), one_in(2) ? "== 1" : "!= 2");
    default:
      return fmt::format("oifname {}\"{}\"", is, one_in(2) ? "lo" : "l*");
  }
}

// A chain jumps to later ones only.
std::string RandomRules::nft_rule(int chain) {
  const std::string protocol = one_in(2) ? "tcp" : "udp";  // a rule is about one, or ICMP
  std::string rule;
  for (int i = number(3); i >= 0; --i) rule += nft_match(protocol) + " ";
  if (!one_in(3)) rule += "counter ";
  if (one_in(5)) rule += fmt::format("meta mark set {} ", number(4));
  if (one_in(10))
    rule += fmt::format("meta mark set meta mark {} {} ", one_in(2) ? "|" : "&", number(4));
  bool last = chain == kChains;
  switch (number(8)) {
    case 0:
    case 1:
      return rule + "accept";
    case 2:
    case 3:
      return rule + "drop";
    case 4:
      return rule + "return";
    case 5:
      return last ? rule + "drop" : rule + fmt::format("jump c{}", chain + 1);
    case 6:
      return last ? rule + "accept" : rule + fmt::format("goto c{}", chain + 1);
    default:
      return chain ? rule + "drop" : rule + "ip saddr vmap @says";
  }
}

std::string RandomRules::nft(const std::string& family) {
  std::string text = fmt::format(R"(flush ruleset
table {} t {{
  set few {{ type ipv4_addr; elements = {{ 10.0.0.1, 10.0.1.{} }} }}
  set nets {{ type ipv4_addr; flags interval; elements = {{ 10.0.0.0/31, 10.0.0.4-10.0.1.{} }} }}
  set pairs {{ type ipv4_addr . inet_service; elements = {{ 10.0.0.1 . 100, 10.0.1.2 . {} }} }}
  set boxes {{ type ipv4_addr . inet_service; flags interval;
    elements = {{ 10.0.0.0/30 . 100-300, 10.0.1.{} . 400 }} }}
  map says {{ type ipv4_addr : verdict; elements = {{ 10.0.0.2 : drop, 10.0.1.1 : jump c1, 10.0.1.3 : accept }} }}
)",
                                 family, number(6), number(6), port(), number(6));
  for (int chain = kChains; chain >= 0; --chain) {
    text += fmt::format("  chain c{} {{\n", chain);
    if (!chain)
      text += fmt::format("    type filter hook output priority 0; policy {};\n",
                          one_in(2) ? "drop" : "accept");
    for (int rule = 0; rule < kRules; ++rule) text += "    " + nft_rule(chain) + "\n";
    text += "  }\n";
  }
  return text + "}\n";
}

std::string RandomRules::iptables_match() {
  const std::string is = one_in(4) ? "! " : "", protocol = one_in(2) ? "tcp" : "udp";
  const std::string side = one_in(2) ? "sport" : "dport";
  switch (number(15)) {
    case 0:
      return fmt::format("{}-s {}", is, address());
    case 1:
      return fmt::format("{}-d 10.0.{}.0/{}", is, number(2), 22 + number(8));
    case 2:
      return fmt::format("-p {} -m {} {}--{} {}", protocol, protocol, is, side, port());
    case 3:
      return fmt::format("-p {} -m {} {}--{} 100:{}", protocol, protocol, is, side,
                         200 + number(300));
    case 4:
      return fmt::format("-p {} -m multiport {}--{}s 100,200:{}", protocol, is, side,
                         201 + number(250));
    case 5:
      return fmt::format("-m mark {}--mark {}", is, number(4));
    case 6:
      return fmt::format("-p tcp -m tcp {}--tcp-flags SYN,ACK SYN", is);
    case 7:
      return fmt::format("-m iprange {}--{}-range 10.0.0.{}-10.0.1.{}", is,
                         one_in(2) ? "src" : "dst", number(6), number(6));
    case 8:
      return fmt::format("-m length {}--length {}:{}", is, 28 + number(2), 28 + number(13));
    case 9:
      return fmt::format("-m pkttype {}--pkt-type {}", is, one_in(2) ? "unicast" : "multicast");
    case 10:
      return fmt::format("-m dscp {}--dscp {}", is, number(4));
    case 11:
      return fmt::format("-m tos {}--tos {}/0x{}", is, 4 * number(4), one_in(2) ? "0f" : "ff");
    case 12:
      return fmt::format("-m ttl --ttl-{} {}",
                         one_in(3)   ? "eq"
                         : one_in(2) ? "lt"
                                     : "gt",
                         62 + number(4));
    case 13:
      return fmt::format("-p icmp -m icmp {}--icmp-type {}", is,
                         one_in(3)   ? "any"
                         : one_in(2) ? fmt::format("8/{}", number(3))
                                     : "8");
    default:
      return fmt::format("{}-o lo -m comment --comment \"of no matter\"", is);
  }
}

std::string RandomRules::iptables_rule(int chain) {
  std::string rule =
      fmt::format("-A {} {} ", chain ? fmt::format("c{}", chain) : "OUTPUT", iptables_match());
  bool last = chain == kChains;
  switch (number(7)) {
    case 0:
    case 1:
      return rule + "-j ACCEPT";
    case 6:
      return rule + fmt::format("-j MARK --set-xmark {}/0x{}", number(4), one_in(2) ? "f" : "2");
    case 2:
      return rule + "-j RETURN";
    case 3:
      return last ? rule + "-j ACCEPT" : rule + fmt::format("-j c{}", chain + 1);
    case 4:
      return last ? rule + "-j DROP" : rule + fmt::format("-g c{}", chain + 1);
    default:
      return rule + "-j DROP";
  }
}

std::string RandomRules::iptables() {
  std::string text = fmt::format("*mangle\n:OUTPUT {} [0:0]\n", one_in(2) ? "DROP" : "ACCEPT");
  for (int chain = 1; chain <= kChains; ++chain) text += fmt::format(":c{} - [0:0]\n", chain);
  for (int chain = 0; chain <= kChains; ++chain)
    for (int rule = 0; rule < kRules; ++rule) text += iptables_rule(chain) + "\n";
  return text + "COMMIT\n";
}

Octets RandomRules::packet() {
  const bool tcp = one_in(2), icmp = !tcp && one_in(4);
  iphdr ip{.version = 4};
  ip.ihl = 5;
  ip.tos = number(4) << 2;
  ip.tot_len = htons(tcp ? 40 : 28);
  ip.id = htons(1);
  ip.ttl = static_cast<std::uint8_t>(62 + number(4));
  ip.protocol = tcp ? IPPROTO_TCP : icmp ? IPPROTO_ICMP : IPPROTO_UDP;
  ip.saddr = htonl(0x0a000000 + number(2) * 256 + number(6));
  ip.daddr = htonl(0x0a000000 + number(2) * 256 + number(6));
  Octets packet(ntohs(ip.tot_len), 0);
  std::memcpy(packet.data(), &ip, sizeof ip);
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < sizeof ip; i += 2) sum += packet[i] << 8 | packet[i + 1];
  sum = (sum & 0xffff) + (sum >> 16);
  sum = ~((sum & 0xffff) + (sum >> 16));
  packet[10] = sum >> 8;
  packet[11] = sum;
  for (std::size_t at : {20, 22}) {
    int port = number(6) * 100;
    packet[at] = port >> 8;
    packet[at + 1] = port;
  }
  if (tcp) {
    packet[32] = 5 << 4;
    packet[33] = number(4) == 0 ? 0x12 : one_in(2) ? 0x02 : 0x10;
  } else if (icmp) {
    packet[20] = one_in(2) ? 8 : 0;
    packet[21] = static_cast<std::uint8_t>(number(3));
  } else {
    packet[25] = 8;
  }
  return packet;
}

}  // namespace tna
