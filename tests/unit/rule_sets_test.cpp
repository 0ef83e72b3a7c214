// SPDX-License-Identifier: Apache-2.0
// Rule sets of the form that ufw, firewalld, Docker and Kubernetes write (tests/rules/sets): they
// are read, they say what they are meant to, and they become code of a bounded size, of which only
// what TNA can't do is left to Linux.
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <netinet/in.h>

#include <cstring>
#include <set>

#include "unit/compiled_rules.h"
#include "unit/own_rules.h"

namespace tna {
namespace {

using Reasons = std::set<std::string>;

Octets as_kept(std::uint32_t number) {
  Octets octets(sizeof number);
  std::memcpy(octets.data(), &number, sizeof number);
  return octets;
}
Octets name(std::string text) {
  text.resize(16);
  return Octets(text.begin(), text.end());
}

// A TCP packet of IPv4 or IPv6 that is forwarded.
Facts packet(const std::string& in, const std::string& out, const std::string& source,
             const std::string& destination, std::uint16_t port,
             std::uint32_t state = NF_CT_STATE_BIT(IP_CT_NEW)) {
  const bool v4 = source.find(':') == std::string::npos;
  Facts facts;
  Octets& network = facts[Field::network];
  network.resize(v4 ? 20 : 40);
  network[v4 ? 9 : 6] = IPPROTO_TCP;
  network[v4 ? 8 : 7] = 63;
  ::inet_pton(v4 ? AF_INET : AF_INET6, source.c_str(), network.data() + (v4 ? 12 : 8));
  ::inet_pton(v4 ? AF_INET : AF_INET6, destination.c_str(), network.data() + (v4 ? 16 : 24));
  facts[Field::transport] = Octets(20, 0);
  facts[Field::transport][2] = static_cast<std::uint8_t>(port >> 8);
  facts[Field::transport][3] = static_cast<std::uint8_t>(port);
  facts[Field::nfproto] = {static_cast<std::uint8_t>(v4 ? NFPROTO_IPV4 : NFPROTO_IPV6)};
  facts[Field::l4proto] = {IPPROTO_TCP};
  facts[Field::length] = as_kept(static_cast<std::uint32_t>(network.size() + 20));
  facts[Field::mark] = as_kept(0);
  facts[Field::iifname] = name(in);
  facts[Field::oifname] = name(out);
  facts[Field::ct_state] = as_kept(state);
  facts[Field::ct_status] = as_kept(IPS_CONFIRMED);
  return facts;
}

// In the chains of the hook, but for those of translation.
Judgement judge(const RuleSet& rules, RuleHook hook, Facts facts) {
  return evaluate(rules, facts[Field::nfproto].at(0), hook, facts);
}

// Rules about connections may or may not be compiled. Here their place is taken by tests of the
// mark, and chains for new connections are left out: so what comes after them is compiled.
RuleSet without_connections(RuleSet rules) {
  const auto replace = [](Operand& operand) {
    if (operand.field == Field::ct_state || operand.field == Field::ct_status)
      operand.field = Field::mark;
  };
  for (RuleTable& table : rules.tables)
    for (RuleChain& chain : table.chains) {
      if (chain.base && chain.base->new_flows_only) chain.base.reset();
      for (Rule& rule : chain.rules)
        for (Step& step : rule.steps) {
          if (auto* test = std::get_if<Test>(&step)) replace(test->of);
          if (auto* lookup = std::get_if<Lookup>(&step))
            std::ranges::for_each(lookup->key, replace);
        }
    }
  return rules;
}

Reasons reasons(const CompiledRules& compiled) {
  Reasons found;
  for (const auto& [rule, why] : compiled.to_linux) found.insert(why);
  return found;
}

class RuleSets : public OwnRules {
 protected:
  static void load(const std::string& script, const std::string& command) {
    run(TNA_SOURCE_DIR "/tests/rules/sets/" + script + " | " + command);
  }
  static RuleSet rules() { return rules_from_nft(read()); }

  // As it is: code for both families, whatever ct rules are made of.
  static void expect_code(const RuleSet& rules) {
    const CompiledRules compiled = compile(rules);
    EXPECT_EQ(compiled.why_not4, "");
    EXPECT_EQ(compiled.why_not6, "");
    EXPECT_FALSE(compiled.ipv4.empty());
    EXPECT_FALSE(compiled.ipv6.empty());
  }
  // With all rules in it: this is left to Linux, and the kernel takes the code.
  static void expect_code(const RuleSet& rules, std::uint8_t family, std::size_t most,
                          const Reasons& to_linux) {
    const CompiledRules compiled = compile(without_connections(rules));
    const auto& code = family == NFPROTO_IPV4 ? compiled.ipv4 : compiled.ipv6;
    EXPECT_EQ(reasons(compiled), to_linux);
    EXPECT_LE(code.size(), most);
    EXPECT_GT(code.size(), most / 10) << "else the bound says nothing";
    auto loaded = RulesInKernel::load(compiled, family);
    ASSERT_TRUE(loaded) << loaded.error().message;
    // It has to be quick, and there are a million instructions for all of the program.
    EXPECT_LT(loaded->verified(), 200000u);
  }
};

TEST_F(RuleSets, Ufw) {
  for (const std::string back_end : {"nft", "legacy"}) {
    if (back_end == "legacy" && !has_legacy()) continue;
    for (const std::string command : {"iptables", "ip6tables"})
      load("ufw.sh " + command, command + "-" + back_end + "-restore");
    const RuleSet set = rules();
    expect_code(set);
    // What else there is stands in input's chains.
    expect_code(set, NFPROTO_IPV4, 600, {"limit", "REJECT"});
    expect_code(set, NFPROTO_IPV6, 600, {"limit", "REJECT"});
    auto forward = [&](const Facts& facts) { return judge(set, RuleHook::forward, facts); };
    EXPECT_EQ(forward(packet("eth0", "eth1", "192.0.2.1", "10.1.0.1", 80,
                             NF_CT_STATE_BIT(IP_CT_ESTABLISHED)))
                  .decision,
              Decision::accept);
    EXPECT_EQ(forward(packet("eth1", "eth0", "10.1.0.1", "192.0.2.1", 80)).decision,
              Decision::accept);
    EXPECT_EQ(forward(packet("eth0", "eth2", "192.0.2.1", "10.2.0.1", 443)).decision,
              Decision::accept);
    EXPECT_EQ(forward(packet("eth2", "eth1", "192.0.2.1", "192.0.2.1", 443)).decision,
              Decision::drop);
    EXPECT_EQ(forward(packet("eth0", "eth1", "10.2.0.1", "10.1.0.1", 443)).decision,
              Decision::punt);
    EXPECT_EQ(forward(packet("eth0", "eth2", "192.0.2.1", "10.2.0.1", 25)).why, "limit");
    EXPECT_EQ(forward(packet("eth1", "eth0", "fd01::1", "2001:db8::1", 80)).decision,
              Decision::accept);
    EXPECT_EQ(forward(packet("eth0", "eth2", "2001:db8::1", "fd02::1", 25)).why, "limit");
    run("nft flush ruleset");
  }
}

TEST_F(RuleSets, Firewalld) {
  load("firewalld.sh", "nft -f -");
  const RuleSet set = rules();
  expect_code(set);
  expect_code(set, NFPROTO_IPV4, 600, {"fib", "log", "reject"});
  expect_code(set, NFPROTO_IPV6, 600, {"fib", "log", "reject"});
  auto forward = [&](const Facts& facts) { return judge(set, RuleHook::forward, facts); };
  EXPECT_EQ(forward(packet("eth1", "eth2", "10.1.0.1", "10.2.0.1", 25)).decision, Decision::accept);
  EXPECT_EQ(forward(packet("eth1", "eth0", "10.1.0.1", "192.0.2.1", 25)).decision,
            Decision::accept);
  EXPECT_EQ(forward(packet("eth0", "eth2", "192.0.2.1", "10.2.0.1", 443)).decision,
            Decision::accept);
  EXPECT_EQ(forward(packet("eth0", "eth2", "198.51.100.9", "10.2.0.1", 443)).decision,
            Decision::drop);
  EXPECT_EQ(forward(packet("eth0", "eth2", "192.0.2.1", "10.2.0.1", 23)).why, "log");
  EXPECT_EQ(forward(packet("eth0", "eth1", "192.0.2.1", "10.1.0.1", 25)).why, "reject");
  EXPECT_EQ(forward(packet("eth0", "eth1", "2001:db8::1", "2002:a00::1", 25)).why, "reject");
  EXPECT_EQ(forward(packet("eth1", "eth2", "fd01::1", "fd02::1", 25)).decision, Decision::accept);
}

// The chain DOCKER has rules for all networks, and is jumped to once for each.
TEST_F(RuleSets, Docker) {
  const Reasons once_more{"too many rules, with those of DOCKER once more",
                          "too many rules, with those of DOCKER-ISOLATION-STAGE-2 once more"};
  for (const std::string back_end : {"nft", "legacy"})
    for (int networks : {3, 30, 100}) {
      if (back_end == "legacy" && !has_legacy()) continue;
      load("docker.sh " + std::to_string(networks), "iptables-" + back_end + "-restore");
      const RuleSet set = rules();
      expect_code(set);
      expect_code(set, NFPROTO_IPV4, 400 + 220 * networks, networks <= 30 ? Reasons{} : once_more);
      auto forward = [&](const Facts& facts) {
        return judge(set, RuleHook::forward, facts).decision;
      };
      EXPECT_EQ(forward(packet("eth0", "docker0", "192.0.2.1", "172.17.0.2", 80)),
                Decision::accept);
      EXPECT_EQ(forward(packet("eth0", "docker0", "192.0.2.1", "172.17.0.2", 81)), Decision::drop);
      EXPECT_EQ(forward(packet("docker0", "eth0", "172.17.0.2", "192.0.2.1", 81)),
                Decision::accept);
      EXPECT_EQ(forward(packet("docker0", "br-0000005a0001", "172.17.0.2", "172.17.1.2", 80)),
                Decision::drop)
          << "isolation";
      run("nft flush ruleset");
    }
}

TEST_F(RuleSets, KubernetesByIptables) {
  for (const std::string back_end : {"nft", "legacy"}) {
    if (back_end == "legacy" && !has_legacy()) continue;
    load("kube_iptables.sh 1000", "iptables-" + back_end + "-restore");
    const RuleSet set = rules();
    expect_code(set);
    expect_code(set, NFPROTO_IPV4, 300, {"REJECT"});
    auto forward = [&](const Facts& facts) { return judge(set, RuleHook::forward, facts); };
    EXPECT_EQ(forward(packet("eth0", "cni0", "10.244.9.1", "10.244.0.7", 8080)).decision,
              Decision::accept);
    EXPECT_EQ(forward(packet("eth0", "cni0", "10.244.9.1", "10.96.0.20", 80)).why, "REJECT");
    EXPECT_EQ(
        forward(packet("eth0", "cni0", "10.244.9.1", "10.244.0.7", 8080, NF_CT_STATE_INVALID_BIT))
            .decision,
        Decision::drop);
    run("nft flush ruleset");
  }
}

TEST_F(RuleSets, KubernetesByNftables) {
  for (int firewalls : {20, 500}) {
    load("kube_nft.sh 1000 " + std::to_string(firewalls), "nft -f -");
    const RuleSet set = rules();
    expect_code(set);
    for (std::uint8_t family : {NFPROTO_IPV4, NFPROTO_IPV6})
      expect_code(set, family, firewalls == 20 ? 700 : 13000, {"reject"});
    auto forward = [&](const std::string& from, const std::string& to, std::uint16_t port) {
      return judge(set, RuleHook::forward, packet("eth0", "cni0", from, to, port));
    };
    EXPECT_EQ(forward("10.244.9.1", "10.244.0.7", 8080).decision, Decision::accept);
    EXPECT_EQ(forward("10.244.9.1", "10.96.0.20", 80).why, "reject") << "no endpoints";
    EXPECT_EQ(forward("10.244.9.1", "10.96.0.21", 81).why, "reject") << "no such port";
    EXPECT_EQ(forward("fd00:244::9", "fd00:96::14", 80).why, "reject");
    auto early = [&](const std::string& from, const std::string& to) {
      return judge(set, RuleHook::prerouting, packet("eth0", "", from, to, 10001)).decision;
    };
    EXPECT_NE(early("192.0.3.233", "192.0.0.1"), Decision::drop) << "from where it may come";
    EXPECT_EQ(early("192.0.3.234", "192.0.0.1"), Decision::drop);
    EXPECT_NE(early("fd00:c0::3e9", "fd00:c0::1"), Decision::drop);
    EXPECT_EQ(early("fd00:c0::3ea", "fd00:c0::1"), Decision::drop);
    run("nft flush ruleset");
  }
}

// Only the place that is too large goes to Linux.
TEST_F(RuleSets, MoreThanThereIsRoomFor) {
  load("kube_nft.sh 1500 1500", "nft -f -");
  const RuleSet set = rules();
  expect_code(set);
  expect_code(set, NFPROTO_IPV4, 30000, {"reject", "too many rules"});
  for (const auto& [rule, why] : compile(without_connections(set)).to_linux)
    EXPECT_TRUE(why == "reject" || rule.chain.starts_with("firewall-")) << rule.chain;
}

}  // namespace
}  // namespace tna
