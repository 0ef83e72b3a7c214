// SPDX-License-Identifier: Apache-2.0
// nft_collector.h: puts a rule set together from the entries of nf_tables' lists.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "introspect/decode_nft_rule.h"

namespace tna {

class NftCollector {
 public:
  // An entry of any of the lists; what it belongs to has to come before it, else it is left out.
  // False: it can't be read.
  bool take(Bytes message);

  const nft::Ruleset& collected() const { return ruleset_; }
  nft::Ruleset& collected() { return ruleset_; }

 private:
  // With thousands of chains and sets a rule set is no list to look through.
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  using Index = std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>>;
  struct TableIndex {
    Index chains, sets;
  };

  bool take_table(Bytes message);
  bool take_chain(Bytes message);
  bool take_rule(Bytes message);
  bool take_set(Bytes message);
  bool take_elements(Bytes message);
  std::optional<std::size_t> table(const NftPlace& place) const;

  nft::Ruleset ruleset_;
  std::vector<TableIndex> tables_;  // of the table with the same place
};

}  // namespace tna
