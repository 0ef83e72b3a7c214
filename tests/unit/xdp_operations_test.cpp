// SPDX-License-Identifier: Apache-2.0
#include "capabilities/xdp_operations.h"

#include <net/if.h>

#include "capabilities/probe_devices.h"
#include "capabilities/symbols.h"
#include "capabilities/tap_list.h"
#include "introspect/kernel_reader.h"
#include "unit/own_namespace.h"

namespace tna {
namespace {

class XdpOperationsTest : public OwnNamespace {
 protected:
  void SetUp() override {
    OwnNamespace::SetUp();
    if (IsSkipped()) return;
    auto memory = KernelMemory::open();
    ASSERT_TRUE(memory) << memory.error().message;
    memory_.emplace(std::move(*memory));
    run("ip link add v0 type veth peer name p0 && ip link set v0 up && ip link set p0 up");
    run("ethtool -K p0 gro off");
  }

  std::uint64_t operations(const std::string& name, const std::string& kind) {
    return xdp_operations(*memory_, if_nametoindex(name.c_str()), kind);
  }
  // What the device says by itself, of basic, redirect and ndo_xmit; nullopt before 6.3.
  std::optional<std::uint64_t> told(const std::string& name) {
    const IfIndex ifindex = if_nametoindex(name.c_str());
    auto reader = KernelReader::open();
    EXPECT_TRUE(reader);
    auto event = reader->link(ifindex);
    EXPECT_TRUE(event);
    std::map<IfIndex, DeviceCapabilities> into;
    probe_devices(*memory_, {{ifindex, std::get<Link>(*event)}}, {ifindex}, into);
    if (!into[ifindex].xdp_features_known) return std::nullopt;
    return into[ifindex].xdp_features & 7;
  }

  std::optional<KernelMemory> memory_;
};

TEST_F(XdpOperationsTest, FindsWhatTheDeviceTells) {
  EXPECT_EQ(operations("v0", "veth"), 3u);
  EXPECT_EQ(told("v0").value_or(3), 3u);
  run("ethtool -K p0 gro on");
  EXPECT_EQ(operations("v0", "veth"), 7u);
  EXPECT_EQ(told("v0").value_or(7), 7u);
  run("ip link set p0 down");
  EXPECT_EQ(operations("v0", "veth"), 3u) << "its peer polls no more";
}

TEST_F(XdpOperationsTest, TapAlwaysTakesRedirects) {
  run("ip tuntap add dev tap0 mode tap");
  EXPECT_EQ(operations("tap0", "tun"), 7u);
  EXPECT_EQ(told("tap0").value_or(7), 7u);
}

TEST_F(XdpOperationsTest, NoneWithoutADriverThatHasThem) {
  EXPECT_EQ(operations("lo", ""), 0u);
  run("ip link add br0 type bridge");
  EXPECT_EQ(operations("br0", "bridge"), 0u);
}

TEST_F(XdpOperationsTest, ListOfTapsIsAListThatIsEmpty) {
  auto net = memory_->net();
  ASSERT_TRUE(net);
  const std::uint64_t list = tap_list(*memory_, *net);
  ASSERT_NE(list, 0u);
  // One for all namespaces may have sockets of others.
  if (list > *net && list < *net + memory_->size("net").value_or(0)) {
    EXPECT_EQ(memory_->read<std::uint64_t>(list).value_or(0), list);
  }
}

TEST_F(XdpOperationsTest, VariableByName) {
  // A function: not every kernel lists its variables.
  EXPECT_NE(Symbols::address("register_netdevice"), 0u);
  EXPECT_EQ(Symbols::address("no_such_variable_in_any_kernel"), 0u);
}

}  // namespace
}  // namespace tna
