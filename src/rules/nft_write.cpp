// SPDX-License-Identifier: Apache-2.0
// What `payload set` does, as steps.
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "rules/nft_steps.h"

namespace tna {
namespace {

constexpr std::uint32_t kIpSum = 10;  // the IPv4 header's checksum

// DSCP and ECN, and the TTL; of IPv6 the class of traffic, which lies across two bytes, and the hop
// limit.
bool may_write(const Write& write) {
  const bool v4 = write.family == NFPROTO_IPV4;
  if (write.offset == (v4 ? 8 : 7)) return true;
  if (v4) return write.offset == 1;
  const std::uint8_t others = write.offset ? 0x0f : 0xf0;
  return write.offset < 2 && (write.keep & others) == others && !(write.flip & others);
}

}  // namespace

std::optional<std::vector<Step>> writes(const nft::SetPayload& set,
                                        const HeldRegisters& registers) {
  const bool v4 = set.sum_type == NFT_PAYLOAD_CSUM_INET && set.sum_offset == kIpSum;
  if (set.base != NFT_PAYLOAD_NETWORK_HEADER || set.flags ||
      (!v4 && set.sum_type != NFT_PAYLOAD_CSUM_NONE))
    return std::nullopt;
  Octets keep(set.length, 0), flip(set.length, 0);
  if (const Octets* constant = registers.constant(set.from, set.length)) {
    flip = *constant;
  } else {
    const auto operand = registers.operand(set.from, set.length);
    if (!operand || operand->field != Field::network || operand->offset != set.offset)
      return std::nullopt;
    keep.assign(set.length, 0xff);
    for (const Transform& transform : operand->then) {
      const auto* mask = std::get_if<Mask>(&transform);
      if (!mask) return std::nullopt;
      for (std::size_t i = 0; i < set.length; ++i) {
        keep[i] &= mask->keep[i];
        flip[i] = (flip[i] & mask->keep[i]) ^ mask->flip[i];
      }
    }
  }
  std::vector<Step> steps;
  for (std::size_t i = 0; i < set.length; ++i) {
    if (keep[i] == 0xff && !flip[i]) continue;
    const Write write{static_cast<std::uint8_t>(v4 ? NFPROTO_IPV4 : NFPROTO_IPV6),
                      static_cast<std::uint8_t>(set.offset + i),
                      keep[i],
                      flip[i],
                      0,
                      true};
    if (!may_write(write)) return std::nullopt;
    steps.push_back(write);
  }
  return steps;
}

}  // namespace tna
