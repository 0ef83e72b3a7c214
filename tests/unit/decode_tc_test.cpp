// SPDX-License-Identifier: Apache-2.0
#include <linux/if_ether.h>
#include <linux/pkt_sched.h>

#include "introspect/decode.h"
#include "unit/recorded.h"

namespace tna {
namespace {

constexpr std::uint32_t kIngress = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS);

std::optional<Event> decode_filter_told(Bytes message) {
  return decode_filter(message);
}

Filter filter(const std::string& name) {
  return recorded_object<Filter>(decode_filter_told, name);
}

TEST(DecodeQdisc, Shaper) {
  auto qdisc = decode_qdisc(recorded("qdisc_tbf"));
  ASSERT_TRUE(qdisc);
  EXPECT_EQ(qdisc->kind, "tbf");
  EXPECT_EQ(qdisc->handle, TC_H_MAKE(0x80010000, 0));
  EXPECT_EQ(qdisc->parent, TC_H_ROOT);
  EXPECT_EQ(concerned_qdisc(recorded("qdisc_tbf"))->parent, TC_H_ROOT);
}

TEST(DecodeQdisc, Clsact) {
  auto qdisc = decode_qdisc(recorded("qdisc_clsact"));
  ASSERT_TRUE(qdisc);
  EXPECT_EQ(qdisc->kind, "clsact");
  EXPECT_EQ(qdisc->parent, TC_H_CLSACT);
}

TEST(DecodeQdisc, ARemovedOneOnlyConcernsItsPlace) {
  EXPECT_FALSE(decode_qdisc(recorded("qdisc_clsact_gone")));
  auto place = concerned_qdisc(recorded("qdisc_clsact_gone"));
  ASSERT_TRUE(place);
  EXPECT_EQ(place->parent, TC_H_CLSACT);
  EXPECT_EQ(place->ifindex, decode_qdisc(recorded("qdisc_clsact"))->ifindex);
}

TEST(DecodeFilter, OnClsact) {
  const Filter found = filter("filter");
  EXPECT_EQ(found.kind, "u32");
  EXPECT_EQ(found.parent, kIngress);
  EXPECT_EQ(found.info, TC_H_MAKE(5u << 16, __builtin_bswap16(ETH_P_IP)));
  EXPECT_EQ(found.chain, 3u);
  EXPECT_EQ(found.handle, 0x80000800);
}

TEST(DecodeFilter, RemovedIsTheSameFilter) {
  EXPECT_EQ(recorded_object<RemovedFilter>(decode_filter_told, "filter_gone").filter,
            filter("filter"));
}

TEST(DecodeFilter, RemovedClassifierTakesAllItsFilters) {
  const auto gone = recorded_object<RemovedFilter>(decode_filter_told, "classifier_gone").filter;
  EXPECT_EQ(gone.handle, 0u);
  EXPECT_EQ(gone.info >> 16, 6u);
}

TEST(DecodeFilter, OnTheOlderIngressQdiscHasTheSameParent) {
  EXPECT_EQ(filter("filter_ingress").parent, kIngress);
}

TEST(DecodeFilter, OfAClassfulQdiscIsNone) {
  EXPECT_FALSE(decode_filter(recorded("filter_class")));
}

TEST(DecodeFilter, OfASharedBlockStandsWhereWasAskedFor) {
  auto event = decode_filter(recorded("filter_shared_block"), {7, kIngress});
  ASSERT_TRUE(event);
  EXPECT_EQ(std::get<Filter>(*event).ifindex, 7u);
  EXPECT_EQ(std::get<Filter>(*event).parent, kIngress);
}

TEST(DecodeFilter, OfASharedBlockNamesNoDevice) {
  EXPECT_FALSE(decode_filter(recorded("filter_shared_block")));
  EXPECT_TRUE(concerns_shared_block(recorded("filter_shared_block")));
  EXPECT_FALSE(concerns_shared_block(recorded("filter")));
}

}  // namespace
}  // namespace tna
