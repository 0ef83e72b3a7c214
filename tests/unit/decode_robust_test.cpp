// SPDX-License-Identifier: Apache-2.0
// Whatever the bytes are, decoders answer and never read beyond them: the sanitizers of the debug
// build watch. Every message stands in an allocation of exactly its size.
#include <memory>
#include <random>

#include "introspect/decode.h"
#include "introspect/decode_nft_rule.h"
#include "introspect/generic_netlink.h"
#include "unit/recorded.h"

namespace tna {
namespace {

std::size_t decode_ruleset(Bytes bytes) {
  NftPlace place;
  return decode_nft_table(bytes).has_value() + decode_nft_chain(bytes, place).has_value() +
         decode_nft_rule(bytes, place).has_value() + decode_nft_set(bytes, place).has_value() +
         decode_nft_elements(bytes, place).has_value();
}

// How many objects all the decoders found.
std::size_t decode_all(const std::vector<std::byte>& message) {
  auto copy = std::make_unique<std::byte[]>(message.size());
  std::copy(message.begin(), message.end(), copy.get());
  const Bytes bytes(copy.get(), message.size());
  concerned_link(bytes);
  concerned_qdisc(bytes);
  concerned_vlans(bytes);
  concerns_shared_block(bytes);
  concerned_defaults(bytes);
  is_beyond_defaults(bytes);
  if (auto generic = parse_generic(bytes)) generic->attributes.well_formed();
  return decode_link(bytes).has_value() + decode_address(bytes).has_value() +
         decode_netconf(bytes).has_value() + decode_qdisc(bytes).has_value() +
         decode_filter(bytes).has_value() + decode_bridge_vlans(bytes).size() +
         decode_route(bytes).has_value() + decode_generation(bytes).has_value() +
         decode_ruleset(bytes);
}

std::vector<std::vector<std::byte>> all_recorded() {
  std::vector<std::vector<std::byte>> messages;
  for (const auto& file : std::filesystem::directory_iterator(recorded_folder()))
    messages.push_back(recorded(file.path().stem()));
  return messages;
}

void set_length(std::vector<std::byte>& message) {
  const auto length = static_cast<std::uint32_t>(message.size());
  if (message.size() >= sizeof length) std::memcpy(message.data(), &length, sizeof length);
}

TEST(DecodeRobust, WhatIsCutShortIsNoObject) {
  for (const auto& message : all_recorded())
    for (std::size_t length = 0; length < message.size(); ++length)
      EXPECT_EQ(
          decode_all({message.begin(), message.begin() + static_cast<std::ptrdiff_t>(length)}), 0u);
}

TEST(DecodeRobust, CutShortWithAHeaderThatFits) {
  for (const auto& message : all_recorded())
    for (std::size_t length = 16; length < message.size(); ++length) {
      std::vector<std::byte> cut(message.begin(),
                                 message.begin() + static_cast<std::ptrdiff_t>(length));
      set_length(cut);
      decode_all(cut);
    }
}

TEST(DecodeRobust, RandomBytesChanged) {
  std::mt19937 random(1);
  for (const auto& message : all_recorded())
    for (int round = 0; round < 2000; ++round) {
      auto changed = message;
      for (int i = 0; i < 1 + round % 8; ++i)
        changed[random() % changed.size()] = static_cast<std::byte>(random());
      if (round % 2) set_length(changed);
      decode_all(changed);
    }
}

TEST(DecodeRobust, AttributeLongerThanItsMessage) {
  auto message = recorded("address4");
  message[NLMSG_HDRLEN + 8] = std::byte{200};  // nla_len of the first attribute, behind ifaddrmsg
  EXPECT_FALSE(decode_address(message));
}

TEST(DecodeRobust, NumberOfTheWrongSize) {
  const nlattr header{.nla_len = NLA_HDRLEN + 2, .nla_type = 1};
  std::vector<std::byte> bytes(NLA_HDRLEN + 2);
  std::memcpy(bytes.data(), &header, sizeof header);
  const Attribute attribute = *Attributes(bytes).begin();
  std::uint32_t number = 7;
  EXPECT_FALSE(take(attribute.payload, number));
  EXPECT_EQ(number, 7u);
}

}  // namespace
}  // namespace tna
