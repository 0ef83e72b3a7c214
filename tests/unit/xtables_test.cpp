// SPDX-License-Identifier: Apache-2.0
// Matches and targets of xtables -> steps: what they hold for, and what has no form and goes to
// Linux at its place in the chain.
#include <gtest/gtest.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/xt_CT.h>
#include <linux/netfilter/xt_DSCP.h>
#include <linux/netfilter/xt_addrtype.h>
#include <linux/netfilter/xt_connmark.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_devgroup.h>
#include <linux/netfilter/xt_dscp.h>
#include <linux/netfilter/xt_ecn.h>
#include <linux/netfilter/xt_iprange.h>
#include <linux/netfilter/xt_length.h>
#include <linux/netfilter/xt_mac.h>
#include <linux/netfilter/xt_mark.h>
#include <linux/netfilter/xt_multiport.h>
#include <linux/netfilter/xt_physdev.h>
#include <linux/netfilter/xt_pkttype.h>
#include <linux/netfilter/xt_state.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv4/ipt_ttl.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <linux/netfilter_ipv6/ip6t_hl.h>
#include <linux/rtnetlink.h>

#include <cstring>

#include "rules/evaluate.h"
#include "rules/from_nft.h"

namespace tna {
namespace {

Octets as_kept(std::uint32_t number) {
  Octets octets(sizeof number);
  std::memcpy(octets.data(), &number, sizeof number);
  return octets;
}

template <typename T>
nft::Extension extension(const char* name, std::uint32_t revision, const T& info,
                         bool target = false) {
  nft::Extension made{target, name, revision, nft::Octets((sizeof info + 7) / 8 * 8, 0)};
  std::memcpy(made.info.data(), &info, sizeof info);
  return made;
}

class Xtables : public testing::TestWithParam<std::uint8_t> {
 protected:
  void SetUp() override {
    const bool v4 = GetParam() == NFPROTO_IPV4;
    facts_[Field::network] = Octets(v4 ? 20 : 40, 0);
    facts_[Field::transport] = Octets(20, 0);
    facts_[Field::link] = {2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 8, 0};
    facts_[Field::length] = as_kept(100);
    facts_[Field::pkttype] = {0};
    facts_[Field::mark] = as_kept(0);
    facts_[Field::ct_state] = as_kept(NF_CT_STATE_INVALID_BIT);
  }

  // Accept: it matches.
  Judgement judge(const nft::Extension& match) {
    nft::Rule rule{1, {match, nft::Immediate{NFT_REG_VERDICT, nft::Verdict{NF_ACCEPT, ""}}}};
    nft::Chain chain{"c", nft::Base{NF_INET_FORWARD, 0, NF_DROP, "filter", {}}, {rule}};
    return evaluate(rules_from_nft({1, {{GetParam(), "t", false, {chain}, {}}}}), GetParam(),
                    RuleHook::forward, facts_);
  }
  template <typename T>
  bool matches(const char* name, std::uint32_t revision, const T& info) {
    const Judgement judgement = judge(extension(name, revision, info));
    EXPECT_NE(judgement.decision, Decision::punt) << judgement.why;
    return judgement.decision == Decision::accept;
  }
  template <typename T>
  bool left_to_linux(const char* name, std::uint32_t revision, const T& info) {
    const Judgement judgement = judge(extension(name, revision, info));
    return judgement.decision == Decision::punt && judgement.why == name;
  }
  bool v4() const { return GetParam() == NFPROTO_IPV4; }
  void ports(std::uint8_t source, std::uint8_t destination) {
    facts_[Field::transport] = {0, source, 0, destination};
  }

  Facts facts_;
};

TEST_P(Xtables, Iprange) {
  const std::size_t bytes = v4() ? 4 : 16, source = v4() ? 12 : 8, destination = v4() ? 16 : 24;
  xt_iprange_mtinfo info{};
  auto set = [&](nf_inet_addr& address, std::uint8_t last) {
    reinterpret_cast<std::uint8_t*>(&address)[bytes - 1] = last;
  };
  set(info.src_min, 3);
  set(info.src_max, 5);
  set(info.dst_min, 9);
  set(info.dst_max, 7);
  std::uint8_t& last = facts_[Field::network][source + bytes - 1];
  for (last = 0; last < 9; ++last) {
    info.flags = IPRANGE_SRC;
    EXPECT_EQ(matches("iprange", 1, info), last >= 3 && last <= 5) << int(last);
    info.flags = IPRANGE_SRC | IPRANGE_SRC_INV;
    EXPECT_EQ(matches("iprange", 1, info), last < 3 || last > 5) << int(last);
  }
  facts_[Field::network][destination + bytes - 1] = 8;
  info.flags = IPRANGE_DST;
  EXPECT_FALSE(matches("iprange", 1, info)) << "it ends before it begins";
  info.flags = IPRANGE_DST | IPRANGE_DST_INV;
  EXPECT_TRUE(matches("iprange", 1, info));
  info.flags = 0;
  EXPECT_TRUE(matches("iprange", 1, info));
  EXPECT_TRUE(left_to_linux("iprange", 0, info));
}

TEST_P(Xtables, Mac) {
  xt_mac_info info{{1, 1, 1, 1, 1, 1}, 0};
  EXPECT_TRUE(matches("mac", 0, info));
  info.invert = 1;
  EXPECT_FALSE(matches("mac", 0, info));
  info.srcaddr[5] = 2;
  EXPECT_TRUE(matches("mac", 0, info));
  facts_[Field::link].clear();
  EXPECT_FALSE(matches("mac", 0, info)) << "no Ethernet header: neither way";
}

TEST_P(Xtables, Length) {
  xt_length_info info{100, 256, 0};
  for (std::uint32_t length : {99u, 100u, 255u, 256u, 257u, 65535u}) {
    facts_[Field::length] = as_kept(length);
    EXPECT_EQ(matches("length", 0, info), length >= 100 && length <= 256) << length;
  }
  info.invert = 1;
  EXPECT_TRUE(matches("length", 0, info));
}

TEST_P(Xtables, Pkttype) {
  EXPECT_TRUE(matches("pkttype", 0, xt_pkttype_info{0, 0}));
  EXPECT_FALSE(matches("pkttype", 0, xt_pkttype_info{1, 0}));
  EXPECT_TRUE(matches("pkttype", 0, xt_pkttype_info{2, 1}));
  EXPECT_TRUE(left_to_linux("pkttype", 0, xt_pkttype_info{256, 1}));
}

TEST_P(Xtables, DscpAndTos) {
  // All of the byte's bits are set but one.
  Octets& network = facts_[Field::network];
  if (v4()) {
    network[1] = 0xfb;
  } else {
    network[0] = 0x6f;
    network[1] = 0xbf;
  }
  EXPECT_TRUE(matches("dscp", 0, xt_dscp_info{0x3e, 0}));
  EXPECT_FALSE(matches("dscp", 0, xt_dscp_info{0x3e, 1}));
  EXPECT_FALSE(matches("dscp", 0, xt_dscp_info{0x3f, 0}));
  EXPECT_TRUE(left_to_linux("dscp", 0, xt_dscp_info{0x40, 0}));
  EXPECT_TRUE(matches("tos", 1, xt_tos_match_info{0xff, 0xfb, 0}));
  EXPECT_TRUE(matches("tos", 1, xt_tos_match_info{0x0f, 0x0b, 0}));
  EXPECT_FALSE(matches("tos", 1, xt_tos_match_info{0x0f, 0x0b, 1}));
  EXPECT_FALSE(matches("tos", 1, xt_tos_match_info{0x0f, 0x1b, 0})) << "more than the mask has";
  EXPECT_TRUE(left_to_linux("tos", 0, xt_tos_match_info{0xff, 0xfb, 0}));
}

TEST_P(Xtables, Ecn) {
  Octets& network = facts_[Field::network];
  network[1] = v4() ? 0xfe : 0xe0;  // ECT(0), all bits of the DSCP
  facts_[Field::transport][13] = 0x50;
  const auto of_ip = [](std::uint8_t ect, std::uint8_t invert) {
    return xt_ecn_info{XT_ECN_OP_MATCH_IP, invert, ect, {}};
  };
  EXPECT_TRUE(matches("ecn", 0, of_ip(2, 0)));
  EXPECT_FALSE(matches("ecn", 0, of_ip(3, 0)));
  EXPECT_FALSE(matches("ecn", 0, of_ip(2, XT_ECN_OP_MATCH_IP)));
  EXPECT_TRUE(matches("ecn", 0, xt_ecn_info{XT_ECN_OP_MATCH_ECE, 0, 0, {}}));
  EXPECT_FALSE(matches("ecn", 0, xt_ecn_info{XT_ECN_OP_MATCH_CWR, 0, 0, {}}));
  EXPECT_TRUE(matches("ecn", 0, xt_ecn_info{XT_ECN_OP_MATCH_CWR, XT_ECN_OP_MATCH_CWR, 0, {}}));
  EXPECT_TRUE(left_to_linux("ecn", 0, of_ip(4, 0)));
  EXPECT_TRUE(left_to_linux("ecn", 0, xt_ecn_info{0x02, 0, 0, {}}));
}

TEST_P(Xtables, Devgroup) {
  facts_[Field::iifgroup] = as_kept(0x105);
  facts_[Field::oifgroup] = as_kept(7);
  const auto info = [](std::uint32_t flags, std::uint32_t from, std::uint32_t to) {
    return xt_devgroup_info{flags, from, 0xff, to, ~0U};
  };
  EXPECT_TRUE(matches("devgroup", 0, info(XT_DEVGROUP_MATCH_SRC, 5, 0)));
  EXPECT_TRUE(matches("devgroup", 0, info(XT_DEVGROUP_MATCH_SRC, 0x205, 0))) << "beyond the mask";
  EXPECT_FALSE(matches("devgroup", 0, info(XT_DEVGROUP_MATCH_SRC | XT_DEVGROUP_INVERT_SRC, 5, 0)));
  EXPECT_FALSE(matches("devgroup", 0, info(XT_DEVGROUP_MATCH_SRC | XT_DEVGROUP_MATCH_DST, 5, 8)));
  EXPECT_TRUE(matches("devgroup", 0, info(XT_DEVGROUP_MATCH_SRC | XT_DEVGROUP_MATCH_DST, 5, 7)));
  EXPECT_TRUE(left_to_linux("devgroup", 0, info(16, 5, 7)));
}

TEST_P(Xtables, Hops) {
  static_assert(sizeof(ipt_ttl_info) == sizeof(ip6t_hl_info));
  const char* name = v4() ? "ttl" : "hl";
  std::uint8_t& hops = facts_[Field::network][v4() ? 8 : 7];
  for (int than : {0, 1, 64, 255})
    for (int is : {0, 1, 63, 64, 65, 254, 255}) {
      hops = static_cast<std::uint8_t>(is);
      auto mode = [&](int mode) {
        return ipt_ttl_info{static_cast<std::uint8_t>(mode), static_cast<std::uint8_t>(than)};
      };
      EXPECT_EQ(matches(name, 0, mode(IPT_TTL_EQ)), is == than) << is << " " << than;
      EXPECT_EQ(matches(name, 0, mode(IPT_TTL_NE)), is != than) << is << " " << than;
      EXPECT_EQ(matches(name, 0, mode(IPT_TTL_LT)), is < than) << is << " " << than;
      EXPECT_EQ(matches(name, 0, mode(IPT_TTL_GT)), is > than) << is << " " << than;
    }
  EXPECT_TRUE(left_to_linux(name, 0, ipt_ttl_info{4, 1}));
  EXPECT_TRUE(left_to_linux(v4() ? "hl" : "ttl", 0, ipt_ttl_info{0, 1})) << "of the other family";
}

TEST_P(Xtables, Icmp) {
  facts_[Field::transport] = {8, 3, 0, 0};
  for (const char* name : {"icmp", "icmp6"}) {
    EXPECT_TRUE(matches(name, 0, ipt_icmp{8, {0, 255}, 0}));
    EXPECT_TRUE(matches(name, 0, ipt_icmp{8, {3, 3}, 0}));
    EXPECT_FALSE(matches(name, 0, ipt_icmp{8, {4, 255}, 0}));
    EXPECT_FALSE(matches(name, 0, ipt_icmp{7, {0, 255}, 0}));
    EXPECT_FALSE(matches(name, 0, ipt_icmp{8, {0, 255}, IPT_ICMP_INV}));
    EXPECT_TRUE(matches(name, 0, ipt_icmp{9, {0, 255}, IPT_ICMP_INV}));
  }
  EXPECT_TRUE(matches("icmp", 0, ipt_icmp{0xff, {0, 255}, 0})) << "any";
  EXPECT_FALSE(matches("icmp", 0, ipt_icmp{0xff, {0, 255}, IPT_ICMP_INV}));
  EXPECT_FALSE(matches("icmp6", 0, ipt_icmp{0xff, {0, 255}, 0})) << "type 255";
}

TEST_P(Xtables, Multiport) {
  xt_multiport_v1 info{XT_MULTIPORT_EITHER, 3, {5, 7, 9}, {0, 1, 0}, 1};
  auto in = [](int port) { return port == 5 || (port >= 7 && port <= 9); };
  for (int source = 4; source < 11; ++source)
    for (int destination = 4; destination < 11; ++destination) {
      ports(static_cast<std::uint8_t>(source), static_cast<std::uint8_t>(destination));
      info.flags = XT_MULTIPORT_EITHER;
      EXPECT_EQ(matches("multiport", 1, info), !in(source) && !in(destination));
      info.flags = XT_MULTIPORT_SOURCE;
      EXPECT_EQ(matches("multiport", 1, info), !in(source));
      info.flags = XT_MULTIPORT_DESTINATION;
      EXPECT_EQ(matches("multiport", 1, info), !in(destination));
    }
  info = {XT_MULTIPORT_EITHER, 1, {5}, {0}, 0};
  EXPECT_TRUE(left_to_linux("multiport", 1, info));
  info = {XT_MULTIPORT_SOURCE, 1, {5}, {1}, 0};
  EXPECT_TRUE(left_to_linux("multiport", 1, info)) << "a range without an end";
}

TEST_P(Xtables, Marks) {
  facts_[Field::mark] = as_kept(0x12);
  EXPECT_TRUE(matches("mark", 1, xt_mark_mtinfo1{2, 3, 0}));
  EXPECT_FALSE(matches("connmark", 1, xt_connmark_mtinfo1{2, 3, 0})) << "no connection";
  EXPECT_FALSE(matches("connmark", 1, xt_connmark_mtinfo1{2, 3, 1})) << "neither way";
  facts_[Field::ct_mark] = as_kept(0x12);
  EXPECT_TRUE(matches("connmark", 1, xt_connmark_mtinfo1{2, 3, 0}));
  EXPECT_TRUE(matches("connmark", 1, xt_connmark_mtinfo1{0x13, ~0u, 1}));
}

TEST_P(Xtables, TargetMark) {
  struct {
    std::uint32_t mark, mask, becomes;
  } const kRows[] = {{5, ~0u, 5}, {1, 1, 0x13}, {0, 2, 0x10}, {2, 0, 0x10}};
  for (const auto& row : kRows) {
    facts_[Field::mark] = as_kept(0x12);
    const Judgement judgement =
        judge(extension("MARK", 2, xt_mark_tginfo2{row.mark, row.mask}, true));
    EXPECT_EQ(judgement.decision, Decision::accept) << "the rule goes on";
    EXPECT_EQ(facts_[Field::mark], as_kept(row.becomes)) << row.mark << "/" << row.mask;
  }
}

// What the kernel does with a packet that has a connection, or none.
TEST_P(Xtables, Conntrack) {
  auto info = [](std::uint16_t asks, std::uint16_t inverts, std::uint16_t state,
                 std::uint16_t status) {
    xt_conntrack_mtinfo3 made{};
    made.match_flags = asks;
    made.invert_flags = inverts;
    made.state_mask = state;
    made.status_mask = status;
    return made;
  };
  constexpr std::uint16_t kState = XT_CONNTRACK_STATE, kStatus = XT_CONNTRACK_STATUS,
                          kDirection = XT_CONNTRACK_DIRECTION;
  constexpr std::uint16_t kEstablished = XT_CONNTRACK_STATE_BIT(IP_CT_ESTABLISHED);
  constexpr std::uint16_t kInvalid = XT_CONNTRACK_STATE_INVALID;
  constexpr std::uint16_t kUntracked = XT_CONNTRACK_STATE_UNTRACKED;
  auto is = [&](const xt_conntrack_mtinfo3& info) { return matches("conntrack", 3, info); };
  auto goes = [&](const xt_conntrack_mtinfo3& info) { return left_to_linux("conntrack", 3, info); };

  EXPECT_TRUE(is(info(kState, 0, kInvalid, 0)));
  EXPECT_FALSE(is(info(kStatus, 0, 0, IPS_ASSURED)));
  EXPECT_FALSE(is(info(kStatus, kStatus, 0, IPS_ASSURED))) << "no connection";
  EXPECT_FALSE(is(info(kDirection, 0, 0, 0)));
  EXPECT_FALSE(is(info(kState, 0, XT_CONNTRACK_STATE_SNAT, 0)));
  facts_[Field::ct_state] = as_kept(NF_CT_STATE_UNTRACKED_BIT);
  EXPECT_TRUE(is(info(kState, 0, kUntracked, 0)));
  EXPECT_FALSE(is(info(kState, kState, kUntracked | kInvalid, 0)));
  EXPECT_FALSE(is(info(kState, 0, XT_CONNTRACK_STATE_SNAT, 0))) << "bit 6 is nf_tables' untracked";

  facts_[Field::ct_state] = as_kept(NF_CT_STATE_BIT(IP_CT_ESTABLISHED));
  facts_[Field::ct_status] = as_kept(IPS_SEEN_REPLY | IPS_DST_NAT);
  facts_[Field::ct_direction] = {IP_CT_DIR_REPLY};
  EXPECT_TRUE(is(info(kState | XT_CONNTRACK_STATE_ALIAS, 0, kEstablished, 0))) << "-m state";
  EXPECT_TRUE(is(info(kState | kStatus, 0, kEstablished, IPS_SEEN_REPLY | IPS_ASSURED)));
  EXPECT_FALSE(is(info(kState | kStatus, kStatus, kEstablished, IPS_SEEN_REPLY)));
  EXPECT_FALSE(is(info(kDirection, 0, 0, 0))) << "of the original direction";
  EXPECT_TRUE(is(info(kDirection, kDirection, 0, 0)));
  EXPECT_TRUE(is(info(kState, 0, XT_CONNTRACK_STATE_DNAT, 0)));
  EXPECT_FALSE(is(info(kState, 0, XT_CONNTRACK_STATE_SNAT, 0)));
  EXPECT_FALSE(is(info(kStatus, 0, 0, 0))) << "--ctstatus NONE";
  EXPECT_TRUE(matches("state", 0, xt_state_info{kEstablished}));

  EXPECT_TRUE(goes(info(kState | kStatus, 0, kInvalid, IPS_ASSURED)))
      << "holds without a connection, whatever its status";
  EXPECT_TRUE(goes(info(kState | kStatus, kState, kEstablished, IPS_ASSURED)));
  EXPECT_FALSE(is(info(kState | kStatus, kState, kInvalid | kUntracked, IPS_ASSURED)));
  EXPECT_TRUE(goes(info(kState, kState, XT_CONNTRACK_STATE_SNAT, 0)));
  EXPECT_TRUE(goes(info(kState, 0, XT_CONNTRACK_STATE_SNAT | kEstablished, 0)));
  EXPECT_TRUE(goes(info(XT_CONNTRACK_PROTO, 0, 0, 0)));
  EXPECT_TRUE(goes(info(kState | XT_CONNTRACK_ORIGSRC, 0, kEstablished, 0)));
  EXPECT_TRUE(goes(info(0, 0, 0, 0)));
}

TEST_P(Xtables, PortsOfABridge) {
  const auto name = [](char(&to)[IFNAMSIZ], char(&mask)[IFNAMSIZ], const std::string& text) {
    std::memset(to, 0, IFNAMSIZ);
    std::memset(mask, 0, IFNAMSIZ);
    const bool begins = text.ends_with('+');
    const std::size_t length = text.size() - begins;
    std::memcpy(to, text.data(), length);
    std::memset(mask, 0xff, begins ? length : length + 1);
  };
  facts_[Field::bridged] = {3};
  facts_[Field::port_iifname] = Octets{'p', '1'};
  facts_[Field::port_oifname] = Octets{'p', '2'};
  facts_[Field::port_iifname].resize(16);
  facts_[Field::port_oifname].resize(16);
  xt_physdev_info info{};
  info.bitmask = XT_PHYSDEV_OP_IN;
  name(info.physindev, info.in_mask, "p1");
  EXPECT_TRUE(matches("physdev", 0, info));
  info.invert = XT_PHYSDEV_OP_IN;
  EXPECT_FALSE(matches("physdev", 0, info));
  name(info.physindev, info.in_mask, "p");
  EXPECT_TRUE(matches("physdev", 0, info));
  info.invert = 0;
  name(info.physindev, info.in_mask, "p+");
  EXPECT_TRUE(matches("physdev", 0, info));
  info.bitmask |= XT_PHYSDEV_OP_OUT | XT_PHYSDEV_OP_BRIDGED;
  name(info.physoutdev, info.out_mask, "p1");
  EXPECT_FALSE(matches("physdev", 0, info));
  name(info.physoutdev, info.out_mask, "p2");
  EXPECT_TRUE(matches("physdev", 0, info));
  facts_[Field::bridged] = {0};
  EXPECT_FALSE(matches("physdev", 0, info));
  info.invert = XT_PHYSDEV_OP_BRIDGED;
  EXPECT_TRUE(matches("physdev", 0, info));
  name(info.physoutdev, info.out_mask, "+");
  EXPECT_TRUE(left_to_linux("physdev", 0, info)) << "any that there is";
  info.bitmask = XT_PHYSDEV_OP_ISIN;
  EXPECT_TRUE(left_to_linux("physdev", 0, info));
}

// As linux/netfilter_ipv4/ipt_TTL.h has it, which can't be included beside ipt_ttl.h, and as that
// of HL is.
struct HopsTarget {
  std::uint8_t mode, by;
};
constexpr std::uint8_t kSet = 0, kMore = 1, kLess = 2;

TEST_P(Xtables, WritesToTheHeader) {
  std::uint8_t& hops = facts_[Field::network][v4() ? 8 : 7];
  const char* target = v4() ? "TTL" : "HL";
  const auto write = [&](const nft::Extension& target) {
    EXPECT_EQ(judge(target).decision, Decision::accept);
  };
  const auto write_hops = [&](std::uint8_t mode, std::uint8_t by) {
    hops = 10;
    write(extension(target, 0, HopsTarget{mode, by}, true));
    return hops;
  };
  EXPECT_EQ(write_hops(kSet, 7), 7);
  EXPECT_EQ(write_hops(kMore, 7), 17);
  EXPECT_EQ(write_hops(kMore, 250), 255);
  EXPECT_EQ(write_hops(kLess, 7), 3);
  EXPECT_EQ(write_hops(kLess, 11), 0);
  EXPECT_EQ(judge(extension(target, 0, HopsTarget{9, 1}, true)).decision, Decision::punt);
  const auto write_service = [&](const nft::Extension& target) {
    Octets& header = facts_[Field::network];
    header[0] = v4() ? 0x45 : 0x6f;
    header[1] = 0xff;
    write(target);
    EXPECT_EQ(header[0] >> 4, v4() ? 4 : 6);
    EXPECT_EQ(header[1] & 15, v4() ? header[1] & 15 : 15) << "the flow's label";
    return v4() ? header[1] : (header[0] & 15) << 4 | header[1] >> 4;
  };
  EXPECT_EQ(write_service(extension("DSCP", 0, xt_DSCP_info{46}, true)), 46 << 2 | 3);
  EXPECT_EQ(write_service(extension("TOS", 1, xt_tos_target_info{0x18, 0x3c}, true)), 0xdb);
}

TEST_P(Xtables, MarkOfTheConnection) {
  facts_[Field::ct_mark] = as_kept(0x1234);
  const auto mark = [&](const nft::Extension& target) {
    facts_[Field::mark] = as_kept(0xff00);
    EXPECT_EQ(judge(target).decision, Decision::accept);
    return facts_[Field::mark];
  };
  const std::uint8_t mode = XT_CONNMARK_RESTORE, left = D_SHIFT_LEFT, right = D_SHIFT_RIGHT;
  EXPECT_EQ(mark(extension("CONNMARK", 1, xt_connmark_tginfo1{0, 0xff, 0xff, mode}, true)),
            as_kept(0xff34));
  EXPECT_EQ(
      mark(extension("CONNMARK", 2, xt_connmark_tginfo2{0, 0xff, 0xffff, left, 8, mode}, true)),
      as_kept(0x3400));
  EXPECT_EQ(mark(extension("CONNMARK", 2, xt_connmark_tginfo2{0, ~0U, ~0U, right, 8, mode}, true)),
            as_kept(0x12));
  const xt_connmark_tginfo1 save{0, ~0U, ~0U, XT_CONNMARK_SAVE};
  EXPECT_EQ(judge(extension("CONNMARK", 1, save, true)).decision, Decision::punt);
}

TEST_P(Xtables, TypesOfDestinations) {
  facts_[Field::daddr_type] = as_kept(RTN_UNICAST);
  xt_addrtype_info_v1 info{0, XT_ADDRTYPE_LOCAL, 0};
  EXPECT_FALSE(matches("addrtype", 1, info));
  info.flags = XT_ADDRTYPE_INVERT_DEST;
  EXPECT_TRUE(matches("addrtype", 1, info));
  info = {0, XT_ADDRTYPE_UNICAST, 0};
  EXPECT_TRUE(matches("addrtype", 1, info));
  info.dest = XT_ADDRTYPE_MULTICAST | XT_ADDRTYPE_BROADCAST;
  if (v4()) {
    EXPECT_FALSE(matches("addrtype", 1, info));
  } else {
    EXPECT_TRUE(left_to_linux("addrtype", 1, info));
  }
  info = {XT_ADDRTYPE_LOCAL, 0, 0};
  EXPECT_TRUE(left_to_linux("addrtype", 1, info));
  info = {0, XT_ADDRTYPE_LOCAL, XT_ADDRTYPE_LIMIT_IFACE_IN};
  EXPECT_TRUE(left_to_linux("addrtype", 1, info));
}

TEST_P(Xtables, OthersGoToLinux) {
  for (const char* name : {"limit", "statistic", "set", "recent", "physdev", "addrtype", "owner",
                           "string", "time", "quota", "hashlimit", "connlimit", "rpfilter"})
    EXPECT_EQ(judge({false, name, 0, nft::Octets(64, 0)}).why, name);
  for (const char* name : {"TCPMSS", "CT", "NOTRACK", "LOG", "REJECT", "NFQUEUE", "CONNMARK", "TTL",
                           "DSCP", "TPROXY", "SNAT", "DNAT", "MASQUERADE", "mark"})
    EXPECT_EQ(judge({true, name, 2, nft::Octets(8, 0)}).why, name);
  nft::Extension mark = extension("mark", 1, xt_mark_mtinfo1{0, 0, 0});
  EXPECT_EQ(judge(mark).decision, Decision::accept);
  mark.info.resize(mark.info.size() + 8);
  EXPECT_EQ(judge(mark).decision, Decision::punt) << "another structure";
}

// A zone alone: what a new connection would get besides is Linux's.
TEST_P(Xtables, Zones) {
  const auto zone = [&](const nft::Extension& target) {
    facts_.zone.reset();
    EXPECT_EQ(judge(target).decision, Decision::accept);
    return facts_.zone;
  };
  const auto refused = [&](const nft::Extension& target) {
    return judge(target).decision == Decision::punt;
  };
  EXPECT_EQ(zone(extension("CT", 0, xt_ct_target_info{0, 5}, true)), (SetZone{5, true, true}));
  constexpr std::uint16_t kOriginal = XT_CT_ZONE_DIR_ORIG, kReply = XT_CT_ZONE_DIR_REPL;
  for (std::uint32_t revision : {1, 2}) {
    const auto flags = [&](std::uint16_t flags) {
      return extension("CT", revision, xt_ct_target_info_v1{.flags = flags, .zone = 65535}, true);
    };
    EXPECT_EQ(zone(flags(0)), (SetZone{65535, true, true}));
    EXPECT_EQ(zone(flags(kOriginal)), (SetZone{65535, true, false}));
    EXPECT_EQ(zone(flags(kReply)), (SetZone{65535, false, true}));
    EXPECT_EQ(zone(flags(kOriginal | kReply)), (SetZone{65535, true, true}));
    EXPECT_TRUE(refused(flags(XT_CT_NOTRACK)));
    EXPECT_TRUE(refused(flags(XT_CT_ZONE_MARK)));
    for (xt_ct_target_info_v1 more :
         {xt_ct_target_info_v1{.ct_events = 1}, xt_ct_target_info_v1{.exp_events = 1},
          xt_ct_target_info_v1{.helper = "ftp"}, xt_ct_target_info_v1{.timeout = "slow"}})
      EXPECT_TRUE(refused(extension("CT", revision, more, true)));
  }
  EXPECT_TRUE(refused(extension("CT", 3, xt_ct_target_info_v1{}, true)));
}

INSTANTIATE_TEST_SUITE_P(Families, Xtables,
                         testing::Values(std::uint8_t{NFPROTO_IPV4}, std::uint8_t{NFPROTO_IPV6}));

}  // namespace
}  // namespace tna
