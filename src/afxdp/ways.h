// SPDX-License-Identifier: Apache-2.0
// Ways: where Linux would send a packet of this host's own, for those that leave by one interface.
// Asked of the kernel's FIB and neighbour table once, and anew after anything of them has changed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>

#include "base/fd.h"
#include "base/result.h"

namespace tna {

// An IP packet, by its first bytes.
struct IpHeader {
  int version = 0;                                    // 4, 6
  std::array<std::byte, 16> source{}, destination{};  // an IPv4 address: the first four
  std::size_t length = 0;                             // of the whole packet
  std::size_t address_bytes() const { return version == 4 ? 4 : 16; }
  friend auto operator<=>(const IpHeader&, const IpHeader&) = default;
};

// From `ip` on, which may be longer than the packet; false: it is none, or it ends before.
bool read_ip(std::span<const std::byte> ip, IpHeader&);

struct Way {
  std::array<std::byte, 6> neighbour, own;  // MACs
  std::size_t mtu = 0;                      // bytes of an IP packet
};

class Ways {
 public:
  static Result<Ways> open(int ifindex);

  // To be called before each batch of packets: what has changed is asked for anew.
  void look_for_changes();
  // nullptr: another way, or one that is not known now, or Linux has to see to the neighbour.
  const Way* find(const IpHeader&);

 private:
  using Addresses = std::pair<std::array<std::byte, 16>, std::array<std::byte, 16>>;
  struct Known {
    bool here = false;  // the way leads out of the interface, to a neighbour that is known
    bool linux_next = false;
    Way way{};
  };

  Ways(Fd changes, Fd asked, int ifindex)
      : changes_(std::move(changes)), asked_(std::move(asked)), ifindex_(ifindex) {}
  Known ask(const IpHeader&);
  // What rtnetlink says to it; empty: nothing that is of use.
  std::span<const std::byte> answer(std::span<std::byte> request);

  Fd changes_, asked_;
  int ifindex_;
  std::uint32_t sequence_ = 0;
  std::map<Addresses, Known> known_[2];  // IPv4, IPv6
  alignas(8) std::array<std::byte, 8192> buffer_;
};

}  // namespace tna
