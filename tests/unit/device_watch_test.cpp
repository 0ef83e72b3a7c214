// SPDX-License-Identifier: Apache-2.0
#include "capabilities/device_watch.h"

#include <net/if.h>

#include "capabilities/probe_devices.h"
#include "introspect/kernel_reader.h"
#include "unit/own_namespace.h"

namespace tna {
namespace {

class DeviceWatchTest : public OwnNamespace {
 protected:
  void SetUp() override {
    OwnNamespace::SetUp();
    if (IsSkipped()) return;
    run("ip link add v0 type veth peer name p0 && ip link set v0 up && ip link set p0 up");
    run("ethtool -K p0 gro off");
    auto watch = DeviceWatch::open();
    ASSERT_TRUE(watch) << watch.error().message;
    watch_.emplace(std::move(*watch));
  }

  std::set<IfIndex> changed() {
    auto devices = watch_->read();
    EXPECT_TRUE(devices) << devices.error().message;
    EXPECT_TRUE(devices->has_value()) << "messages were lost";
    return devices->value_or(std::set<IfIndex>{});
  }

  DeviceCapabilities probe(const std::string& name) {
    const IfIndex ifindex = if_nametoindex(name.c_str());
    auto reader = KernelReader::open();
    EXPECT_TRUE(reader);
    auto event = reader->link(ifindex);
    EXPECT_TRUE(event);
    auto memory = KernelMemory::open();
    EXPECT_TRUE(memory) << memory.error().message;
    std::map<IfIndex, DeviceCapabilities> into;
    probe_devices(*memory, {{ifindex, std::get<Link>(*event)}}, {ifindex}, into);
    return into[ifindex];
  }

  std::optional<DeviceWatch> watch_;
};

TEST_F(DeviceWatchTest, ProbesAVeth) {
  const DeviceCapabilities device = probe("v0");
  EXPECT_EQ(device.driver, "veth");
  EXPECT_EQ(device.peer, if_nametoindex("p0"));
  EXPECT_FALSE(device.peer_netnsid);
  EXPECT_TRUE(device.rx_vlan_offload);
}

TEST_F(DeviceWatchTest, NothingIsToldWhereNothingChanged) {
  EXPECT_EQ(changed(), std::set<IfIndex>{});
  run("ip address add 192.0.2.1/24 dev v0");
  EXPECT_EQ(changed(), std::set<IfIndex>{});
}

TEST_F(DeviceWatchTest, OffloadChanged) {
  run("ethtool -K v0 rxvlan off");
  EXPECT_TRUE(changed().contains(if_nametoindex("v0")));
  EXPECT_FALSE(probe("v0").rx_vlan_offload);
}

TEST_F(DeviceWatchTest, GroAtOneEndOfAVethMakesTheOtherARedirectTarget) {
  if (!probe("v0").xdp_features_known) GTEST_SKIP() << "this kernel tells no XDP features";
  EXPECT_FALSE(probe("v0").redirect_target());
  run("ethtool -K p0 gro on");
  EXPECT_TRUE(changed().contains(if_nametoindex("v0")));
  EXPECT_TRUE(probe("v0").redirect_target());
  run("ethtool -K p0 gro off");
  EXPECT_TRUE(changed().contains(if_nametoindex("v0")));
  EXPECT_FALSE(probe("v0").redirect_target());
}

}  // namespace
}  // namespace tna
