// SPDX-License-Identifier: Apache-2.0
// xtables.h: what the readers of xtables' matches have in common, for from_xtables.cpp alone.
#pragma once

#include <cstring>
#include <utility>

#include "rules/from_nft.h"

namespace tna::xtables {

using Steps = std::optional<std::vector<Step>>;  // nothing: the match has no form
using Reader = Steps (*)(const nft::Extension&, std::uint8_t family);

// Of the packet: xtables_packet.cpp.
Steps addrtype(const nft::Extension&, std::uint8_t family);
Steps tcp(const nft::Extension&, std::uint8_t family);
Steps udp(const nft::Extension&, std::uint8_t family);
Steps multiport(const nft::Extension&, std::uint8_t family);
Steps icmp(const nft::Extension&, std::uint8_t family);
Steps icmp6(const nft::Extension&, std::uint8_t family);
Steps iprange(const nft::Extension&, std::uint8_t family);
Steps mac(const nft::Extension&, std::uint8_t family);
Steps length(const nft::Extension&, std::uint8_t family);
Steps physdev(const nft::Extension&, std::uint8_t family);
Steps pkttype(const nft::Extension&, std::uint8_t family);
Steps dscp(const nft::Extension&, std::uint8_t family);
Steps tos(const nft::Extension&, std::uint8_t family);
Steps ecn(const nft::Extension&, std::uint8_t family);
Steps devgroup(const nft::Extension&, std::uint8_t family);
Steps ttl(const nft::Extension&, std::uint8_t family);
Steps hl(const nft::Extension&, std::uint8_t family);
// Of its mark and its connection: xtables_flow.cpp.
Steps mark(const nft::Extension&, std::uint8_t family);
Steps connmark(const nft::Extension&, std::uint8_t family);
Steps state(const nft::Extension&, std::uint8_t family);
Steps conntrack(const nft::Extension&, std::uint8_t family);

constexpr std::size_t kAlignment = 8;  // of what the kernel lists

// Nothing where its size is not that structure's, but for the padding.
template <typename T>
std::optional<T> info_of(const nft::Extension& extension) {
  T info;
  const std::size_t size = extension.info.size();
  if (size < sizeof info || size - sizeof info >= kAlignment) return std::nullopt;
  std::memcpy(&info, extension.info.data(), sizeof info);
  return info;
}

inline Octets big_endian(std::uint16_t number) {
  return {static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)};
}
inline Octets as_kept(std::uint32_t number) {
  Octets octets(sizeof number);
  std::memcpy(octets.data(), &number, sizeof number);
  return octets;
}

// A range that ends before it begins has nothing in it.
inline Test between(Operand operand, Octets low, Octets high, bool inverted) {
  Test test{std::move(operand), !inverted, {}};
  if (low <= high) test.in.push_back({std::move(low), std::move(high)});
  return test;
}
inline Test equals(Operand operand, const Octets& value, bool inverted) {
  return between(std::move(operand), value, value, inverted);
}

}  // namespace tna::xtables
