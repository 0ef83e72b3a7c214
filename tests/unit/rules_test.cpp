// SPDX-License-Identifier: Apache-2.0
// Rules as the kernel lists them -> RuleSet: what has no other form goes to Linux at its place, and
// nothing that a list may say does harm.
#include <gtest/gtest.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/xt_tcpudp.h>

#include <cstring>
#include <random>

#include "rules/evaluate.h"
#include "rules/from_nft.h"
#include "rules/reach.h"

namespace tna {
namespace {

constexpr std::uint32_t kRegister = NFT_REG32_00;

nft::Expression port_is(std::uint8_t low) {
  return nft::Compare{kRegister, NFT_CMP_EQ, {0, low}};
}
const nft::Expression kLoadPort = nft::Payload{NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, kRegister};
nft::Expression says(std::int32_t code, std::string chain = "") {
  return nft::Immediate{NFT_REG_VERDICT, nft::Verdict{code, std::move(chain)}};
}

// A table of IPv4 with a base chain at forward that has these rules.
nft::Ruleset forward(std::vector<nft::Rule> rules, std::vector<nft::Set> sets = {},
                     std::int32_t policy = NF_ACCEPT) {
  nft::Chain chain{"forward", nft::Base{NF_INET_FORWARD, 0, policy, "filter", {}},
                   std::move(rules)};
  return {1, {{NFPROTO_IPV4, "t", false, {std::move(chain)}, std::move(sets)}}};
}

Judgement judge(const nft::Ruleset& rules, std::uint8_t port) {
  Facts facts;
  facts[Field::transport] = {0, 1, 0, port};
  return evaluate(rules_from_nft(rules), NFPROTO_IPV4, RuleHook::forward, facts);
}

TEST(Rules, WhatCanNotBeDoneIsLeftToLinuxAtItsPlace) {
  auto rules = forward({{1, {kLoadPort, port_is(1), says(NF_DROP)}},
                        {2, {kLoadPort, port_is(2), nft::Other{"limit"}, says(NF_ACCEPT)}},
                        {3, {says(NF_DROP)}}});
  EXPECT_EQ(judge(rules, 1).decision, Decision::drop) << "before it";
  EXPECT_EQ(judge(rules, 2).decision, Decision::punt);
  EXPECT_EQ(judge(rules, 2).why, "limit");
  EXPECT_EQ(judge(rules, 3).decision, Decision::drop) << "for those that don't get there";
}

TEST(Rules, ARegisterThatHoldsSomethingUnknownIsNotCompared) {
  auto rules = forward({{1, {nft::Other{"fib"}, port_is(1), says(NF_DROP)}}});
  EXPECT_EQ(judge(rules, 1).decision, Decision::punt);
  rules = forward({{1, {port_is(1), says(NF_DROP)}}});
  EXPECT_EQ(judge(rules, 1).decision, Decision::punt) << "nothing was loaded";
}

TEST(Rules, APacketThatIsTooShortMatchesNeitherWay) {
  for (std::uint32_t operation : {NFT_CMP_EQ, NFT_CMP_NEQ}) {
    auto rules = forward({{1,
                           {nft::Payload{NFT_PAYLOAD_TRANSPORT_HEADER, 8, 1, kRegister},
                            nft::Compare{kRegister, operation, {7}}, says(NF_DROP)}}});
    EXPECT_EQ(judge(rules, 1).decision, Decision::accept);
  }
}

TEST(Rules, SetsThatPacketsOrTimeChange) {
  for (std::uint32_t flag : {NFT_SET_TIMEOUT, NFT_SET_EVAL}) {
    nft::Set set{"s", flag, 2, {}, {{{0, 1}, {}, false, false, false, {}}}};
    auto rules =
        forward({{1, {kLoadPort, nft::Lookup{kRegister, "s", false, {}}, says(NF_DROP)}}}, {set});
    EXPECT_EQ(judge(rules, 1).decision, Decision::punt) << flag;
  }
}

TEST(Rules, IntervalsByTheirEnds) {
  auto element = [](std::uint8_t low, bool end) {
    return nft::Element{{0, low}, {}, end, false, false, {}};
  };
  // 0 to 3 with the mark that nft begins every list with, 5, and from 250 on; in any order.
  nft::Set set{"s",
               NFT_SET_INTERVAL,
               2,
               {},
               {element(250, false), element(6, true), element(0, false), element(4, true),
                element(5, false)}};
  auto rules =
      forward({{1, {kLoadPort, nft::Lookup{kRegister, "s", false, {}}, says(NF_DROP)}}}, {set});
  for (int port = 0; port < 256; ++port) {
    bool inside = port < 4 || port == 5 || port >= 250;
    EXPECT_EQ(judge(rules, port).decision, inside ? Decision::drop : Decision::accept) << port;
  }
}

TEST(Rules, KeysThatAreNotOfTheSetsLength) {
  for (std::uint32_t flags : {0U, std::uint32_t{NFT_SET_INTERVAL}}) {
    nft::Set set{"s", flags, 2, {}, {{{1}, {}, false, false, false, {}}}};
    auto rules =
        forward({{1, {kLoadPort, nft::Lookup{kRegister, "s", false, {}}, says(NF_DROP)}}}, {set});
    EXPECT_EQ(judge(rules, 1).why, "set s") << flags;
  }
}

TEST(Rules, APayloadWhoseEndIsNoNumber) {
  auto rules = forward({{1,
                         {nft::Payload{NFT_PAYLOAD_TRANSPORT_HEADER, ~0U, 2, kRegister}, port_is(1),
                          says(NF_DROP)}}});
  EXPECT_EQ(judge(rules, 1).why, "payload beyond the headers");
}

TEST(Rules, PolicyAndReturn) {
  auto rules = forward({{1, {kLoadPort, port_is(1), says(NFT_RETURN)}}, {2, {says(NF_ACCEPT)}}}, {},
                       NF_DROP);
  EXPECT_EQ(judge(rules, 1).decision, Decision::drop) << "back from a base chain: its policy";
  EXPECT_EQ(judge(rules, 2).decision, Decision::accept);
}

TEST(Rules, AllBaseChainsHaveASay) {
  auto rules = forward({{1, {says(NF_ACCEPT)}}});
  rules.tables.push_back(rules.tables.front());
  rules.tables.back().name = "u";
  rules.tables.back().chains.front().base->priority = 10;
  rules.tables.back().chains.front().rules = {{2, {kLoadPort, port_is(1), says(NF_DROP)}}};
  EXPECT_EQ(judge(rules, 1).decision, Decision::drop);
  rules.tables.back().dormant = true;
  EXPECT_EQ(judge(rules, 1).decision, Decision::accept);
}

TEST(Rules, EndlessJumpsGoToLinux) {
  auto rules = forward({{1, {says(NFT_JUMP, "a")}}});
  rules.tables.front().chains.push_back({"a", {}, {{2, {says(NFT_JUMP, "a")}}}});
  EXPECT_EQ(judge(rules, 1).decision, Decision::punt);
}

TEST(Rules, MatchesOfXtablesByNameAndRevision) {
  xt_tcp info{.spts = {0, 65535}, .dpts = {1, 1}};
  nft::Octets octets(sizeof info);
  std::memcpy(octets.data(), &info, sizeof info);
  auto rules = forward({{1, {nft::Extension{false, "tcp", 0, octets}, says(NF_DROP)}}});
  EXPECT_EQ(judge(rules, 1).decision, Decision::drop);
  EXPECT_EQ(judge(rules, 2).decision, Decision::accept);
  rules = forward({{1, {nft::Extension{false, "tcp", 1, octets}, says(NF_DROP)}}});
  EXPECT_EQ(judge(rules, 1).why, "tcp") << "a revision that isn't known";
  octets.resize(3);
  rules = forward({{1, {nft::Extension{false, "tcp", 0, octets}, says(NF_DROP)}}});
  EXPECT_EQ(judge(rules, 1).decision, Decision::punt) << "too short";
}

// "ct zone set" of that direction, the zone as a constant of so many bytes.
SetZone zone_of(std::optional<std::uint8_t> direction) {
  const auto rules =
      rules_from_nft(forward({{1,
                               {nft::Immediate{kRegister, nft::Octets{5, 1}},
                                nft::SetConntrack{NFT_CT_ZONE, kRegister, direction}}}}));
  const auto& steps = rules.tables.at(0).chains.at(0).rules.at(0).steps;
  auto* zone = steps.size() == 1 ? std::get_if<SetZone>(&steps[0]) : nullptr;
  EXPECT_TRUE(zone);
  return zone ? *zone : SetZone{};
}

TEST(Rules, Zones) {
  EXPECT_EQ(zone_of({}), (SetZone{261, true, true}));
  EXPECT_EQ(zone_of(IP_CT_DIR_ORIGINAL), (SetZone{261, true, false}));
  EXPECT_EQ(zone_of(IP_CT_DIR_REPLY), (SetZone{261, false, true}));
  EXPECT_EQ(to_text(zone_of(IP_CT_DIR_REPLY)), "ct reply zone set 261");
  const nft::Expression constant = nft::Immediate{kRegister, nft::Octets{5, 0}};
  const nft::Expression port = kLoadPort;
  for (const auto& [value, key] : {std::pair{port, NFT_CT_ZONE}, std::pair{constant, NFT_CT_MARK}})
    EXPECT_EQ(
        judge(forward({{1, {value, nft::SetConntrack{std::uint32_t(key), kRegister, {}}}}}), 1).why,
        "ct set");
}

TEST(Rules, TheFirstZoneIsHeard) {
  const auto set = [](std::uint16_t zone) { return Rule{zone, {SetZone{zone}}}; };
  const RuleSet rules{
      1, {{NFPROTO_IPV4, "t", {{"c", BaseChain{RuleHook::prerouting}, {set(0), set(7)}}}, {}}}};
  Facts facts;
  evaluate(rules, NFPROTO_IPV4, RuleHook::prerouting, facts);
  EXPECT_EQ(facts.zone, SetZone{0});
}

class AnyRules {
 public:
  explicit AnyRules(unsigned seed) : random_(seed) {}
  nft::Rule rule() {
    nft::Rule rule{1, {}};
    for (int i = number(6); i >= 0; --i) rule.does.push_back(expression());
    return rule;
  }
  nft::Set set() {
    nft::Set set{"s", number(64), number(20), octets(), {}};
    for (int i = number(5); i > 0; --i)
      set.elements.push_back({octets(), octets(), number(2) == 0, number(9) == 0, false, {}});
    return set;
  }
  nft::Octets octets() {
    nft::Octets octets(number(20));
    for (auto& octet : octets) octet = number(5);
    return octets;
  }

 private:
  std::uint32_t number(std::uint32_t below) { return random_() % below; }
  nft::Expression expression() {
    const std::uint32_t from = number(24), to = number(24), length = number(18);
    switch (number(12)) {
      case 0:
        return nft::Payload{number(5), number(40), length, to};
      case 1:
        return nft::Meta{number(30), to};
      case 2:
        return nft::SetMeta{number(6), from};
      case 3:
        if (number(3)) return nft::Conntrack{number(8), to, {}};
        return nft::SetConntrack{number(2) ? std::uint32_t{NFT_CT_ZONE} : number(8), from, {}};
      case 4:
        return nft::Compare{from, number(8), octets()};
      case 5:
        return nft::Range{from, number(3), octets(), octets()};
      case 6:
        return nft::Bitwise{from, to, length, number(4), octets(), octets(), octets()};
      case 7:
        return nft::ByteOrder{from, to, length, number(9)};
      case 8:
        return nft::Lookup{from, "s", number(2) == 0, number(3) ? std::nullopt : std::optional(to)};
      case 9:
        return nft::Immediate{to, octets()};
      case 10:
        return extension();
      default:
        return says(static_cast<std::int32_t>(number(8)) - 6, "forward");
    }
  }
  // Of a size that some match may have.
  nft::Expression extension() {
    constexpr const char* kNames[] = {"multiport", "conntrack", "icmp", "iprange", "length",
                                      "pkttype",   "tos",       "ttl",  "state",   "MARK"};
    nft::Octets info(8 * number(20));
    for (auto& octet : info) octet = number(5);
    const char* name = kNames[number(std::size(kNames))];
    return nft::Extension{number(4) == 0, name, number(4), std::move(info)};
  }
  std::mt19937 random_;
};

TEST(Rules, AnythingInAnyOrderDoesNoHarm) {
  for (unsigned seed = 0; seed < 20000; ++seed) {
    AnyRules any(seed);
    Facts facts;
    for (Octets& field : facts.fields) field = any.octets();
    const RuleSet rules = rules_from_nft(forward({any.rule(), any.rule()}, {any.set()}));
    evaluate(rules, NFPROTO_IPV4, RuleHook::forward, facts);
    for (const Rule& rule : rules.tables.front().chains.front().rules)
      for (const Step& step : rule.steps) to_text(step);
  }
}

TEST(Rules, WhoReadsTheCountersOfConnectionsIsNamed) {
  const auto reader = [](nft::Expression expression) {
    return counters_read_by(rules_from_nft(
        forward({{1, {says(NF_ACCEPT)}}, {7, {nft::Other{"limit"}, std::move(expression)}}})));
  };
  for (std::uint32_t key : {NFT_CT_PKTS, NFT_CT_BYTES, NFT_CT_AVGPKT})
    EXPECT_EQ(reader(nft::Conntrack{key, kRegister, {}}), "ip t forward, rule 7") << key;
  EXPECT_EQ(reader(nft::Extension{false, "connbytes", 0, {}}), "ip t forward, rule 7");
  EXPECT_EQ(reader(nft::Conntrack{NFT_CT_STATE, kRegister, {}}), "");
  EXPECT_EQ(reader(nft::Extension{true, "connbytes", 0, {}}), "") << "no match";
}

TEST(Rules, WhoReadsThemMattersWhereForwardedPacketsGet) {
  const nft::Rule reads{5, {nft::Conntrack{NFT_CT_BYTES, kRegister, {}}, says(NF_DROP)}};
  const auto reader = [&](const char* to, std::uint32_t hook) {
    nft::Chain base{
        "base", nft::Base{hook, 0, NF_ACCEPT, "filter", {}}, {{1, {says(NFT_JUMP, to)}}}};
    return counters_read_by(
        rules_from_nft({1, {{NFPROTO_INET, "t", false, {base, {"c", {}, {reads}}}, {}}}}));
  };
  for (std::uint32_t hook : {NF_INET_PRE_ROUTING, NF_INET_FORWARD, NF_INET_POST_ROUTING})
    EXPECT_EQ(reader("c", hook), "inet t c, rule 5") << hook;
  EXPECT_EQ(reader("other", NF_INET_FORWARD), "");
  EXPECT_EQ(reader("c", NF_INET_LOCAL_IN), "");
}

}  // namespace
}  // namespace tna
