// SPDX-License-Identifier: Apache-2.0
// The zone that a packet's connection is looked for in, as code says it and as evaluate() does.
#include <gtest/gtest.h>
#include <linux/netfilter.h>
#include <unistd.h>

#include <random>

#include "unit/compiled_rules.h"

namespace tna {
namespace {

using Compared = tna::Test;  // not gtest's

constexpr std::int32_t kRaw = -300, kConntrack = -200;

// Chains before connection tracking and behind it, of rules that packets meet often.
class Chance {
 public:
  explicit Chance(unsigned seed) : random_(seed) {}
  bool one_in(int count) { return number(count) == 0; }

  RuleTable table(std::uint8_t family) {
    RuleTable made{family, "t", {}, {}};
    made.chains.push_back(chain("first", BaseChain{RuleHook::prerouting, kRaw - 1, one_in(5)}));
    made.chains.push_back(chain("raw", BaseChain{RuleHook::prerouting, kRaw, one_in(5)}));
    made.chains.push_back(chain("late", BaseChain{RuleHook::prerouting, 0, one_in(5)}));
    made.chains.push_back(chain("called", {}));
    return made;
  }
  tna_rule_facts packet() {
    tna_rule_facts facts{};
    facts.network[8] = facts.network[7] = 9;
    facts.network[12] = static_cast<std::uint8_t>(number(3));
    facts.transport[3] = static_cast<std::uint8_t>(number(3));
    facts.transport_length = 20;
    facts.iifname[0] = static_cast<std::uint8_t>('a' + number(3));
    facts.ct_state = 2;
    return facts;
  }

 private:
  int number(int below) { return static_cast<int>(random_() % below); }

  RuleChain chain(const std::string& name, std::optional<BaseChain> base) {
    RuleChain made{name, std::move(base), {}};
    for (std::uint64_t handle = 1; handle <= 6; ++handle)
      made.rules.push_back({handle, steps(made.base.has_value())});
    return made;
  }
  Compared test() {
    const auto value = static_cast<std::uint8_t>(number(3));
    const auto is = [&](Field field, std::uint8_t offset, Octets octets) {
      const auto length = static_cast<std::uint8_t>(octets.size());
      return Compared{{field, offset, length, {}}, !one_in(3), {{octets, octets}}};
    };
    switch (number(4)) {
      case 0:
        return is(Field::network, 12, {value});
      case 1:
        return is(Field::transport, 2, {0, value});
      case 2:
        return is(Field::mark, 0, {value, 0, 0, 0});
      default: {
        Octets name(16, 0);
        name[0] = static_cast<std::uint8_t>('a' + value);
        return is(one_in(4) ? Field::oifname : Field::iifname, 0, name);
      }
    }
  }
  std::vector<Step> steps(bool may_jump) {
    std::vector<Step> made{test()};
    if (one_in(2)) made.emplace_back(Count{});
    if (one_in(4)) made.emplace_back(SetMark{static_cast<std::uint32_t>(number(3)), 0});
    if (one_in(3)) {
      const int way = 1 + number(3);
      made.emplace_back(
          SetZone{static_cast<std::uint16_t>(number(3) * 1000), (way & 1) != 0, (way & 2) != 0});
    }
    switch (number(10)) {
      case 0:
        made.emplace_back(Verdict{Decision::accept, ""});
        break;
      case 1:
        made.emplace_back(Verdict{Decision::drop, ""});
        break;
      case 2:
        made.emplace_back(Verdict{Decision::back, ""});
        break;
      case 3:
        if (one_in(3)) made.emplace_back(Verdict{Decision::punt, "chance"});
        break;
      default:
        if (may_jump && one_in(2)) made.emplace_back(Verdict{Decision::jump, "called"});
    }
    return made;
  }
  std::mt19937 random_;
};

RuleSet before_conntrack(RuleSet rules) {
  for (RuleTable& table : rules.tables)
    std::erase_if(table.chains, [](const RuleChain& chain) {
      return chain.base && chain.base->priority >= kConntrack;
    });
  return rules;
}

class CompileZones : public testing::TestWithParam<std::uint8_t> {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  }
};
INSTANTIATE_TEST_SUITE_P(Families, CompileZones,
                         testing::Values(std::uint8_t{NFPROTO_IPV4}, std::uint8_t{NFPROTO_IPV6}));

TEST_P(CompileZones, AreThoseThatEvaluateSays) {
  int zoned = 0, left = 0, packets = 0;
  for (unsigned seed = 1; seed <= 150 && !HasFailure(); ++seed) {
    Chance chance(seed);
    RuleSet rules{1, {chance.table(GetParam()), chance.table(NFPROTO_INET)}};
    const CompiledRules compiled = compile(rules);
    if ((GetParam() == NFPROTO_IPV4 ? compiled.zones4 : compiled.zones6).empty()) continue;
    auto loaded = RulesInKernel::load_zones(compiled, GetParam());
    ASSERT_TRUE(loaded) << "seed " << seed << ": " << loaded.error().message;
    for (int i = 0; i < 500 && !HasFailure(); ++i) {
      const tna_rule_facts packet = chance.packet();
      const auto answer = loaded->ask(packet);
      Facts facts = facts_of(packet, GetParam(), RuleHook::prerouting);
      const Judgement judgement =
          evaluate(before_conntrack(rules), GetParam(), RuleHook::prerouting, facts);
      ++packets;
      EXPECT_EQ(answer.decision == Decision::punt, judgement.decision == Decision::punt)
          << "seed " << seed << " packet " << i;
      EXPECT_NE(answer.decision, Decision::drop) << "is for the other code to say";
      EXPECT_EQ(answer.facts.counted, 0u);
      if (answer.decision == Decision::punt && ++left) continue;
      const SetZone none{0, false, false}, zone = facts.zone.value_or(none);
      zoned += facts.zone.has_value();
      EXPECT_EQ(answer.facts.ct_zone, zone.zone) << "seed " << seed << " packet " << i;
      EXPECT_EQ(answer.facts.ct_zone_dir, (zone.original ? 1 : 0) | (zone.reply ? 2 : 0))
          << "seed " << seed << " packet " << i;
    }
  }
  EXPECT_GT(zoned, packets / 5);
  EXPECT_LT(zoned + left, packets * 9 / 10);
}

CompiledRules at(RuleHook hook, std::int32_t priority, std::uint8_t table, bool shown = true) {
  return compile({1, {{table, "t", {{"c", BaseChain{hook, priority}, {{1, {SetZone{7}}}}}}, {}}}},
                 shown);
}

TEST(Zones, OnlyBeforeConnectionTracking) {
  const CompiledRules both = at(RuleHook::prerouting, kRaw, NFPROTO_INET);
  EXPECT_FALSE(both.zones4.empty() || both.zones6.empty());
  const CompiledRules one = at(RuleHook::prerouting, kRaw, NFPROTO_IPV6);
  EXPECT_TRUE(one.zones4.empty());
  EXPECT_FALSE(one.zones6.empty());
  EXPECT_FALSE(one.same_code(at(RuleHook::prerouting, kRaw, NFPROTO_IPV4)));
  for (auto [hook, priority] :
       {std::pair{RuleHook::prerouting, kConntrack + 1}, std::pair{RuleHook::forward, kRaw}}) {
    const CompiledRules late = at(hook, priority, NFPROTO_INET);
    EXPECT_TRUE(late.zones4.empty() && late.zones6.empty()) << "they have their connection";
    EXPECT_TRUE(late.to_linux.empty());
  }
}

TEST(Zones, AreLinuxsWhereItIsNotKnown) {
  const CompiledRules beside = at(RuleHook::prerouting, kConntrack, NFPROTO_IPV4);
  ASSERT_EQ(beside.to_linux.size(), 1u);
  EXPECT_EQ(beside.to_linux[0].second, "a zone at the priority of connection tracking");
  const CompiledRules older = at(RuleHook::prerouting, kRaw, NFPROTO_IPV4, false);
  EXPECT_TRUE(older.zones4.empty());
  ASSERT_EQ(older.to_linux.size(), 1u);
  EXPECT_EQ(older.to_linux[0].second, "a zone, by which this kernel's programs can't look");
  EXPECT_FALSE(older.ipv4.empty());
}

}  // namespace
}  // namespace tna
