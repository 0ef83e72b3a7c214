// SPDX-License-Identifier: Apache-2.0
// bpf/fpm/mangle.h: what rules write to the IP header, at each of the hooks.
#include "capabilities/probe_netfilter.h"
#include "daemon/rule_keeper.h"
#include "fpm/must.h"
#include "fpm/routing.h"

namespace tna::test {
namespace {

class Mangle : public Routing {
 protected:
  void nft(const std::string& chains) {
    configure("nft -f - <<'END'\nflush ruleset\ntable inet t {\n" + chains + "\n}\nEND");
    compile();
  }
  void compile() {
    keeper_ = {};
    keeper_.follow(must(probe_netfilter(Shared::get().memory(), Shared::get().symbols())));
    const Firewall& firewall = keeper_.firewall();
    ASSERT_TRUE(firewall.rules) << firewall.why_not;
    tna_const constants{.route4 = 1, .route6 = 1};
    constants.rules4 = firewall.can_judge(4);
    constants.rules6 = firewall.can_judge(6);
    load(constants, firewall);
  }
  static std::string chain(const std::string& hook, const std::string& rules) {
    return "chain " + hook + " { type filter hook " + hook + " priority 0;\n" + rules + "\n}\n";
  }
  // The byte of the IP header that the frame has left with, whose checksum is right.
  int left4(std::size_t at) {
    EXPECT_EQ(run(ipv4()), goes_on());
    const auto ip = std::span(path().left()).subspan(14);
    EXPECT_EQ(internet_checksum(ip.first(20)), 0);
    return ip[at];
  }
  int left6(std::size_t at) {
    EXPECT_EQ(run(ipv6()), goes_on());
    return path().left()[14 + at];
  }
  RuleKeeper keeper_;
};
INSTANTIATE_TEST_SUITE_P(, Mangle, testing::ValuesIn(tested_hooks()), hook_name);

TEST_P(Mangle, HopsBeforeAndBehindRouting) {
  nft(chain("prerouting", "ip ttl set 9\nip6 hoplimit set 9"));
  EXPECT_EQ(left4(8), 8);
  EXPECT_EQ(left6(7), 8);
  nft(chain("forward", "ip ttl set 9\nip6 hoplimit set 9"));
  EXPECT_EQ(left4(8), 9);
  EXPECT_EQ(left6(7), 9);
  nft(chain("postrouting", "ip ttl 63 ip ttl set 255\nip6 hoplimit 63 ip6 hoplimit set 255"));
  EXPECT_EQ(left4(8), 255);
  EXPECT_EQ(left6(7), 255);
}

TEST_P(Mangle, RoutingNeedsAHop) {
  nft(chain("prerouting", "ip ttl set 1\nip6 hoplimit set 1"));
  EXPECT_EQ(run(ipv4()), punt(TNA_R_RULE));
  EXPECT_EQ(run(ipv6()), punt(TNA_R_RULE));
  nft(chain("prerouting", "ip ttl set 2\nip6 hoplimit set 2") +
      chain("forward", "ip ttl != 1 drop\nip6 hoplimit != 1 drop"));
  EXPECT_EQ(left4(8), 1);
  EXPECT_EQ(left6(7), 1);
}

TEST_P(Mangle, Dscp) {
  nft(chain("forward", "ip dscp set 46\nip6 dscp set 46"));
  EXPECT_EQ(left4(1), 46 << 2);
  EXPECT_EQ(left6(0), 0x60 | 46 >> 2);
  EXPECT_EQ(left6(1), (46 & 3) << 6);
  nft(chain("forward", "ip dscp set 46\nip6 dscp set 46") +
      chain("postrouting", "ip dscp != 46 drop\nip6 dscp != 46 drop"));
  EXPECT_EQ(left4(1), 46 << 2);
  EXPECT_EQ(left6(0), 0x60 | 46 >> 2);
  nft(chain("prerouting", "ip dscp set 46\nip6 dscp set 46"));
  EXPECT_EQ(run(ipv4()), punt(TNA_R_RULE)) << "routes may depend on it";
  EXPECT_EQ(run(ipv6()), punt(TNA_R_RULE));
}

// As nf_tables has it: 0xffff in the place of 0, unless routing writes it anew.
TEST_P(Mangle, SumOfZero) {
  nft(chain("postrouting", "ip ttl set 9"));
  Bytes frame;
  for (unsigned id = 0; id < 0x10000 && frame.empty(); ++id) {
    const Bytes sent = with(ipv4().bytes(), {{4, id >> 8}, {5, id & 0xff}});
    Bytes left = with(sent, {{8, 9}});
    if (!left[24] && !left[25]) frame = sent;
  }
  ASSERT_FALSE(frame.empty());
  EXPECT_EQ(run(frame), goes_on());
  EXPECT_EQ(path().left()[24], 0xff);
  EXPECT_EQ(path().left()[25], 0xff);
  nft(chain("prerouting", "ip ttl set 10"));
  EXPECT_EQ(run(frame), goes_on());
  EXPECT_EQ(path().left()[24], 0);
  EXPECT_EQ(path().left()[25], 0);
}

TEST_P(Mangle, OtherBytesAreLinuxs) {
  for (const char* writes : {"ip saddr set 10.0.0.1", "udp dport set 1", "ip id set 1"}) {
    nft(chain("forward", writes));
    EXPECT_EQ(run(ipv4()), punt(TNA_R_RULE)) << writes;
  }
}

// TTL, HL, DSCP and TOS of xtables, by the back end that is the system's.
TEST_P(Mangle, TargetsOfXtables) {
  const auto rule = [&](const std::string& more) {
    configure("nft flush ruleset; for ip in iptables ip6tables; do " + more + "; done");
    compile();
  };
  const std::string hops =
      R"(if [ $ip = iptables ]; then t="-j TTL --ttl"; else t="-j HL --hl"; fi; )"
      "$ip -t mangle -A ";
  rule(hops + "PREROUTING $t-inc 1");
  EXPECT_EQ(left4(8), 64);
  EXPECT_EQ(left6(7), 64);
  rule(hops + "FORWARD $t-dec 3");
  EXPECT_EQ(left4(8), 60);
  EXPECT_EQ(left6(7), 60);
  rule(hops + "POSTROUTING $t-inc 200");
  EXPECT_EQ(left4(8), 255);
  EXPECT_EQ(left6(7), 255);
  rule(hops + "POSTROUTING $t-dec 200");
  EXPECT_EQ(left4(8), 0);
  EXPECT_EQ(left6(7), 0);
  rule("$ip -t mangle -A FORWARD -j DSCP --set-dscp 46");
  EXPECT_EQ(left4(1), 46 << 2);
  EXPECT_EQ(left6(1), (46 & 3) << 6);
  rule("$ip -t mangle -A FORWARD -j TOS --set-tos 0x12/0xff");
  EXPECT_EQ(left4(1), 0x12);
  EXPECT_EQ(left6(0), 0x61);
  EXPECT_EQ(left6(1), 0x20);
}

// A type is what routing says of the destination alone, where nothing else is asked before.
TEST_P(Mangle, TypesOfDestinations) {
  const std::string local = "fib daddr type local drop", unicast = "fib daddr type unicast drop";
  for (const char* hook : {"prerouting", "forward"}) {
    nft(chain(hook, local));
    EXPECT_EQ(run(ipv4()), goes_on()) << hook;
    EXPECT_EQ(run(ipv6()), goes_on()) << hook;
    nft(chain(hook, unicast));
    EXPECT_EQ(run(ipv4()), drop()) << hook;
    EXPECT_EQ(run(ipv6()), drop()) << hook;
  }
  configure(
      "nft flush ruleset; for ip in iptables ip6tables; do "
      "$ip -A FORWARD -m addrtype ! --dst-type LOCAL -j DROP; done");
  compile();
  EXPECT_EQ(run(ipv4()), drop());
  EXPECT_EQ(run(ipv6()), drop());
  configure("ip rule add fwmark 9 lookup 9; ip -6 rule add fwmark 9 lookup 9");
  compile();
  EXPECT_EQ(run(ipv4()), punt(TNA_R_RULE));
  EXPECT_EQ(run(ipv6()), punt(TNA_R_RULE));
  nft(chain("forward", "fib saddr type local drop"));
  EXPECT_EQ(run(ipv4()), punt(TNA_R_RULE));
}

}  // namespace
}  // namespace tna::test
