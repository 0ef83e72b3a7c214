// SPDX-License-Identifier: Apache-2.0
// Packets as they are said: Ethernet{.dst = b, .src = a} / IPv4{} / Udp{} / Payload{100}. What a
// layer can know from those around it (EtherType, protocol, lengths, checksums) is right unless it
// is given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/net_types.h"

namespace tna::test {

using Bytes = std::vector<std::uint8_t>;

// "02:00:00:00:00:0a"; throws where it is no MAC.
Mac mac(const std::string& text);

struct Ethernet {
  Mac dst, src;
  std::optional<std::uint16_t> type{};
};
struct Vlan {
  std::uint16_t id = 1;
  std::uint16_t tpid = 0x8100;
  std::optional<std::uint16_t> type{};
};
struct IPv4 {
  std::uint8_t version = 4, ihl = 5;  // ihl above 5: options that do nothing
  std::optional<std::uint16_t> total_length{}, checksum{};
  std::optional<std::uint8_t> protocol{};
};
struct IPv6 {
  std::uint8_t version = 6;
  std::optional<std::uint16_t> payload_length{};
  std::optional<std::uint8_t> next_header{};
};
struct Udp {
  std::uint16_t source_port = 4242, destination_port = 4243;
  std::optional<std::uint16_t> checksum{};
};
struct Icmpv6 {
  std::uint8_t type = 128;  // echo request
};
// Bytes that count up, or that are given.
struct Payload {
  std::size_t size = 0;
  Bytes bytes{};
};

using Layer = std::variant<Ethernet, Vlan, IPv4, IPv6, Udp, Icmpv6, Payload>;

class Packet {
 public:
  explicit(false) Packet(Ethernet ethernet) : layers_{ethernet} {}
  Packet& add(Layer layer) {
    layers_.push_back(std::move(layer));
    return *this;
  }
  // As it goes over the wire, without FCS. `padded`: to the shortest frame of Ethernet, 60 bytes.
  Bytes bytes() const;
  Bytes padded() const;

 private:
  std::vector<Layer> layers_;
};

inline Packet operator/(Packet packet, Layer layer) {
  return std::move(packet.add(std::move(layer)));
}
inline Packet operator/(Ethernet ethernet, Layer layer) {
  return std::move(Packet(ethernet).add(std::move(layer)));
}

// The Internet checksum (RFC 1071) of the bytes, with a sum of others.
std::uint16_t internet_checksum(std::span<const std::uint8_t> bytes, std::uint32_t sum = 0);

}  // namespace tna::test
