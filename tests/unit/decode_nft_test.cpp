// SPDX-License-Identifier: Apache-2.0
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "introspect/decode.h"
#include "introspect/decode_nft_rule.h"
#include "unit/recorded.h"

namespace tna {
namespace {

TEST(DecodeNft, Generation) {
  auto generation = decode_generation(recorded("nft_generation"));
  ASSERT_TRUE(generation);
  EXPECT_EQ(generation->id, 2u) << "the first transaction of a namespace";
}

TEST(DecodeNft, OtherMessagesAreNoGeneration) {
  EXPECT_FALSE(decode_generation(recorded("link_bridge")));
}

TEST(DecodeNft, Table) {
  auto table = decode_nft_table(recorded("nft_table"));
  ASSERT_TRUE(table);
  EXPECT_EQ(table->family, NFPROTO_INET);
  EXPECT_EQ(table->name, "t");
  EXPECT_FALSE(table->dormant);
}

TEST(DecodeNft, BaseChain) {
  NftPlace place;
  const auto message = recorded("nft_chain");
  auto chain = decode_nft_chain(message, place);
  ASSERT_TRUE(chain && chain->base);
  EXPECT_EQ(place.table, "t");
  EXPECT_EQ(chain->name, "c");
  EXPECT_EQ(chain->base->hook, NF_INET_FORWARD);
  EXPECT_EQ(chain->base->priority, 5);
  EXPECT_EQ(chain->base->policy, NF_DROP);
  EXPECT_EQ(chain->base->type, "filter");
}

TEST(DecodeNft, Rule) {
  NftPlace place;
  const auto message = recorded("nft_rule");
  auto rule = decode_nft_rule(message, place);
  ASSERT_TRUE(rule);
  EXPECT_EQ(place.name, "c");
  ASSERT_GE(rule->does.size(), 4u);
  auto* meta = std::get_if<nft::Meta>(&rule->does[0]);
  ASSERT_TRUE(meta);
  EXPECT_EQ(meta->key, static_cast<std::uint32_t>(NFT_META_L4PROTO));
  auto* tcp = std::get_if<nft::Compare>(&rule->does[1]);
  ASSERT_TRUE(tcp);
  EXPECT_EQ(tcp->with, nft::Octets{6});
  auto* port = std::get_if<nft::Payload>(&rule->does[2]);
  ASSERT_TRUE(port);
  EXPECT_EQ(port->base, static_cast<std::uint32_t>(NFT_PAYLOAD_TRANSPORT_HEADER));
  EXPECT_EQ(port->offset, 2u);
  EXPECT_EQ(port->length, 2u);
  auto* verdict = std::get_if<nft::Immediate>(&rule->does.back());
  ASSERT_TRUE(verdict && std::holds_alternative<nft::Verdict>(verdict->value));
  EXPECT_EQ(std::get<nft::Verdict>(verdict->value).code, NF_ACCEPT);
}

TEST(DecodeNft, SetOfIntervals) {
  NftPlace place;
  auto set = decode_nft_set(recorded("nft_set"), place);
  ASSERT_TRUE(set);
  EXPECT_EQ(set->name, "s");
  EXPECT_TRUE(set->flags & NFT_SET_INTERVAL);
  EXPECT_EQ(set->key_length, 8u);
  EXPECT_EQ(set->fields, (nft::Octets{4, 2}));
  auto elements = decode_nft_elements(recorded("nft_elements"), place);
  ASSERT_TRUE(elements);
  ASSERT_EQ(elements->size(), 1u);
  EXPECT_EQ(elements->front().key, (nft::Octets{10, 0, 0, 0, 0, 1, 0, 0}));
  EXPECT_EQ(elements->front().key_end, (nft::Octets{10, 0, 0, 255, 0, 2, 0, 0}));
}

}  // namespace
}  // namespace tna
