// SPDX-License-Identifier: Apache-2.0
// bpf/fpm/bridge_nf.h: br_netfilter's hooks are registered in every namespace that has a bridge,
// where it is loaded or built in; its sysctls are on by default.
#include "fpm/fpm_test.h"

namespace tna::test {
namespace {

class BridgeNf : public FpmTest {
 protected:
  BridgeNf() { load({.bridge = 1, .bridge_nf4 = 1, .bridge_nf6 = 1}); }
  void SetUp() override {
    if (guard().call_iptables) return;
    kernel_lacks(TNA_R_BRIDGE_NF, "br_netfilter is not loaded");
    kernel_lacks(TNA_R_IP_INVALID, "br_netfilter is not loaded");
    GTEST_SKIP() << "br_netfilter is not loaded";
  }
  void sysctl(const std::string& name, int value) {
    configure("echo " + std::to_string(value) + " >/proc/sys/net/bridge/bridge-nf-" + name);
  }
  // A frame that BPF_PROG_TEST_RUN takes for no packet at tc.
  std::optional<Outcome> run_short(const Packet& packet) {
    if (at_xdp()) return run(packet);
    return on_the_wire("p1", [&] { world.wire("s1").send(packet.bytes()); });
  }
  Packet ipv4(IPv4 header, std::size_t size = 40) { return to_b / header / Udp{} / Payload{size}; }
  Packet ipv6(IPv6 header, std::size_t size = 40) { return to_b / header / Udp{} / Payload{size}; }
};
INSTANTIATE_TEST_SUITE_P(, BridgeNf, testing::ValuesIn(tested_hooks()), hook_name);

TEST_P(BridgeNf, RightHeadersGoOnAsTheyAre) {
  EXPECT_EQ(run(ipv4({})), goes_on());
  EXPECT_EQ(path().left(), ipv4({}).bytes());
  EXPECT_EQ(run(ipv6({})), goes_on());
  EXPECT_EQ(path().left(), ipv6({}).bytes());
  EXPECT_EQ(run(Ethernet{b, a, 0x88b5} / Payload{46}), goes_on()) << "no IP";
}

TEST_P(BridgeNf, ChecksumOfAnyHeader) {
  for (int id = 0; id < 0x10000; id += 0x1337) {
    Bytes frame = ipv4({}).bytes();
    frame[18] = id >> 8;
    frame[19] = id;
    EXPECT_EQ(run(frame), id == 1 ? goes_on() : punt(TNA_R_IP_INVALID)) << id;
    frame[24] = frame[25] = 0;
    std::uint16_t sum = internet_checksum(std::span(frame).subspan(14, 20));
    frame[24] = sum >> 8;
    frame[25] = sum;
    EXPECT_EQ(run(frame), goes_on()) << id;
  }
}

TEST_P(BridgeNf, HeaderThatLinuxDropsOrReadsOn) {
  EXPECT_EQ(run(ipv4({.checksum = 0})), punt(TNA_R_IP_INVALID));
  EXPECT_EQ(run(ipv4({.ihl = 6})), punt(TNA_R_IP_INVALID)) << "options";
  EXPECT_EQ(run(ipv4({.version = 6})), punt(TNA_R_IP_INVALID));
  EXPECT_EQ(run(ipv4({.total_length = 19})), punt(TNA_R_IP_INVALID)) << "shorter than its header";
  EXPECT_EQ(run(ipv4({.total_length = 69}, 40)), punt(TNA_R_IP_INVALID)) << "a byte is missing";
  EXPECT_EQ(run(ipv4({.total_length = 0})), punt(TNA_R_IP_INVALID));
  EXPECT_EQ(run_short(Ethernet{b, a, 0x0800} / Payload{19}), punt(TNA_R_IP_INVALID))
      << "no whole header";
}

TEST_P(BridgeNf, HeaderOfIpv6) {
  EXPECT_EQ(run(ipv6({.version = 4})), punt(TNA_R_IP_INVALID));
  EXPECT_EQ(run(ipv6({.payload_length = 49}, 40)), punt(TNA_R_IP_INVALID)) << "a byte is missing";
  EXPECT_EQ(run(ipv6({.next_header = 0})), punt(TNA_R_IP_INVALID)) << "hop-by-hop options";
  EXPECT_EQ(run_short(Ethernet{b, a, 0x86dd} / Payload{39}), punt(TNA_R_IP_INVALID))
      << "no whole header";
}

TEST_P(BridgeNf, PaddingIsCutOff) {
  Packet small = to_b / IPv4{} / Udp{} / Payload{4};
  EXPECT_EQ(run(small.padded()), goes_on());
  EXPECT_EQ(path().left(), small.bytes());
  Packet small6 = to_b / IPv6{.payload_length = 0} / Payload{20};
  EXPECT_EQ(run(small6.bytes()), goes_on());
  EXPECT_EQ(path().left().size(), 54u);
  EXPECT_EQ(run((to_b / IPv4{.total_length = 20} / Payload{1000}).bytes()), goes_on());
  EXPECT_EQ(path().left().size(), 34u);
}

TEST_P(BridgeNf, PacketThatLinuxWouldFragment) {
  configure("ip link set p2 mtu 1300");
  EXPECT_EQ(run(ipv4({}, 1300 - 28)), goes_on());
  EXPECT_EQ(run(ipv4({}, 1301 - 28)), punt(TNA_R_IP_INVALID));
  EXPECT_EQ(run(ipv6({}, 1300 - 48)), goes_on());
  EXPECT_EQ(run(ipv6({}, 1301 - 48)), punt(TNA_R_IP_INVALID));
  EXPECT_EQ(run(to_b / Payload{1301}), goes_on()) << "no IP";
}

TEST_P(BridgeNf, PacketThatWillBeCut) {
  if (at_xdp()) GTEST_SKIP() << "tc only";
  EXPECT_EQ(run(ipv4({}, 3000).bytes(), "p1", 1400), goes_on());
}

TEST_P(BridgeNf, SysctlOffNothingIsChecked) {
  sysctl("call-iptables", 0);
  Bytes padded = (to_b / IPv4{.checksum = 0} / Udp{}).padded();
  EXPECT_EQ(run(padded), goes_on());
  EXPECT_EQ(path().left(), padded);
  EXPECT_EQ(run(ipv6({.version = 4})), punt(TNA_R_IP_INVALID)) << "that of IPv6 is still on";
  sysctl("call-ip6tables", 0);
  EXPECT_EQ(run(ipv6({.version = 4})), goes_on());
}

TEST_P(BridgeNf, OptionOfTheBridgeCountsAsWell) {
  sysctl("call-iptables", 0);
  sysctl("call-ip6tables", 0);
  configure("ip link set br0 type bridge nf_call_iptables 1");
  EXPECT_EQ(run(ipv4({.checksum = 0})), punt(TNA_R_IP_INVALID));
  EXPECT_EQ(run(ipv6({.version = 4})), goes_on());
  configure("ip link set br0 type bridge nf_call_ip6tables 1");
  EXPECT_EQ(run(ipv6({.version = 4})), punt(TNA_R_IP_INVALID));
}

TEST_P(BridgeNf, RulesThatWereThere) {
  configure(
      "nft add table ip t && nft add chain ip t c '{ type filter hook forward priority 0; }'");
  load({.bridge = 1, .bridge_nf4 = 1, .bridge_nf6 = 1});
  EXPECT_EQ(run(udp), punt(TNA_R_BRIDGE_NF));
  EXPECT_EQ(run(ipv6({})), goes_on()) << "rules for IPv4 alone";
  EXPECT_EQ(run(Ethernet{b, a, 0x88b5} / Payload{46}), goes_on()) << "no IP";
  sysctl("call-iptables", 0);
  EXPECT_EQ(run(udp), goes_on()) << "bridged packets do not pass them";
}

TEST_P(BridgeNf, RulesThatCameLater) {
  for (const char* family : {"ip", "ip6"})
    for (const char* hook : {"prerouting", "forward", "postrouting"}) {
      load({.bridge = 1, .bridge_nf4 = 1, .bridge_nf6 = 1});
      configure(std::string("nft add table ") + family + " t && nft add chain " + family +
                " t c '{ type filter hook " + hook + " priority 0; }'");
      bool is_four = family == std::string("ip");
      EXPECT_EQ(run(is_four ? udp : ipv6({})), punt(TNA_R_BRIDGE_NF)) << family << ' ' << hook;
      EXPECT_EQ(run(is_four ? ipv6({}) : udp), goes_on()) << family << ' ' << hook;
      configure(std::string("nft delete table ") + family + " t");
    }
}

TEST_P(BridgeNf, WithoutIpv6ModuleItIsLinux) {
  load({.bridge = 1, .bridge_nf4 = 1});
  EXPECT_EQ(run(ipv6({})), punt(TNA_R_BRIDGE_NF));
  EXPECT_EQ(run(udp), goes_on());
  sysctl("call-ip6tables", 0);
  EXPECT_EQ(run(ipv6({})), goes_on());
}

TEST_P(BridgeNf, BehindTagsOnlyWhereItIsToldTo) {
  Packet tagged = to_b / Vlan{} / IPv4{.checksum = 0} / Udp{};
  Packet pppoe = Ethernet{b, a, 0x8864} / Payload{46};
  for (const char* name : {"filter-vlan-tagged", "filter-pppoe-tagged"}) {
    EXPECT_EQ(run(tagged), goes_on());
    EXPECT_EQ(run(pppoe), goes_on());
    sysctl(name, 1);
    EXPECT_EQ(run(name == std::string("filter-vlan-tagged") ? tagged : pppoe),
              punt(TNA_R_BRIDGE_NF));
    EXPECT_EQ(run(udp), goes_on()) << "no tag";
    sysctl(name, 0);
  }
}

}  // namespace
}  // namespace tna::test
