// SPDX-License-Identifier: Apache-2.0
// Compiled rules say what evaluate() says: rules by chance of everything that a rule can look at,
// packets by chance that are near to what they compare with.
#include "compile/compile.h"

#include <gtest/gtest.h>
#include <linux/netfilter.h>
#include <unistd.h>

#include <cstring>
#include <random>

#include "compile/sets.h"
#include "unit/compiled_rules.h"

namespace tna {
namespace {

class Chance {
 public:
  explicit Chance(unsigned seed) : random_(seed) {}
  int number(int below) { return static_cast<int>(random_() % below); }
  bool one_in(int count) { return number(count) == 0; }

  // Few values, so that rules and packets meet.
  std::uint8_t byte() { return static_cast<std::uint8_t>(one_in(8) ? number(256) : number(3)); }
  Octets bytes(std::size_t count) {
    Octets made(count);
    for (auto& each : made) each = byte();
    return made;
  }

  tna_rule_facts packet(std::uint8_t family) {
    tna_rule_facts facts{};
    auto fill = [&](auto& bytes) {
      for (auto& each : bytes) each = byte();
    };
    fill(facts.link);
    fill(facts.network);
    fill(facts.transport);
    fill(facts.iifname);
    fill(facts.oifname);
    facts.network[family == NFPROTO_IPV4 ? 8 : 7] = static_cast<std::uint8_t>(2 + number(3));
    facts.transport_length = 4 + number(17);
    facts.length = 20 + number(4);
    facts.mark = 0;
    facts.iif = number(3);
    facts.oif = number(3);
    facts.iifgroup = number(3);
    facts.oifgroup = number(3);
    facts.ct_state = 2;  // others don't get here
    facts.ct_status = number(3);
    facts.ct_mark = number(3);
    facts.ct_direction = number(2);
    for (auto* address : {facts.nat_saddr, facts.nat_daddr})
      for (int i = 0; i < 4; ++i) address[i] = number(2) << 8 * number(4);
    facts.nat_sport = number(3);
    facts.nat_dport = number(3) << 8;
    return facts;
  }

  Operand operand(std::uint8_t longest) {
    struct Row {
      Field field;
      std::uint8_t size;
    };
    constexpr Row kRows[] = {
        {Field::link, 12},    {Field::network, 20},    {Field::network, 20}, {Field::transport, 20},
        {Field::nfproto, 1},  {Field::l4proto, 1},     {Field::protocol, 2}, {Field::length, 4},
        {Field::mark, 4},     {Field::iif, 4},         {Field::oif, 4},      {Field::iifname, 16},
        {Field::oifname, 16}, {Field::iifgroup, 4},    {Field::oifgroup, 4}, {Field::iiftype, 2},
        {Field::pkttype, 1},  {Field::oiftype, 2},     {Field::ct_state, 4}, {Field::ct_status, 4},
        {Field::ct_mark, 4},  {Field::ct_direction, 1}};
    const Row& row = kRows[number(std::size(kRows))];
    Operand made{row.field, 0, row.size, {}};
    if (row.field == Field::network || row.field == Field::transport || row.field == Field::link) {
      do {
        made.length = static_cast<std::uint8_t>(1 + number(longest));
        made.offset = static_cast<std::uint8_t>(number(std::max(1, row.size - made.length + 1)));
      } while (made.offset + made.length > row.size ||
               (row.field == Field::network && made.offset < 12 && made.offset + made.length > 10));
    } else if (made.length > longest) {
      return operand(longest);
    }
    for (int i = number(3); i > 0; --i) {
      switch (number(3)) {
        case 0:
          made.then.push_back(Mask{bytes(made.length), bytes(made.length)});
          for (auto& each : std::get<Mask>(made.then.back()).keep) each |= number(256);
          break;
        case 1:
          if (made.length == 4)
            made.then.push_back(Shift{one_in(2), static_cast<std::uint8_t>(number(32))});
          break;
        default:
          for (std::uint8_t size : {4, 2, 1})
            if (made.length % size == 0 && one_in(2)) {
              made.then.push_back(Swap{size});
              break;
            }
      }
    }
    return made;
  }

  Interval interval(std::size_t length) {
    Octets low = bytes(length), high = one_in(2) ? low : bytes(length);
    if (one_in(4)) {  // a prefix
      high = low;
      for (std::size_t i = number(static_cast<int>(length)); i < length; ++i) {
        low[i] = 0;
        high[i] = 0xff;
      }
    }
    if (high < low) std::swap(low, high);
    return {low, high};
  }

  Verdict verdict(int chain) {
    switch (number(7)) {
      case 0:
        return {Decision::accept, ""};
      case 1:
        return {Decision::drop, ""};
      case 2:
        return {Decision::back, ""};
      case 3:
      case 4:
        if (chain < kChains)
          return {one_in(2) ? Decision::jump : Decision::go, "c" + std::to_string(chain + 1)};
        return {Decision::drop, ""};
      case 5:
        return {Decision::go_on, ""};
      default:
        return one_in(6) ? Verdict{Decision::punt, "chance"} : Verdict{Decision::accept, ""};
    }
  }

  RuleTable table(std::uint8_t family) {
    RuleTable made{family, one_in(10) ? "legacy t" : "t", {}, {}};
    for (int i = 0; i < kSets; ++i) made.sets.push_back(set(i));
    for (RuleHook hook : {RuleHook::prerouting, RuleHook::forward, RuleHook::postrouting})
      made.chains.push_back({"at " + std::string(to_string(hook)),
                             BaseChain{hook, number(3), one_in(8), false, {}},
                             {}});
    if (one_in(3))
      made.chains.push_back(
          {"nat", BaseChain{RuleHook::postrouting, 100, one_in(2), true, {}}, {}});
    for (int i = 1; i <= kChains; ++i) made.chains.push_back({"c" + std::to_string(i), {}, {}});
    std::uint64_t handle = 0;
    for (RuleChain& chain : made.chains)
      for (int i = 0; i < kRules; ++i)
        chain.rules.push_back(
            {++handle, steps(made, chain.base ? 0 : std::atoi(chain.name.c_str() + 1))});
    return made;
  }

 private:
  static constexpr int kChains = 3, kRules = 5, kSets = 6;

  ElementSet set(int which) {
    ElementSet made;
    made.name = (which < 2 ? "__set" : "s") + std::to_string(which);
    made.intervals = which % 2;
    for (int i = which == 2 || which == 3 ? 1 : 2; i > 0; --i)
      made.parts.push_back(static_cast<std::uint8_t>(1 + number(which == 3 ? 8 : 4)));
    for (int i = number(which < 2 ? 6 : which == 5 ? 20 : 30); i > 0; --i) {
      SetElement element;
      for (std::uint8_t part : made.parts) {
        Interval wanted = interval(part);
        if (!made.intervals) wanted.high = wanted.low;
        element.parts.push_back(std::move(wanted));
      }
      element.verdict = verdict(kChains);
      // Elements of one set have no key in common.
      bool meets = false;
      for (const SetElement& other : made.elements) {
        bool all = true;
        for (std::size_t part = 0; part < made.parts.size(); ++part)
          all &= element.parts[part].low <= other.parts[part].high &&
                 other.parts[part].low <= element.parts[part].high;
        meets |= all;
      }
      if (!meets) made.elements.push_back(std::move(element));
    }
    if (one_in(5)) made.otherwise = verdict(kChains);
    return made;
  }

  std::vector<Step> steps(const RuleTable& table, int chain) {
    std::vector<Step> made;
    for (int i = number(3); i > 0; --i) {
      if (one_in(3)) {
        const ElementSet& set = table.sets[number(kSets)];
        Lookup lookup{{}, set.name, !one_in(4), false};
        for (std::uint8_t part : set.parts) {
          Operand wanted = operand(part);
          while (wanted.length != part) wanted = operand(part);
          lookup.key.push_back(std::move(wanted));
        }
        lookup.verdicts = lookup.inside && one_in(2);
        made.push_back(std::move(lookup));
      } else {
        Test test{operand(8), !one_in(3), {}};
        if (one_in(10)) test.of = operand(16);
        if (one_in(6)) test.of = {one_in(2) ? Field::iifname : Field::oifname, 0, 16, {}};
        for (int count = 1 + number(3); count > 0; --count)
          test.in.push_back(interval(test.of.length));
        made.push_back(std::move(test));
      }
    }
    if (one_in(2)) made.push_back(Count{});
    if (one_in(5))
      made.push_back(
          SetMark{static_cast<std::uint32_t>(number(3)), one_in(2) ? ~std::uint32_t{1} : 0});
    if (!one_in(3)) made.push_back(verdict(chain));
    return made;
  }

  std::mt19937 random_;
};

bool translates(const RuleSet& rules) {
  for (const RuleTable& table : rules.tables)
    for (const RuleChain& chain : table.chains)
      if (chain.base && chain.base->new_flows_only) return true;
  return false;
}

// As all chains here see it: they stand behind that, and before the source is translated.
void translate_destination(tna_rule_facts& packet, std::uint8_t family) {
  const bool v4 = family == NFPROTO_IPV4;
  std::memcpy(packet.network + (v4 ? 16 : 24), packet.nat_daddr, v4 ? 4 : 16);
  std::memcpy(packet.transport + 2, &packet.nat_dport, sizeof packet.nat_dport);
}

// What evaluate() says of a packet on its whole way.
Judgement judge(const RuleSet& rules, std::uint8_t family, const tna_rule_facts& packet,
                std::uint32_t& mark) {
  Judgement all;
  mark = packet.mark;
  tna_rule_facts translated = packet;
  if (translates(rules)) translate_destination(translated, family);
  for (RuleHook hook : {RuleHook::prerouting, RuleHook::forward, RuleHook::postrouting}) {
    Facts facts = facts_of(translated, family, hook);
    std::memcpy(facts[Field::mark].data(), &mark, sizeof mark);
    Judgement one = evaluate(rules, family, hook, facts);
    std::memcpy(&mark, facts[Field::mark].data(), sizeof mark);
    all.counted.insert(all.counted.end(), one.counted.begin(), one.counted.end());
    all.decision = one.decision;
    all.why = one.why;
    if (one.decision != Decision::accept) break;
  }
  return all;
}

class CompileByChance : public testing::TestWithParam<std::uint8_t> {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  }
};

TEST_P(CompileByChance, SaysWhatEvaluateSays) {
  constexpr int kRuleSets = 250, kPackets = 2000;
  std::map<Decision, int> seen;
  int more_to_linux = 0;
  for (int seed = 1; seed <= kRuleSets && !HasFailure(); ++seed) {
    Chance chance(seed);
    RuleSet rules;
    for (std::uint8_t family : {GetParam(), std::uint8_t{NFPROTO_INET}})
      rules.tables.push_back(chance.table(family));
    const CompiledRules compiled = compile(rules);
    auto loaded = RulesInKernel::load(compiled, GetParam());
    ASSERT_TRUE(loaded) << "seed " << seed << ": " << loaded.error().message;
    for (int i = 0; i < kPackets && !HasFailure(); ++i) {
      const tna_rule_facts packet = chance.packet(GetParam());
      const auto answer = loaded->ask(packet);
      std::uint32_t mark = 0;
      const Judgement judgement = judge(rules, GetParam(), packet, mark);
      ++seen[answer.decision];
      if (answer.decision == Decision::punt && judgement.decision != Decision::punt) {
        ++more_to_linux;
        continue;
      }
      EXPECT_EQ(answer.decision, judgement.decision) << "seed " << seed << " packet " << i;
      if (answer.decision == Decision::punt) continue;
      EXPECT_EQ(answer.facts.mark, mark) << "seed " << seed << " packet " << i;
      EXPECT_EQ(answer.counted(compiled), judgement.counted) << "seed " << seed << " packet " << i;
    }
  }
  EXPECT_GT(seen[Decision::accept], kRuleSets * kPackets / 20);
  EXPECT_GT(seen[Decision::drop], kRuleSets * kPackets / 10);
  // What evaluate() can do and compiled rules can't.
  EXPECT_LT(more_to_linux, kRuleSets * kPackets / 4);
}

using Compared = tna::Test;  // not gtest's

Rule rule_of(std::vector<Step> steps) {
  return {1, std::move(steps)};
}

Compared about(Field field, std::uint8_t offset, Octets value) {
  const auto length = static_cast<std::uint8_t>(value.size());
  return {{field, offset, length, {}}, true, {{value, value}}};
}

// The decision on a packet of TCP from 1.1.1.1:1 to 2.2.2.2:2, which leaves from 3.3.3.3:3
// for 4.4.4.4:4.
Decision decision_at(RuleHook hook, std::int32_t priority, const Compared& test,
                     std::uint32_t ct_state = 2) {
  RuleTable table{NFPROTO_IPV4, "t", {}, {}};
  table.chains.push_back({"nat", BaseChain{RuleHook::prerouting, -100, false, true, {}}, {}});
  table.chains.push_back({"c",
                          BaseChain{hook, priority, false, false, {}},
                          {rule_of({test, Verdict{Decision::drop, ""}})}});
  const CompiledRules compiled = compile({0, {table}});
  auto loaded = RulesInKernel::load(compiled, NFPROTO_IPV4);
  EXPECT_TRUE(loaded) << loaded.error().message;
  if (!loaded) return Decision::back;
  tna_rule_facts facts{};
  std::memset(facts.network + 12, 1, 4);
  std::memset(facts.network + 16, 2, 4);
  facts.network[8] = 9, facts.network[9] = IPPROTO_TCP;
  facts.transport[1] = 1, facts.transport[3] = 2, facts.transport_length = 20;
  facts.nat_saddr[0] = 0x03030303, facts.nat_daddr[0] = 0x04040404;
  facts.nat_sport = 3 << 8, facts.nat_dport = 4 << 8;
  facts.ct_state = ct_state;
  return loaded->ask(facts).decision;
}

TEST(Compile, ChainsSeeWhatIsTranslatedByThen) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const Compared source = about(Field::network, 12, {1, 1, 1, 1}),
                 destination = about(Field::network, 16, {2, 2, 2, 2}),
                 other_source = about(Field::network, 12, {3, 3, 3, 3}),
                 other_destination = about(Field::network, 16, {4, 4, 4, 4}),
                 port = about(Field::transport, 2, {0, 2}),
                 other_port = about(Field::transport, 2, {0, 4}),
                 other_source_port = about(Field::transport, 0, {0, 3});
  for (const Compared& before : {source, destination, port})
    EXPECT_EQ(decision_at(RuleHook::prerouting, -150, before), Decision::drop);
  for (const Compared& between : {source, other_destination, other_port}) {
    EXPECT_EQ(decision_at(RuleHook::prerouting, 0, between), Decision::drop);
    EXPECT_EQ(decision_at(RuleHook::forward, 0, between), Decision::drop);
    EXPECT_EQ(decision_at(RuleHook::postrouting, 0, between), Decision::drop);
  }
  for (const Compared& after : {other_source, other_destination, other_source_port})
    EXPECT_EQ(decision_at(RuleHook::postrouting, 200, after), Decision::drop);
  EXPECT_EQ(decision_at(RuleHook::postrouting, 100, source), Decision::punt) << "which is first?";
  EXPECT_EQ(decision_at(RuleHook::prerouting, -100, source), Decision::punt);
}

// As nf_tables has it where there is no device: index 0, an empty name, no group and no type.
TEST(Compile, NoEgressBeforeRouting) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const auto decision = [](Compared test, bool inside) {
    test.inside = inside;
    return decision_at(RuleHook::prerouting, 0, test);
  };
  const Octets p2{'p', '2', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  for (const Compared& device : {about(Field::oifname, 0, p2), about(Field::oifname, 0, {'p'}),
                                 about(Field::oif, 0, {7, 0, 0, 0})}) {
    EXPECT_EQ(decision(device, true), Decision::accept);
    EXPECT_EQ(decision(device, false), Decision::drop);
  }
  EXPECT_EQ(decision(about(Field::oif, 0, {0, 0, 0, 0}), true), Decision::drop);
  EXPECT_EQ(decision(about(Field::oifgroup, 0, {7, 0, 0, 0}), false), Decision::accept);
}

TEST(Compile, ConnectionsAreKnownBehindConntrack) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const Compared established = about(Field::ct_state, 0, {2, 0, 0, 0});
  EXPECT_EQ(decision_at(RuleHook::prerouting, -300, established), Decision::punt);
  EXPECT_EQ(decision_at(RuleHook::prerouting, -199, established), Decision::drop);
  EXPECT_EQ(decision_at(RuleHook::forward, -300, established), Decision::drop);
  EXPECT_EQ(decision_at(RuleHook::forward, 0, established, 1), Decision::punt) << "not followed";
}

// A table with a chain at forward of these rules, and others.
RuleSet at_forward(std::vector<Rule> rules, std::vector<RuleChain> others = {}) {
  RuleTable table{NFPROTO_IPV4, "t", {{"c", BaseChain{}, std::move(rules)}}, {}};
  table.chains.insert(table.chains.end(), others.begin(), others.end());
  return {1, {std::move(table)}};
}

std::string first_to_linux(const RuleSet& rules) {
  const CompiledRules compiled = compile(rules);
  return compiled.to_linux.empty() ? "" : compiled.to_linux.front().second;
}

TEST(Compile, RulesBehindEstablishedAcceptAreLeftOut) {
  const Octets both{6, 0, 0, 0}, none(4, 0);
  const tna::Test established{
      Operand{Field::ct_state, 0, 4, {Mask{both, none}}}, false, {Interval{none, none}}};
  const Verdict accept{Decision::accept, ""}, drop{Decision::drop, ""};
  std::vector<Rule> rules;
  for (std::uint8_t i = 0; i < 100; ++i) {
    const Octets value{10, 0, 0, i};
    rules.push_back(rule_of(
        {tna::Test{Operand{Field::network, 12, 4, {}}, true, {Interval{value, value}}}, drop}));
  }
  std::vector<Rule> first = rules, last = rules;
  first.insert(first.begin(), rule_of({established, accept}));
  const CompiledRules alone = compile(at_forward({rule_of({established, accept})}));
  EXPECT_EQ(compile(at_forward(first)).ipv4.size(), alone.ipv4.size());
  last.push_back(rule_of({established, accept}));
  const CompiledRules before = compile(at_forward(last));
  last.insert(last.end(), rules.begin(), rules.end());
  const CompiledRules both_sides = compile(at_forward(last));
  EXPECT_GT(before.ipv4.size(), alone.ipv4.size());
  EXPECT_TRUE(both_sides.same_code(before));
}

TEST(Compile, ARunOfRulesAboutWhatIsNotThere) {
  for (const auto& [operand, why] :
       {std::pair{Operand{Field::link, 12, 2, {}}, "link beyond what is looked at"},
        std::pair{Operand{Field::network, 20, 4, {}}, "network beyond what is looked at"},
        std::pair{Operand{Field::network, 10, 2, {}}, "the header's checksum"}}) {
    std::vector<Rule> rules;
    for (std::uint8_t i = 0; i < 40; ++i) {
      Octets value(operand.length, 0);
      value.back() = i;
      const tna::Test is{operand, true, {Interval{value, value}}};
      rules.push_back({i, {is, Verdict{Decision::drop, ""}}});
    }
    EXPECT_EQ(first_to_linux(at_forward(std::move(rules))), why);
  }
}

TEST(Compile, JumpsWithoutEnd) {
  const auto jump = [](const std::string& chain) {
    return Rule{1, {Verdict{Decision::jump, chain}}};
  };
  const RuleChain self{"self", {}, {jump("self"), jump("self")}};
  EXPECT_EQ(first_to_linux(at_forward({jump("self")}, {self})), "jumps too deep");
}

TEST(Compile, LongChainsThatAreJumpedToFromManyPlaces) {
  std::vector<Rule> many, jumps;
  const auto if_address = [](std::uint8_t offset, int number, Verdict verdict) {
    const Octets address{10, static_cast<std::uint8_t>(number >> 8),
                         static_cast<std::uint8_t>(number), 1};
    const tna::Test is{Operand{Field::network, offset, 4, {}}, true, {Interval{address, address}}};
    return Rule{1, {is, std::move(verdict)}};
  };
  for (int i = 0; i < 60000; ++i) many.push_back(if_address(12, i, {Decision::drop, ""}));
  for (int i = 0; i < 100; ++i) jumps.push_back(if_address(16, i, {Decision::jump, "many"}));
  const RuleSet rules = at_forward(std::move(jumps), {{"many", {}, std::move(many)}});
  EXPECT_EQ(first_to_linux(rules), "too many rules");
}

TEST(Compile, ElementsTakenAreAsIfCompiled) {
  const Lookup asks{{Operand{Field::network, 12, 4, {}}}, "s", true, false};
  RuleSet rules = at_forward({{1, {asks, Verdict{Decision::drop, ""}}}});
  RuleTable& table = rules.tables.front();
  table.sets.push_back({"s", {4}, false, {}, {}, ""});
  const CompiledRules before = compile(rules);
  ElementSet& set = table.sets.front();
  set.elements = {{{{{10, 0, 0, 1}, {10, 0, 0, 1}}}, {}}};
  auto taken = with_elements(before, table, set);
  ASSERT_TRUE(taken);
  EXPECT_TRUE(taken->same_code(before));
  EXPECT_EQ(taken->maps.at(0).elements, compile(rules).maps.at(0).elements);
  set.elements.resize(5000, set.elements.front());
  EXPECT_FALSE(with_elements(before, table, set)) << "there is no room for so many";
  set.elements.resize(1);
  set.otherwise = Verdict{};
  EXPECT_FALSE(with_elements(before, table, set));
  set.otherwise.reset();
  set.elements.front().verdict = {Decision::drop, ""};
  EXPECT_FALSE(with_elements(before, table, set));
}

// Programs stay when rules change that trees look for; what is compared with one by one is code.
TEST(Compile, OtherRulesInATreeAreTheSameCode) {
  const auto if_word = [](std::uint8_t offset, std::uint8_t number, Decision decision) {
    const Octets address{10, number, 0, 1};
    return Rule{
        number,
        {tna::Test{Operand{Field::network, offset, 4, {}}, true, {Interval{address, address}}},
         Count{}, Verdict{decision, ""}}};
  };
  const auto rules = [&](int first, int count, bool turned, Rule last) {
    std::vector<Rule> all;
    for (int i = first; i < first + count; ++i)
      all.push_back(if_word(i % 2 == turned ? 12 : 16, static_cast<std::uint8_t>(i),
                            i % 3 ? Decision::drop : Decision::accept));
    last.steps.insert(last.steps.begin(), SetMark{1, 0});
    all.push_back(std::move(last));
    return compile(at_forward(std::move(all)));
  };
  const Rule last = if_word(12, 250, Decision::drop);
  const CompiledRules before = rules(1, 40, false, last);
  ASSERT_FALSE(before.cells.empty());
  ASSERT_EQ(before.counted.at(0).handle, last.handle) << "those in the code come first";
  EXPECT_TRUE(rules(2, 40, false, last).same_code(before));
  EXPECT_TRUE(rules(100, 60, true, last).same_code(before)) << "words have an order of their own";
  EXPECT_FALSE(rules(1, 40, false, if_word(12, 251, Decision::drop)).same_code(before));
  EXPECT_FALSE(rules(1, 100, false, last).same_code(before))
      << "more counters than there is room for";
}

INSTANTIATE_TEST_SUITE_P(Families, CompileByChance,
                         testing::Values(std::uint8_t{NFPROTO_IPV4}, std::uint8_t{NFPROTO_IPV6}));

}  // namespace
}  // namespace tna
