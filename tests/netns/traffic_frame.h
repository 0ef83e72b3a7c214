// SPDX-License-Identifier: Apache-2.0
// Test frames: every one carries its number and the time when it was made, so that whoever catches
// it can tell whether it was lost, doubled, altered or sent too late.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/net_types.h"
#include "base/result.h"

namespace tna::traffic {

struct FrameSpec {
  Mac from, to;
  std::uint16_t ethertype =
      0x0800;  // IPv4 and IPv6 get headers and UDP, others carry the stamp alone
  std::optional<std::uint16_t> vlan;
  std::uint32_t ipv4_from = 0xc633640b;  // 198.51.100.11, which no station owns: nobody answers
  std::uint32_t ipv4_to = 0xc6336416;
  std::size_t size = 100;  // from the Ethernet header on, without FCS
};

struct Stamp {
  std::uint64_t number = 0;
  std::uint64_t time = 0;  // CLOCK_MONOTONIC, ns
};

std::uint64_t now();

Result<Mac> parse_mac(const std::string&);

// The bytes of the frame; an error where the size leaves no room for the stamp.
Result<std::vector<std::byte>> build(const FrameSpec&);

// Puts the stamp into a frame that build() made.
void put_stamp(std::span<std::byte> frame, const Stamp&);

// The stamp within any bytes (a frame, a captured packet), if it is one of ours.
std::optional<Stamp> find_stamp(std::span<const std::byte>);

}  // namespace tna::traffic
