// SPDX-License-Identifier: Apache-2.0
#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "introspect/decode.h"
#include "unit/recorded.h"

namespace tna {
namespace {

Address address(const std::string& name) {
  return recorded_object<Address>(decode_address, name);
}

NetConf netconf(const std::string& name) {
  return recorded_object<NetConf>(decode_netconf, name);
}

std::vector<std::byte> bytes(std::initializer_list<unsigned> values) {
  std::vector<std::byte> out;
  for (unsigned value : values) out.push_back(static_cast<std::byte>(value));
  return out;
}

TEST(DecodeAddress, IPv4) {
  const Address found = address("address4");
  EXPECT_EQ(found.family, AF_INET);
  EXPECT_EQ(found.prefix_length, 24);
  EXPECT_EQ(found.scope, RT_SCOPE_UNIVERSE);
  EXPECT_EQ(found.bytes, bytes({192, 0, 2, 1}));
}

TEST(DecodeAddress, RemovedIsTheSameAddress) {
  EXPECT_EQ(recorded_object<RemovedAddress>(decode_address, "address4_gone").address,
            address("address4"));
}

TEST(DecodeAddress, OursAndNotThePeers) {
  EXPECT_EQ(address("address4_peer").bytes, bytes({192, 0, 2, 1}));
  EXPECT_EQ(address("address4_peer").prefix_length, 32);
}

TEST(DecodeAddress, IPv6) {
  const Address found = address("address6");
  EXPECT_EQ(found.family, AF_INET6);
  EXPECT_EQ(found.prefix_length, 64);
  EXPECT_EQ(found.bytes, bytes({0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}));
}

TEST(DecodeNetconf, NewInterfaceHasAllValues) {
  const NetConf found = netconf("netconf_new");
  EXPECT_EQ(found.family, AF_INET);
  EXPECT_GT(found.ifindex, 0);
  EXPECT_EQ(found.values.at(NETCONFA_FORWARDING), 0);
  EXPECT_EQ(found.values.at(NETCONFA_RP_FILTER), 0);
  EXPECT_FALSE(found.values.contains(NETCONFA_IFINDEX));
}

TEST(DecodeNetconf, ChangeHasTheChangedValueOnly) {
  EXPECT_EQ(netconf("netconf_change").values,
            (std::map<std::uint16_t, std::int32_t>{{NETCONFA_FORWARDING, 1}}));
}

TEST(DecodeNetconf, AllInterfaces) {
  const NetConf found = netconf("netconf_all");
  EXPECT_EQ(found.family, AF_INET6);
  EXPECT_EQ(found.ifindex, NETCONFA_IFINDEX_ALL);
  EXPECT_EQ(found.values.at(NETCONFA_FORWARDING), 1);
}

TEST(DecodeNetconf, Removed) {
  const auto gone = recorded_object<RemovedNetConf>(decode_netconf, "netconf_gone");
  EXPECT_EQ(gone.family, AF_INET);
  EXPECT_EQ(gone.ifindex, netconf("netconf_new").ifindex);
}

}  // namespace
}  // namespace tna
