// SPDX-License-Identifier: Apache-2.0
// Parts of a RuleSet as text, with the names that nft gives them.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/netfilter.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

#include "rules/rule_set.h"

namespace tna {
namespace {

constexpr const char* kFields[] = {
    "link",          "network",       "transport", "meta nfproto", "meta l4proto",
    "meta protocol", "meta length",   "meta mark", "iif",          "oif",
    "iifname",       "oifname",       "iiftype",   "oiftype",      "iifgroup",
    "oifgroup",      "port iif",      "port oif",  "port iifname", "port oifname",
    "port iifgroup", "port oifgroup", "ibrname",   "obrname",      "bridged",
    "meta pkttype",  "daddr type",    "ct state",  "ct status",    "ct mark",
    "ct direction",
};
static_assert(std::size(kFields) == static_cast<std::size_t>(Field::count));

struct Part {
  Field field;
  int offset, length;
  const char* name;
};
constexpr Part kParts[] = {
    {Field::link, 0, 6, "ether daddr"},    {Field::link, 6, 6, "ether saddr"},
    {Field::link, 12, 2, "ether type"},    {Field::network, 12, 4, "ip saddr"},
    {Field::network, 16, 4, "ip daddr"},   {Field::network, 8, 16, "ip6 saddr"},
    {Field::network, 24, 16, "ip6 daddr"}, {Field::network, 12, 8, "ip saddr . daddr"},
    {Field::network, 9, 1, "ip protocol"}, {Field::transport, 0, 2, "th sport"},
    {Field::transport, 2, 2, "th dport"},  {Field::transport, 13, 1, "tcp flags"},
};

std::string name_of(const Operand& operand) {
  for (const Part& part : kParts)
    if (part.field == operand.field && part.offset == operand.offset &&
        part.length == operand.length)
      return part.name;
  std::string name = to_string(operand.field);
  if (operand.field == Field::link || operand.field == Field::network ||
      operand.field == Field::transport)
    name += "[" + std::to_string(operand.offset) + "," + std::to_string(operand.length) + "]";
  return name;
}

std::string hex(const Octets& octets) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text = "0x";
  for (std::uint8_t octet : octets) {
    text += kDigits[octet >> 4];
    text += kDigits[octet & 15];
  }
  return text;
}

std::string address(const Octets& octets) {
  char text[INET6_ADDRSTRLEN];
  return ::inet_ntop(octets.size() == 4 ? AF_INET : AF_INET6, octets.data(), text, sizeof text);
}

bool is_address(const Operand& operand) {
  bool v4 = operand.length == 4 && (operand.offset == 12 || operand.offset == 16);
  bool v6 = operand.length == 16 && (operand.offset == 8 || operand.offset == 24);
  return operand.field == Field::network && (v4 || v6);
}

std::uint64_t big_endian(const Octets& octets) {
  std::uint64_t number = 0;
  for (std::uint8_t octet : octets) number = number << 8 | octet;
  return number;
}

std::uint64_t as_kept(const Octets& octets) {
  std::uint64_t number = 0;
  std::memcpy(&number, octets.data(), octets.size());
  return number;
}

std::string value(const Operand& operand, const Octets& octets) {
  switch (operand.field) {
    case Field::iifname:
    case Field::oifname:
    case Field::port_iifname:
    case Field::port_oifname:
    case Field::ibrname:
    case Field::obrname:
      return "\"" + std::string(octets.begin(), std::ranges::find(octets, 0)) +
             (std::ranges::find(octets, 0) == octets.end() ? "*\"" : "\"");
    case Field::network:
      if (is_address(operand)) return address(octets);
      break;
    case Field::transport:
      return octets.size() <= 2 ? std::to_string(big_endian(octets)) : hex(octets);
    case Field::link:
      break;
    default:
      if (octets.size() > 4 || !operand.then.empty()) break;
      return std::to_string(operand.field == Field::protocol ? big_endian(octets)
                                                             : as_kept(octets));
  }
  return hex(octets);
}

std::string to_text(const Operand& operand) {
  std::string text = name_of(operand);
  for (const Transform& transform : operand.then) {
    if (auto* mask = std::get_if<Mask>(&transform)) {
      text += " & " + hex(mask->keep);
      if (std::ranges::any_of(mask->flip, [](std::uint8_t bits) { return bits; }))
        text += " ^ " + hex(mask->flip);
    } else if (auto* shift = std::get_if<Shift>(&transform)) {
      text += (shift->left ? " << " : " >> ") + std::to_string(shift->bits);
    } else {
      text += " swapped";
    }
  }
  return text;
}

std::string text_of(const Test& test) {
  std::string text = to_text(test.of) + (test.inside ? " " : " != ");
  for (std::size_t i = 0; i < test.in.size(); ++i) {
    const auto& [low, high] = test.in[i];
    text += i ? ", " : "";
    text += value(test.of, low);
    if (low != high) text += "-" + value(test.of, high);
  }
  return text;
}

std::string text_of(const Lookup& lookup) {
  std::string text;
  for (const Operand& operand : lookup.key) text += (text.empty() ? "" : " . ") + to_text(operand);
  return text + (lookup.verdicts ? " vmap @" : lookup.inside ? " @" : " != @") + lookup.set;
}

std::string text_of(const Count&) {
  return "counter";
}

std::string text_of(const SetMark& mark) {
  std::string text = "meta mark set ";
  if (mark.keep)
    text += fmt::format("meta mark & {:#010x} ^ {:#010x}", mark.keep, mark.value);
  else if (mark.value || !mark.from)
    text += std::to_string(mark.value);
  if (mark.from) text += (text.ends_with(' ') ? "" : " ^ ") + to_text(*mark.from);
  return text;
}

std::string text_of(const SetZone& set) {
  const char* direction = set.original && set.reply ? "" : set.original ? "original " : "reply ";
  return fmt::format("ct {}zone set {}", direction, set.zone);
}

std::string text_of(const Write& write) {
  const bool v4 = write.family == NFPROTO_IPV4;
  const std::string of = write.offset == (v4 ? 8 : 7)
                             ? (v4 ? "ip ttl" : "ip6 hoplimit")
                             : fmt::format("{}[{},1]", v4 ? "ip" : "ip6", write.offset);
  if (write.more) return fmt::format("{} set {} {:+}", of, of, write.more);
  if (!write.keep) return fmt::format("{} set {}", of, write.flip);
  return fmt::format("{} set {} & {:#04x} ^ {:#04x}", of, of, write.keep, write.flip);
}

std::string text_of(const Verdict& verdict) {
  constexpr const char* kDecisions[] = {"accept", "drop",  "continue",  "return",
                                        "jump ",  "goto ", "to Linux: "};
  return kDecisions[static_cast<int>(verdict.decision)] + verdict.chain;
}

}  // namespace

const char* to_string(Field field) {
  return kFields[static_cast<std::size_t>(field)];
}

const char* to_string(RuleHook hook) {
  constexpr const char* kHooks[] = {"ingress", "prerouting",  "input", "forward",
                                    "output",  "postrouting", "egress"};
  return kHooks[static_cast<std::size_t>(hook)];
}

std::string to_text(const Step& step) {
  return std::visit([](const auto& each) { return text_of(each); }, step);
}

const char* table_family_name(std::uint8_t family) {
  switch (family) {
    case NFPROTO_IPV4:
      return "ip";
    case NFPROTO_IPV6:
      return "ip6";
    case NFPROTO_INET:
      return "inet";
    case NFPROTO_BRIDGE:
      return "bridge";
    case NFPROTO_NETDEV:
      return "netdev";
    default:
      return "arp";
  }
}

}  // namespace tna
