// SPDX-License-Identifier: Apache-2.0
// decode_nft_rule.h: what the lists of nf_tables say. Each takes one message, a list's
// entry; nothing where it can't be read.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "introspect/message.h"
#include "introspect/nft_objects.h"

namespace tna {

struct NftPlace {  // where an entry belongs, as long as its message is there
  std::uint8_t family = 0;
  std::string_view table, name;  // the chain's of rules, the set's of elements; else its own
};

std::optional<nft::Table> decode_nft_table(Bytes message);
std::optional<nft::Chain> decode_nft_chain(Bytes message, NftPlace& of);
std::optional<nft::Rule> decode_nft_rule(Bytes message, NftPlace& of);
std::optional<nft::Set> decode_nft_set(Bytes message, NftPlace& of);
// A message has many.
std::optional<std::vector<nft::Element>> decode_nft_elements(Bytes message, NftPlace& of);

}  // namespace tna
