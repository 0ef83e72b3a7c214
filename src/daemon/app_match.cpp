// SPDX-License-Identifier: Apache-2.0
#include "daemon/app_match.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <charconv>
#include <cstring>
#include <optional>
#include <set>
#include <sstream>

namespace tna {
namespace {

struct Protocol {
  const char* name;
  std::uint8_t number;
  bool ports;
};
constexpr Protocol kProtocols[] = {
    {"udp", IPPROTO_UDP, true},         {"tcp", IPPROTO_TCP, true},
    {"sctp", IPPROTO_SCTP, true},       {"dccp", IPPROTO_DCCP, true},
    {"udplite", IPPROTO_UDPLITE, true}, {"icmp", IPPROTO_ICMP, false},
    {"icmpv6", IPPROTO_ICMPV6, false},  {"esp", IPPROTO_ESP, false},
    {"gre", IPPROTO_GRE, false},
};

const Protocol* protocol_named(const std::string& name) {
  for (const Protocol& each : kProtocols)
    if (each.name == name) return &each;
  return nullptr;
}

std::optional<unsigned> number_of(std::string_view text, unsigned most) {
  unsigned number = 0;
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size() || number > most) return {};
  return number;
}

class Parser {
 public:
  explicit Parser(const std::string& text) : words_(text) {
    match_.packet.any_protocol = 1;
    match_.packet.sport_high = match_.packet.dport_high = 0xffff;
  }

  Result<AppMatch> run() {
    while (words_ >> word_) TRY(one());
    if (match_.interface.empty())
      return error("the match names no interface: begin with \"iifname NAME\"");
    if (protocol_needed_ && match_.packet.any_protocol)
      return error("the match has ports but no protocol: say \"udp dport\" or \"meta l4proto\"");
    return std::move(match_);
  }

 private:
  Result<> one() {
    const std::string key = word_;
    if (key == "iifname" || key == "iif") return interface();
    if (key == "ip" || key == "ip6") return address(key == "ip" ? 4 : 6);
    if (key == "vlan") return vlan();
    if (key == "meta") return meta();
    if (key == "th") return port(nullptr);
    const Protocol* protocol = protocol_named(key);
    if (protocol && protocol->ports) return port(protocol);
    return error("\"" + key +
                 "\": not known in a match: iifname, ip, ip6, udp, tcp, sctp, th, "
                 "meta l4proto and vlan id are");
  }

  Result<std::string> next(const std::string& what) {
    if (!(words_ >> word_)) return error("the match ends where " + what + " should follow");
    return word_;
  }
  Result<> once(const std::string& what) {
    if (!said_.insert(what).second) return error("\"" + what + "\" is said twice");
    return {};
  }

  Result<> interface() {
    TRY(once("iifname"));
    std::string name = TRY(next("an interface"));
    if (name.size() > 2 && name.front() == '"' && name.back() == '"')
      name = name.substr(1, name.size() - 2);
    if (name.find_first_of("*\"") != std::string::npos)
      return error("\"" + name + "\": applications ask for one interface, by its whole name");
    match_.interface = name;
    return {};
  }

  Result<> version(std::uint8_t version) {
    if (match_.packet.version && match_.packet.version != version)
      return error("the match asks for IPv4 and IPv6 at once");
    match_.packet.version = version;
    return {};
  }

  Result<> protocol(std::uint8_t number) {
    tna_app& packet = match_.packet;
    if (!packet.any_protocol && packet.protocol != number)
      return error("the match asks for two protocols at once");
    packet.any_protocol = 0;
    packet.protocol = number;
    return {};
  }

  Result<> address(std::uint8_t family) {
    const std::string of = family == 4 ? "ip" : "ip6";
    const std::string side = TRY(next("saddr or daddr"));
    TRY(version(family));
    if (side == "protocol" && family == 4) return named_protocol("ip protocol");
    if (side != "saddr" && side != "daddr")
      return error("\"" + of + " " + side + "\": saddr and daddr are known");
    TRY(once(of + " " + side));
    const std::string text = TRY(next("an address"));
    const std::size_t slash = text.find('/');
    const unsigned most = family == 4 ? 32 : 128;
    std::uint8_t bytes[16] = {}, mask[16] = {};
    const auto bits =
        slash == std::string::npos ? std::optional(most) : number_of(text.substr(slash + 1), most);
    if (!bits ||
        ::inet_pton(family == 4 ? AF_INET : AF_INET6, text.substr(0, slash).c_str(), bytes) != 1)
      return error("\"" + text + "\": no address or prefix of " + of);
    for (unsigned bit = 0; bit < *bits; ++bit) mask[bit / 8] |= 0x80 >> bit % 8;
    tna_app& packet = match_.packet;
    std::memcpy(side == "saddr" ? packet.saddr : packet.daddr, bytes, sizeof bytes);
    std::memcpy(side == "saddr" ? packet.saddr_mask : packet.daddr_mask, mask, sizeof mask);
    return {};
  }

  Result<> port(const Protocol* of) {
    const std::string side = TRY(next("sport or dport"));
    if (side != "sport" && side != "dport")
      return error("\"" + (of ? of->name : std::string("th")) + " " + side +
                   "\": sport and dport are known");
    TRY(once(side));
    if (of) TRY(protocol(of->number));
    protocol_needed_ = true;
    const std::string text = TRY(next("a port"));
    const std::size_t dash = text.find('-');
    const auto low = number_of(text.substr(0, dash), 0xffff);
    const auto high = dash == std::string::npos ? low : number_of(text.substr(dash + 1), 0xffff);
    if (!low || !high || *low > *high) return error("\"" + text + "\": no port, nor ports FROM-TO");
    tna_app& packet = match_.packet;
    (side == "sport" ? packet.sport_low : packet.dport_low) = static_cast<std::uint16_t>(*low);
    (side == "sport" ? packet.sport_high : packet.dport_high) = static_cast<std::uint16_t>(*high);
    return {};
  }

  Result<> named_protocol(const std::string& what) {
    TRY(once(what));
    const std::string text = TRY(next("a protocol"));
    if (const Protocol* known = protocol_named(text)) return protocol(known->number);
    const auto number = number_of(text, 255);
    if (!number) return error("\"" + text + "\": no protocol");
    return protocol(static_cast<std::uint8_t>(*number));
  }

  Result<> meta() {
    const std::string key = TRY(next("l4proto"));
    if (key != "l4proto") return error("\"meta " + key + "\": only meta l4proto is known");
    return named_protocol("meta l4proto");
  }

  Result<> vlan() {
    TRY(next("id"));
    if (word_ != "id") return error("\"vlan " + word_ + "\": only vlan id is known");
    TRY(once("vlan id"));
    const std::string text = TRY(next("a VLAN"));
    const auto number = number_of(text, 4094);
    if (!number || !*number) return error("\"" + text + "\": no VLAN (1 to 4094)");
    match_.packet.vlan = static_cast<std::uint16_t>(*number);
    return {};
  }

  std::istringstream words_;
  std::string word_;
  std::set<std::string> said_;
  bool protocol_needed_ = false;
  AppMatch match_;
};

}  // namespace

Result<AppMatch> parse_app_match(const std::string& text) {
  return Parser(text).run();
}

}  // namespace tna
