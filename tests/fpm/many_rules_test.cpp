// SPDX-License-Identifier: Apache-2.0
// bpf/lib/rule_tree.h, rule_kept.h and src/compile/rule_run.h: hundreds of rules by chance, which
// look at what packets by chance differ in, say what evaluate() says.
#include <linux/netfilter.h>

#include <cstring>
#include <random>

#include "capabilities/probe_netfilter.h"
#include "daemon/rule_keeper.h"
#include "fpm/must.h"
#include "fpm/routing.h"
#include "rules/evaluate.h"

namespace tna::test {
namespace {

class ManyRules : public Routing {
 protected:
  int number(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
  bool one_in(int count) { return number(count) == 0; }

  std::string match() {
    const std::string is = one_in(4) ? "!= " : "", side = one_in(2) ? "s" : "d";
    switch (number(9)) {
      case 0:
        return "ip ttl " + is + std::to_string(60 + number(5)) + " ";
      case 1:
        return "iifname " + is + (one_in(2) ? "\"p1\" " : "\"p*\" ");
      case 2:
        return "oifname " + is + (one_in(2) ? "\"p2\" " : "\"q2\" ");
      case 3:
        return "ip dscp " + is + std::to_string(number(4)) + " ";
      case 4:
        return "ip saddr " + is + "192.0.2." + std::to_string(number(4)) + " ";
      case 5:
        return "ip daddr " + is + "192.0.2.0/" + std::to_string(28 + number(4)) + " ";
      case 6:
        return "udp dport " + is + "{ " + std::to_string(number(40)) + ", 50-60 } ";
      default:
        return "udp " + side + "port " + is + std::to_string(number(20)) + "-" +
               std::to_string(20 + number(10)) + " ";
    }
  }
  std::string rules(int count) {
    std::string text = "flush ruleset\ntable ip t {\n";
    for (const char* chain : {"u", "f"}) {
      text += std::string(" chain ") + chain + " {\n";
      if (*chain == 'f')
        text += "type filter hook forward priority 0; policy drop;\n udp sport > 10 goto u\n";
      for (int i = 0; i < count; ++i) {
        text += "udp sport " + std::to_string(number(20)) + " udp dport " +
                std::to_string(number(20)) + " " + match();
        if (one_in(2)) text += match();
        if (one_in(2)) text += "counter ";
        text += one_in(8)    ? "return\n"
                : one_in(60) ? "limit rate 1/second\n"
                : number(3)  ? "accept\n"
                             : "drop\n";
      }
      text += " }\n";
    }
    return text + "}\n";
  }

  // As it is at the forward hook.
  Facts facts(const Bytes& frame) {
    const auto kept = [](std::uint32_t value) {
      Octets octets(sizeof value);
      std::memcpy(octets.data(), &value, sizeof value);
      return octets;
    };
    const auto name = [](std::string text) {
      text.resize(16);
      return Octets(text.begin(), text.end());
    };
    Facts facts;
    facts[Field::network] = Octets(frame.begin() + 14, frame.begin() + 34);
    --facts[Field::network][8];
    facts[Field::transport] = Octets(frame.begin() + 34, frame.begin() + 42);
    facts[Field::nfproto] = {NFPROTO_IPV4};
    facts[Field::l4proto] = {frame[23]};
    facts[Field::mark] = kept(0);
    facts[Field::length] = kept(static_cast<std::uint32_t>(frame.size() - 14));
    facts[Field::iifname] = name("p1");
    facts[Field::oifname] = name("p2");
    return facts;
  }

  std::mt19937 random_{1};
};
INSTANTIATE_TEST_SUITE_P(, ManyRules, testing::ValuesIn(tested_hooks()), hook_name);

TEST_P(ManyRules, SayWhatEvaluateSays) {
  constexpr int kRuleSets = 3, kRules = 400, kPackets = 1500;
  std::map<Decision, int> seen;
  for (int set = 0; set < kRuleSets; ++set) {
    configure("nft -f - <<'END'\n" + rules(kRules) + "END");
    const RuleSet ruleset = must(read_rules());
    RuleKeeper keeper;
    keeper.follow(must(probe_netfilter(Shared::get().memory(), Shared::get().symbols())));
    const Firewall& firewall = keeper.firewall();
    ASSERT_TRUE(firewall.rules) << firewall.why_not;
    ASSERT_FALSE(firewall.rules->cells.empty()) << "there is no tree";
    load({.route4 = 1, .rules4 = 1, .rules_devices = firewall.rules->devices}, firewall);
    std::map<std::uint64_t, std::uint64_t> counted;
    for (int i = 0; i < kPackets; ++i) {
      Bytes frame =
          (to_router() / IPv4{} /
           Udp{static_cast<std::uint16_t>(number(22)), static_cast<std::uint16_t>(number(22))} /
           Payload{40})
              .bytes();
      if (one_in(3))
        frame = with(frame, {{1, static_cast<std::uint8_t>(number(4) << 2)},
                             {8, static_cast<std::uint8_t>(60 + number(5))}});
      Facts known = facts(frame);
      const Judgement judgement = evaluate(ruleset, NFPROTO_IPV4, RuleHook::forward, known);
      ++seen[judgement.decision];
      const Outcome wanted = judgement.decision == Decision::accept ? goes_on()
                             : judgement.decision == Decision::drop ? drop()
                                                                    : punt(TNA_R_RULE);
      ASSERT_EQ(run(frame), wanted) << "set " << set << " packet " << i;
      if (judgement.decision != Decision::punt)
        for (std::uint64_t handle : judgement.counted) ++counted[handle];
    }
    for (const auto& [handle, counter] : path().rule_counters())
      EXPECT_EQ(counter.packets, counted[handle]) << "rule " << handle;
  }
  EXPECT_GT(seen[Decision::accept], kPackets / 10);
  EXPECT_GT(seen[Decision::drop], kPackets / 10);
  EXPECT_GT(seen[Decision::punt], 10);
}

}  // namespace
}  // namespace tna::test
