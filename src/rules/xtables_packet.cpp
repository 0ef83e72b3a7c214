// SPDX-License-Identifier: Apache-2.0
// Matches that look at the packet. A TCP, UDP or ICMP header that isn't whole xtables drops; the
// fast path leaves such packets to Linux (bpf/fpm/rules.h).
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/xt_addrtype.h>
#include <linux/netfilter/xt_devgroup.h>
#include <linux/netfilter/xt_dscp.h>
#include <linux/netfilter/xt_ecn.h>
#include <linux/netfilter/xt_iprange.h>
#include <linux/netfilter/xt_length.h>
#include <linux/netfilter/xt_mac.h>
#include <linux/netfilter/xt_multiport.h>
#include <linux/netfilter/xt_physdev.h>
#include <linux/netfilter/xt_pkttype.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv4/ipt_ttl.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <linux/netfilter_ipv6/ip6t_hl.h>

#include "rules/xtables.h"

namespace tna::xtables {
namespace {

constexpr std::uint8_t kSource = 0, kDestination = 2, kTcpFlags = 13;
constexpr std::uint8_t kAnyIcmp = 0xff;

Operand port(std::uint8_t offset) {
  return {Field::transport, offset, 2, {}};
}

bool is_ip(std::uint8_t family) {
  return family == NFPROTO_IPV4 || family == NFPROTO_IPV6;
}

// The range of all ports is no test, unless it is inverted: then nothing matches.
void add_ports(std::vector<Step>& steps, std::uint8_t offset, const std::uint16_t (&range)[2],
               bool inverted) {
  if (range[0] == 0 && range[1] == 0xffff && !inverted) return;
  steps.push_back(between(port(offset), big_endian(range[0]), big_endian(range[1]), inverted));
}

Steps type_and_code(std::uint8_t type, const std::uint8_t (&code)[2], bool inverted) {
  return {{between({Field::transport, 0, 2, {}}, {type, code[0]}, {type, code[1]}, inverted)}};
}

// The bits of the byte that were TOS; in IPv6 it lies across two.
Operand service(std::uint8_t family, std::uint8_t bits) {
  if (family == NFPROTO_IPV4) return {Field::network, 1, 1, {Mask{{bits}, {0}}}};
  return {Field::network, 0, 2, {Mask{big_endian(bits << 4), {0, 0}}}};
}
Steps service_is(std::uint8_t family, std::uint8_t bits, std::uint8_t value, bool inverted) {
  if (!is_ip(family)) return std::nullopt;
  return {{equals(service(family, bits),
                  family == NFPROTO_IPV4 ? Octets{value} : big_endian(value << 4), inverted)}};
}

// The modes are IPT_TTL_*'s, and IP6T_HL_* are the same.
Steps hops(std::uint8_t offset, std::uint8_t mode, std::uint8_t than) {
  const Operand operand{Field::network, offset, 1, {}};
  Test test{operand, true, {}};
  switch (mode) {
    case IPT_TTL_EQ:
    case IPT_TTL_NE:
      return {{equals(operand, {than}, mode == IPT_TTL_NE)}};
    case IPT_TTL_LT:
      if (than > 0) test.in.push_back({{0}, {static_cast<std::uint8_t>(than - 1)}});
      break;
    case IPT_TTL_GT:
      if (than < 0xff) test.in.push_back({{static_cast<std::uint8_t>(than + 1)}, {0xff}});
      break;
    default:
      return std::nullopt;
  }
  return {{std::move(test)}};
}
static_assert(int{IPT_TTL_LT} == int{IP6T_HL_LT} && int{IPT_TTL_GT} == int{IP6T_HL_GT} &&
              int{IPT_TTL_NE} == int{IP6T_HL_NE} && int{IPT_TTL_EQ} == int{IP6T_HL_EQ});

Test in_range(std::uint8_t offset, std::uint8_t bytes, const nf_inet_addr& least,
              const nf_inet_addr& most, bool inverted) {
  Octets low(bytes), high(bytes);
  std::memcpy(low.data(), &least, bytes);
  std::memcpy(high.data(), &most, bytes);
  return between({Field::network, offset, bytes, {}}, std::move(low), std::move(high), inverted);
}

Step group_is(Field field, std::uint32_t group, std::uint32_t mask, bool inverted) {
  return equals({field, 0, 4, {Mask{as_kept(mask), as_kept(0)}}}, as_kept(group & mask), inverted);
}

// A port of the bridge by its name, or what its name begins with; nothing: any that there is.
std::optional<Step> port_name(Field field, const char (&name)[IFNAMSIZ],
                              const char (&mask)[IFNAMSIZ], bool inverted) {
  std::size_t length = 0;
  while (length < IFNAMSIZ && mask[length] == '\xff') ++length;
  for (std::size_t i = length; i < IFNAMSIZ; ++i)
    if (mask[i]) return std::nullopt;
  if (!length) return std::nullopt;
  return equals({field, 0, static_cast<std::uint8_t>(length), {}}, Octets(name, name + length),
                inverted);
}

}  // namespace

// Of the destination alone. With IPv6 each type is a question of its own.
Steps addrtype(const nft::Extension& match, std::uint8_t family) {
  auto info = info_of<xt_addrtype_info_v1>(match);
  if (!info || !is_ip(family) || info->source || !info->dest ||
      info->flags & ~XT_ADDRTYPE_INVERT_DEST ||
      (family == NFPROTO_IPV6 && info->dest != XT_ADDRTYPE_UNICAST &&
       info->dest != XT_ADDRTYPE_LOCAL))
    return std::nullopt;
  Test test{{Field::daddr_type, 0, 4, {}}, !(info->flags & XT_ADDRTYPE_INVERT_DEST), {}};
  for (std::uint32_t type = 0; type < 16; ++type)  // RTN_*
    if (info->dest >> type & 1) test.in.push_back({as_kept(type), as_kept(type)});
  return {{std::move(test)}};
}

Steps tcp(const nft::Extension& match, std::uint8_t) {
  auto info = info_of<xt_tcp>(match);
  if (!info || info->option || info->invflags & XT_TCP_INV_OPTION) return std::nullopt;
  std::vector<Step> steps;
  add_ports(steps, kSource, info->spts, info->invflags & XT_TCP_INV_SRCPT);
  add_ports(steps, kDestination, info->dpts, info->invflags & XT_TCP_INV_DSTPT);
  bool inverted = info->invflags & XT_TCP_INV_FLAGS;
  if (info->flg_mask || info->flg_cmp || inverted)
    steps.push_back(equals({Field::transport, kTcpFlags, 1, {Mask{{info->flg_mask}, {0}}}},
                           {info->flg_cmp}, inverted));
  return steps;
}

Steps udp(const nft::Extension& match, std::uint8_t) {
  auto info = info_of<xt_udp>(match);
  if (!info) return std::nullopt;
  std::vector<Step> steps;
  add_ports(steps, kSource, info->spts, info->invflags & XT_UDP_INV_SRCPT);
  add_ports(steps, kDestination, info->dpts, info->invflags & XT_UDP_INV_DSTPT);
  return steps;
}

// One port or the other is no conjunction of tests; neither of them is one.
Steps multiport(const nft::Extension& match, std::uint8_t) {
  auto info = info_of<xt_multiport_v1>(match);
  if (!info || info->count > XT_MULTI_PORTS || info->flags > XT_MULTIPORT_EITHER ||
      (info->flags == XT_MULTIPORT_EITHER && !info->invert))
    return std::nullopt;
  Test test{
      port(info->flags == XT_MULTIPORT_DESTINATION ? kDestination : kSource), !info->invert, {}};
  for (int i = 0; i < info->count; ++i) {
    std::uint16_t low = info->ports[i];
    bool range = info->pflags[i];
    if (range && ++i == info->count) return std::nullopt;
    if (low <= info->ports[i]) test.in.push_back({big_endian(low), big_endian(info->ports[i])});
  }
  std::vector<Step> steps{test};
  if (info->flags == XT_MULTIPORT_EITHER) {
    test.of = port(kDestination);
    steps.push_back(std::move(test));
  }
  return steps;
}

Steps icmp(const nft::Extension& match, std::uint8_t) {
  auto info = info_of<ipt_icmp>(match);
  if (!info || info->invflags & ~IPT_ICMP_INV) return std::nullopt;
  if (info->type != kAnyIcmp) return type_and_code(info->type, info->code, info->invflags);
  if (!info->invflags) return std::vector<Step>{};
  return {{Test{{Field::transport, 0, 1, {}}, true, {}}}};  // none but any: never
}

Steps icmp6(const nft::Extension& match, std::uint8_t) {
  auto info = info_of<ip6t_icmp>(match);
  if (!info || info->invflags & ~IP6T_ICMP_INV) return std::nullopt;
  return type_and_code(info->type, info->code, info->invflags);
}

Steps iprange(const nft::Extension& match, std::uint8_t family) {
  auto info = info_of<xt_iprange_mtinfo>(match);
  if (!info || !is_ip(family)) return std::nullopt;
  const bool v4 = family == NFPROTO_IPV4;
  const std::uint8_t bytes = v4 ? 4 : 16;
  std::vector<Step> steps;
  if (info->flags & IPRANGE_SRC)
    steps.push_back(
        in_range(v4 ? 12 : 8, bytes, info->src_min, info->src_max, info->flags & IPRANGE_SRC_INV));
  if (info->flags & IPRANGE_DST)
    steps.push_back(
        in_range(v4 ? 16 : 24, bytes, info->dst_min, info->dst_max, info->flags & IPRANGE_DST_INV));
  return steps;
}

Steps mac(const nft::Extension& match, std::uint8_t) {
  auto info = info_of<xt_mac_info>(match);
  if (!info) return std::nullopt;
  return {{equals({Field::link, ETH_ALEN, ETH_ALEN, {}},
                  Octets(info->srcaddr, info->srcaddr + ETH_ALEN), info->invert)}};
}

// The kernel takes the length that the IP header says, to which the packet has been trimmed.
Steps length(const nft::Extension& match, std::uint8_t family) {
  auto info = info_of<xt_length_info>(match);
  if (!info || !is_ip(family)) return std::nullopt;
  const auto of = [](std::uint16_t number) {
    return Octets{0, 0, static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)};
  };
  return {{between({Field::length, 0, 4, {Swap{4}}}, of(info->min), of(info->max), info->invert)}};
}

// Local packets that are looped back, which match as broadcast or multicast, aren't forwarded.
Steps pkttype(const nft::Extension& match, std::uint8_t) {
  auto info = info_of<xt_pkttype_info>(match);
  if (!info || info->pkttype < 0 || info->pkttype > 0xff) return std::nullopt;
  return {{equals({Field::pkttype, 0, 1, {}}, {static_cast<std::uint8_t>(info->pkttype)},
                  info->invert)}};
}

Steps dscp(const nft::Extension& match, std::uint8_t family) {
  auto info = info_of<xt_dscp_info>(match);
  if (!info || info->dscp > XT_DSCP_MAX) return std::nullopt;
  return service_is(family, XT_DSCP_MASK, static_cast<std::uint8_t>(info->dscp << XT_DSCP_SHIFT),
                    info->invert);
}

Steps tos(const nft::Extension& match, std::uint8_t family) {
  auto info = info_of<xt_tos_match_info>(match);
  if (!info) return std::nullopt;
  return service_is(family, info->tos_mask, info->tos_value, info->invert);
}

// The two bits beside the DSCP, and those of the TCP header; the kernel sees to it that a rule that
// asks for these is about TCP.
Steps ecn(const nft::Extension& match, std::uint8_t family) {
  auto info = info_of<xt_ecn_info>(match);
  if (!info || !is_ip(family) || info->operation & XT_ECN_OP_MATCH_MASK ||
      info->ip_ect & ~XT_ECN_IP_MASK)
    return std::nullopt;
  std::vector<Step> steps;
  if (info->operation & XT_ECN_OP_MATCH_IP) {
    constexpr auto kEcn = static_cast<std::uint8_t>(XT_ECN_IP_MASK);
    auto of_ip = service_is(family, kEcn, info->ip_ect, info->invert & XT_ECN_OP_MATCH_IP);
    steps.insert(steps.end(), of_ip->begin(), of_ip->end());
  }
  constexpr std::uint8_t kEce = 0x40, kCwr = 0x80;
  for (auto [operation, bit] :
       {std::pair{XT_ECN_OP_MATCH_ECE, kEce}, std::pair{XT_ECN_OP_MATCH_CWR, kCwr}})
    if (info->operation & operation)
      steps.push_back(equals({Field::transport, kTcpFlags, 1, {Mask{{bit}, {0}}}}, {bit},
                             info->invert & operation));
  return steps;
}

Steps devgroup(const nft::Extension& match, std::uint8_t) {
  auto info = info_of<xt_devgroup_info>(match);
  constexpr std::uint32_t kAll = XT_DEVGROUP_MATCH_SRC | XT_DEVGROUP_INVERT_SRC |
                                 XT_DEVGROUP_MATCH_DST | XT_DEVGROUP_INVERT_DST;
  if (!info || info->flags & ~kAll) return std::nullopt;
  std::vector<Step> steps;
  if (info->flags & XT_DEVGROUP_MATCH_SRC)
    steps.push_back(group_is(Field::iifgroup, info->src_group, info->src_mask,
                             info->flags & XT_DEVGROUP_INVERT_SRC));
  if (info->flags & XT_DEVGROUP_MATCH_DST)
    steps.push_back(group_is(Field::oifgroup, info->dst_group, info->dst_mask,
                             info->flags & XT_DEVGROUP_INVERT_DST));
  return steps;
}

Steps ttl(const nft::Extension& match, std::uint8_t family) {
  auto info = info_of<ipt_ttl_info>(match);
  if (!info || family != NFPROTO_IPV4) return std::nullopt;
  return hops(8, info->mode, info->ttl);
}

Steps hl(const nft::Extension& match, std::uint8_t family) {
  auto info = info_of<ip6t_hl_info>(match);
  if (!info || family != NFPROTO_IPV6) return std::nullopt;
  return hops(7, info->mode, info->hop_limit);
}

// In prerouting nobody knows yet whether a packet will be bridged, and by which port; that it isn't
// is what the match says then (net/netfilter/xt_physdev.c).
Steps physdev(const nft::Extension& match, std::uint8_t) {
  const auto info = info_of<xt_physdev_info>(match);
  if (!info || info->bitmask & (XT_PHYSDEV_OP_ISIN | XT_PHYSDEV_OP_ISOUT)) return std::nullopt;
  std::vector<Step> steps;
  if (info->bitmask & XT_PHYSDEV_OP_BRIDGED)
    steps.push_back(
        equals({Field::bridged, 0, 1, {}}, {0}, !(info->invert & XT_PHYSDEV_OP_BRIDGED)));
  if (info->bitmask & XT_PHYSDEV_OP_IN) {
    auto step = port_name(Field::port_iifname, info->physindev, info->in_mask,
                          info->invert & XT_PHYSDEV_OP_IN);
    if (!step) return std::nullopt;
    steps.push_back(std::move(*step));
  }
  if (info->bitmask & XT_PHYSDEV_OP_OUT) {
    auto step = port_name(Field::port_oifname, info->physoutdev, info->out_mask,
                          info->invert & XT_PHYSDEV_OP_OUT);
    if (!step) return std::nullopt;
    steps.push_back(std::move(*step));
  }
  return steps;
}

}  // namespace tna::xtables
