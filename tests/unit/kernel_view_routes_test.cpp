// SPDX-License-Identifier: Apache-2.0
//   192.0.2.1 v0 ---- p0       198.51.100.1 v1 ---- p1
#include <poll.h>

#include <set>

#include "unit/kernel_view_fixture.h"

namespace tna {
namespace {

bool readable(const KernelView& view) {
  std::vector<pollfd> sockets;
  for (int fd : view.fds()) sockets.push_back({.fd = fd, .events = POLLIN});
  return poll(sockets.data(), sockets.size(), 0) > 0;
}

// A namespace where nothing happens later than the command that made it happen.
using QuietNamespace = OwnNamespace;

TEST_F(QuietNamespace, RoutesThatDoNotMatterWakeNobody) {
  run("ip link set lo up");
  auto view = KernelView::open();
  ASSERT_TRUE(view) << view.error().message;
  ASSERT_TRUE(view->resync());
  ASSERT_FALSE(readable(*view));
  const std::string thousand =
      "for i in $(seq 0 999); do echo route $VERB 10.$((i / 250)).$((i % "
      "250)).0/24 dev lo $METRICS; done | ip -batch -";
  run("VERB=add; " + thousand);
  EXPECT_FALSE(readable(*view));
  run("VERB=replace METRICS='advmss 1000 initcwnd 10'; " + thousand);
  EXPECT_FALSE(readable(*view)) << "metrics, but no mtu";
  run("VERB=del METRICS=; " + thousand);
  EXPECT_FALSE(readable(*view));

  run("ip route add 10.9.0.0/16 dev lo mtu 1400");
  ASSERT_TRUE(readable(*view));
  const Events added = all_events(*view);
  ASSERT_EQ(added.size(), 1u);
  EXPECT_EQ(std::get<Route>(added[0]).mtu, 1400u);
  run("ip route del 10.9.0.0/16");
  EXPECT_EQ(all_events(*view), Events{RemovedRoute{std::get<Route>(added[0])}});
}

TEST_F(QuietNamespace, Ipv6RoutesWithAnMtu) {
  run("sysctl -qw net.ipv6.conf.all.disable_ipv6=0 && ip link set lo up");
  auto view = KernelView::open();
  ASSERT_TRUE(view) << view.error().message;
  ASSERT_TRUE(view->resync());
  all_events(*view);
  run("ip -6 route add 2001:db8:1::/64 dev lo && ip -6 route add default dev lo");
  EXPECT_TRUE(all_events(*view).empty());
  run("ip -6 route add 2001:db8:2::/64 dev lo mtu 1400");
  const Events added = all_events(*view);
  ASSERT_EQ(added.size(), 1u);
  EXPECT_EQ(std::get<Route>(added[0]).family, AF_INET6);
  EXPECT_EQ(std::get<Route>(added[0]).mtu, 1400u);
  run("ip -6 route add 2001:db8:3::/64 dev lo mtu 1400");
  EXPECT_EQ(all_events(*view).size(), 1u) << "another one";
  auto fresh = KernelView::open();
  auto known = fresh->resync();
  ASSERT_TRUE(known);
  EXPECT_EQ(std::ranges::count_if(*known,
                                  [](const Event& e) { return std::holds_alternative<Route>(e); }),
            2);
  run("ip -6 route del 2001:db8:2::/64");
  EXPECT_EQ(all_events(*view), Events{RemovedRoute{std::get<Route>(added[0])}});
}

class KernelViewRoutesTest : public KernelViewTest {
 protected:
  void SetUp() override {
    KernelViewTest::SetUp();
    if (IsSkipped()) return;
    run("for i in v0 p0 v1 p1; do ip link set $i up; done");
    run("ip address add 192.0.2.1/24 dev v0 && ip address add 198.51.100.1/24 dev v1");
  }

  // After the command: the mtus of the known routes by ascending destination, 0 for a route without
  // one. A fresh view has to know the same routes.
  std::vector<std::uint32_t> after(const std::string& command) {
    run(command);
    std::vector<std::uint32_t> mtus = heard();
    EXPECT_EQ(routes_, fresh_routes()) << command;
    return mtus;
  }

  std::vector<std::uint32_t> heard() {
    take(all_events(*view_), routes_);
    std::vector<std::uint32_t> mtus;
    for (const Route& route : routes_) mtus.push_back(route.mtu);
    return mtus;
  }

  std::set<Route> fresh_routes() {
    std::set<Route> routes;
    auto view = KernelView::open();
    EXPECT_TRUE(view);
    take(view->resync().value_or(Events{}), routes);
    return routes;
  }

  static void take(const Events& events, std::set<Route>& routes) {
    for (const Event& event : events) {
      if (const auto* route = std::get_if<Route>(&event)) routes.insert(*route);
      if (const auto* gone = std::get_if<RemovedRoute>(&event)) routes.erase(gone->route);
    }
  }

  std::set<Route> routes_;  // by a listener
};

using Mtus = std::vector<std::uint32_t>;

TEST_F(KernelViewRoutesTest, WithAnMtu) {
  EXPECT_EQ(after("ip route add 10.0.0.0/8 via 192.0.2.2 mtu 1400"), Mtus{1400});
  EXPECT_EQ(after("ip route append 10.0.0.0/8 via 192.0.2.3 mtu 1300"), (Mtus{1300, 1400}));
  EXPECT_EQ(after("ip route add 10.0.0.0/9 via 192.0.2.2"), (Mtus{1300, 1400}));
  EXPECT_EQ(after("ip route add 10.128.0.0/9 via 192.0.2.2 mtu lock 1200 table 70000"),
            (Mtus{1300, 1400, 1200}));
  EXPECT_EQ(after("ip route del 10.0.0.0/8 via 192.0.2.2"), (Mtus{1300, 1200}));
  EXPECT_EQ(after("ip route flush table all type unicast root 10.0.0.0/8"), Mtus{});
}

TEST_F(KernelViewRoutesTest, OneThatIsReplacedStaysUntilEverythingIsReadAnew) {
  ASSERT_EQ(after("ip route add 10.0.0.0/8 via 192.0.2.2 mtu 1400"), Mtus{1400});
  run("ip route replace 10.0.0.0/8 via 192.0.2.2");
  EXPECT_EQ(heard(), Mtus{1400}) << "nothing tells";
  auto events = view_->resync();
  ASSERT_TRUE(events) << events.error().message;
  take(*events, routes_);
  EXPECT_EQ(routes_, std::set<Route>{});
  EXPECT_EQ(after("ip route replace 10.0.0.0/8 via 192.0.2.2 mtu 1500"), Mtus{1500});
}

TEST_F(KernelViewRoutesTest, DefaultRoutesOfTheSameMetric) {
  EXPECT_EQ(after("ip route add default via 192.0.2.2"), Mtus{0});
  EXPECT_EQ(after("ip route append default via 192.0.2.3"), (Mtus{0, 0}));
  EXPECT_EQ(after("ip route append default via 192.0.2.3 proto bird"), (Mtus{0, 0, 0}));
  EXPECT_EQ(after("ip route replace default via 192.0.2.4").size(), 3u) << "of the first of them";
  EXPECT_EQ(after("ip route del default via 192.0.2.4").size(), 2u);
  EXPECT_EQ(after("ip route replace blackhole default").size(), 1u);
  EXPECT_EQ(after("ip route flush exact 0.0.0.0/0"), Mtus{});
}

TEST_F(KernelViewRoutesTest, DefaultRoutesOfATableBehindOthersToTheSameAddress) {
  // More of them than the kernel writes out at once.
  run("for i in $(seq 1 32); do for t in 4 8 c 10 14 18 1c; do "
      "echo route add 0.0.0.0/$i tos 0x$t via 192.0.2.2 table 100; done; done | ip -batch -");
  run("ip route add 0.0.0.0/7 via 192.0.2.2 table 100 mtu 1400");
  EXPECT_EQ(after("ip route add default via 192.0.2.2 table 100 mtu 1300"), (Mtus{1300, 1400}));
  EXPECT_EQ(after("ip route append default via 192.0.2.3 table 100"), (Mtus{0, 1300, 1400}));
}

TEST_F(KernelViewRoutesTest, RoutesGoSilentlyWithADeviceThatGoesDown) {
  run("ip route add 10.0.0.0/8 via 192.0.2.2 mtu 1400 && ip route add default via 192.0.2.2");
  run("ip route add 10.0.0.0/8 via 198.51.100.2 mtu 1300 metric 5");
  EXPECT_EQ(after("ip route append default via 198.51.100.2"), (Mtus{0, 0, 1400, 1300}));
  EXPECT_EQ(after("ip link set v0 down"), (Mtus{0, 1300}));
  EXPECT_EQ(after("ip link set v0 up"), (Mtus{0, 1300}));
  // All of it is heard in one go, in the order in which it happened.
  EXPECT_EQ(after("ip link set v1 down && ip link set v1 up && "
                  "ip route add 10.0.0.0/8 via 198.51.100.2 mtu 1300 metric 5"),
            Mtus{1300});
  EXPECT_EQ(after("ip link del v1"), Mtus{});
}

TEST_F(KernelViewRoutesTest, ARouteByTwoDevicesGoesWithEither) {
  const std::string route =
      "ip route add 10.0.0.0/8 mtu 1400 nexthop via 192.0.2.2 nexthop via 198.51.100.2";
  EXPECT_EQ(after(route), Mtus{1400});
  EXPECT_EQ(after("ip link set v0 down"), Mtus{1400});
  EXPECT_EQ(after("ip link del v0"), Mtus{});
}

TEST_F(KernelViewRoutesTest, DefaultRoutesByNexthopObjectsAreAskedForWhenADeviceGoesDown) {
  run("ip nexthop add id 7 via 192.0.2.2 dev v0 && ip route add default nhid 7");
  EXPECT_EQ(after("ip route append default via 198.51.100.2"), (Mtus{0, 0}));
  EXPECT_EQ(after("ip link set v0 down"), Mtus{0});
}

TEST_F(KernelViewRoutesTest, DefaultRoutesGoSilentlyWithTheirSourceAddress) {
  run("ip address add 192.0.2.9/24 dev v0 && ip route add default via 192.0.2.2");
  EXPECT_EQ(after("ip route append default via 192.0.2.2 src 192.0.2.9"), (Mtus{0, 0}));
  EXPECT_EQ(after("ip address del 192.0.2.9/24 dev v0"), Mtus{0});
  EXPECT_EQ(after("ip address del 192.0.2.1/24 dev v0"), Mtus{});
}

}  // namespace
}  // namespace tna
