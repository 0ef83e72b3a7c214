// SPDX-License-Identifier: Apache-2.0
// The kernel's rules as they are read, turned into a RuleSet and evaluated, against the kernel
// itself: a packet that a rule drops at output can't be sent.
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <sys/socket.h>

#include <cstring>
#include <map>

#include "base/fd.h"
#include "unit/own_rules.h"
#include "unit/rules_random.h"

namespace tna {
namespace {

constexpr int kPacketsEach = 2000, kRuleSets = 30;

class RulesAndKernel : public OwnRules {
 protected:
  void SetUp() override {
    OwnNamespace::SetUp();
    if (IsSkipped()) return;
    run("ip link set lo up && ip addr add 10.9.9.9/32 dev lo && ip route add default dev lo");
    socket_ = Fd(::socket(AF_INET, SOCK_RAW, IPPROTO_RAW));
    ASSERT_TRUE(socket_);
  }

  // Whether the kernel lets it out.
  bool sends(const Octets& packet, std::uint32_t mark) {
    EXPECT_EQ(setsockopt(socket_.get(), SOL_SOCKET, SO_MARK, &mark, sizeof mark), 0);
    sockaddr_in to{.sin_family = AF_INET};
    std::memcpy(&to.sin_addr, packet.data() + 16, 4);
    auto sent = ::sendto(socket_.get(), packet.data(), packet.size(), 0,
                         reinterpret_cast<sockaddr*>(&to), sizeof to);
    EXPECT_TRUE(sent > 0 || errno == EPERM) << std::strerror(errno);
    return sent > 0;
  }

  static Octets as_kept(std::uint32_t number) {
    Octets octets(sizeof number);
    std::memcpy(octets.data(), &number, sizeof number);
    return octets;
  }

  static Facts facts(const Octets& packet, std::uint32_t mark) {
    Facts facts;
    facts[Field::network] = packet;
    facts[Field::transport] = Octets(packet.begin() + 20, packet.end());
    facts[Field::nfproto] = {NFPROTO_IPV4};
    facts[Field::l4proto] = {packet[9]};
    facts[Field::protocol] = {8, 0};
    facts[Field::length] = as_kept(packet.size());
    facts[Field::mark] = as_kept(mark);
    facts[Field::pkttype] = {0};
    facts[Field::oif] = as_kept(1);
    facts[Field::oifname] = {'l', 'o'};
    facts[Field::oifname].resize(16);
    return facts;
  }

  // Sends packets, and compares what the kernel did and counted with what the form says.
  void compare(RandomRules& random, const std::string& text) {
    const RuleSet rules = rules_from_nft(read());
    std::map<std::uint64_t, std::uint64_t> counted;
    int accepted = 0;
    for (int i = 0; i < kPacketsEach; ++i) {
      Octets packet = random.packet();
      std::uint32_t mark = random.mark();
      Facts known = facts(packet, mark);
      Judgement judgement = evaluate(rules, NFPROTO_IPV4, RuleHook::output, known);
      for (std::uint64_t handle : judgement.counted) ++counted[handle];
      ASSERT_NE(judgement.decision, Decision::punt) << judgement.why << " in\n" << text;
      bool accepts = judgement.decision == Decision::accept;
      accepted += accepts;
      ASSERT_EQ(sends(packet, mark), accepts) << text;
    }
    accepted_ += accepted;
    expect_counters(counted, text);
  }

  static void expect_counters(const std::map<std::uint64_t, std::uint64_t>& counted,
                              const std::string& text) {
    for (const nft::Table& table : read().tables)
      for (const nft::Chain& chain : table.chains)
        for (const nft::Rule& rule : chain.rules)
          for (const nft::Expression& expression : rule.does) {
            auto* counter = std::get_if<nft::Counter>(&expression);
            if (!counter) continue;
            auto mine = counted.find(rule.handle);
            EXPECT_EQ(counter->packets, mine == counted.end() ? 0 : mine->second)
                << "rule " << rule.handle << " of\n"
                << text;
          }
  }

  // Else it would be no test.
  void expect_some_of_both() const {
    EXPECT_GT(accepted_, kRuleSets * kPacketsEach / 10);
    EXPECT_LT(accepted_, kRuleSets * kPacketsEach * 9 / 10);
  }

  Fd socket_;
  int accepted_ = 0;
};

TEST_F(RulesAndKernel, NftRulesByChance) {
  for (int seed = 1; seed <= kRuleSets && !HasFatalFailure(); ++seed) {
    RandomRules random(seed);
    std::string text = random.nft(seed % 2 ? "ip" : "inet");
    feed("nft -f -", text);
    if (!HasFatalFailure()) compare(random, text);
  }
  expect_some_of_both();
}

TEST_F(RulesAndKernel, IptablesRulesByChance) {
  for (int seed = 1; seed <= kRuleSets && !HasFatalFailure(); ++seed) {
    RandomRules random(seed);
    std::string text = random.iptables();
    feed("iptables-nft-restore", text);
    if (!HasFatalFailure()) compare(random, text);
  }
  expect_some_of_both();
}

TEST_F(RulesAndKernel, LegacyRulesByChance) {
  if (!has_legacy()) GTEST_SKIP() << "no iptables-legacy in this kernel";
  for (int seed = 1; seed <= kRuleSets && !HasFatalFailure(); ++seed) {
    RandomRules random(seed);
    std::string text = random.iptables();
    feed("iptables-legacy-restore", text);
    if (!HasFatalFailure()) compare(random, text);
  }
  expect_some_of_both();
}

}  // namespace
}  // namespace tna
