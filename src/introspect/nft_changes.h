// SPDX-License-Identifier: Apache-2.0
// NftChanges: hears what commits to nf_tables touch, so that not all has to be read anew after
// each.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>

#include "base/result.h"
#include "introspect/netlink.h"
#include "introspect/nft_objects.h"

namespace tna {

struct NftChange {
  nft::Part part;            // without a table's name: it may concern anything
  std::uint64_t handle = 0;  // of a chain that came, or got this name
};

// A notification of nf_tables. Nothing: of no change, as of the end of a commit.
std::optional<NftChange> decode_nft_change(Bytes message);

struct NftTouched {
  std::set<nft::Part> parts;
  std::map<nft::Part, std::uint64_t> named;  // chains that came, or got their names, by handle
};

class NftChanges {
 public:
  // From now on, in the calling thread's network namespace.
  static Result<NftChanges> open();

  // What the commits after `from` have touched, up to `to`. Nothing: they were not all heard (yet),
  // or touched what can't be told by parts. To be called with rising numbers.
  std::optional<NftTouched> between(std::uint32_t from, std::uint32_t to);

 private:
  struct Commit {
    std::uint32_t generation = 0;
    NftTouched touched;
    bool anything = false;
  };
  explicit NftChanges(Netlink socket) : socket_(std::move(socket)) {}
  void hear();
  void take(Bytes message);

  Netlink socket_;
  std::deque<Commit> commits_;
  Commit open_;  // what was heard of one that has not ended
};

}  // namespace tna
