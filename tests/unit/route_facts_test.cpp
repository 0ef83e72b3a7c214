// SPDX-License-Identifier: Apache-2.0
#include "topology/route_facts.h"

#include <gtest/gtest.h>

#include "unit/world.h"

namespace tna {
namespace {

RouteFacts facts(const std::string& routes) {
  return test::graph("link eth0 kind=veth \n" + routes).routes;
}

TEST(RouteFacts, NoneOfNoRoutes) {
  EXPECT_EQ(facts(""), RouteFacts{});
  EXPECT_EQ(facts("route 0.0.0.0/0"), RouteFacts{});
}

TEST(RouteFacts, SmallestMtuOfAllTables) {
  const RouteFacts found = facts(
      "route 10.0.0.0/8 mtu=1400 \n route 10.1.2.0/24 table=100 mtu=1300 \n"
      "route 0.0.0.0/0 mtu=1350");
  EXPECT_EQ(found.ipv4.mtu, 1300u);
  EXPECT_EQ(found.ipv4.because, "10.1.2.0/24 in table 100 has mtu 1300");
  EXPECT_EQ(found.several_defaults, "");
}

TEST(RouteFacts, DefaultRoutesOfEqualMetric) {
  EXPECT_EQ(facts("route 0.0.0.0/0 metric=5 via=1 \n route 0.0.0.0/0 metric=5 via=2 \n"
                  "route 0.0.0.0/0 table=9")
                .several_defaults,
            "table 254 has several default routes of metric 5");
}

TEST(RouteFacts, TheFirstAndTheThirdMetricMayBeOfEqualRank) {
  EXPECT_EQ(facts("route 0.0.0.0/0 metric=5 tos=0 via=1 \n route 0.0.0.0/0 metric=1 \n"
                  "route 0.0.0.0/0 metric=5 via=2")
                .several_defaults,
            "table 254 has several default routes of metric 5");
}

TEST(RouteFacts, OtherMetricsAndTablesDoNotCompete) {
  EXPECT_EQ(facts("route 0.0.0.0/0 metric=5 \n route 0.0.0.0/0 metric=6 \n"
                  "route 0.0.0.0/0 metric=5 table=100 \n route 0.0.0.0/8 mtu=1500")
                .several_defaults,
            "");
}

TEST(RouteFacts, DefaultRoutesOfATypeOfServiceCompeteWhateverTheirMetric) {
  EXPECT_EQ(facts("route 0.0.0.0/0 metric=5 \n route 0.0.0.0/0 metric=6 tos=16").several_defaults,
            "table 254 has several default routes that differ by type of service");
}

}  // namespace
}  // namespace tna
