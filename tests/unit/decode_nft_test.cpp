// SPDX-License-Identifier: Apache-2.0
#include "introspect/decode.h"
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

}  // namespace
}  // namespace tna
