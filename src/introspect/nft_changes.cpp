// SPDX-License-Identifier: Apache-2.0
#include "introspect/nft_changes.h"

#include <endian.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "introspect/decode.h"

namespace tna {
namespace {

constexpr int kBuffer = 1 << 20;
constexpr int kDrain = 65536;
constexpr std::size_t kMostCommits = 4096;

std::uint32_t next_of(std::uint32_t generation) {
  return ++generation ? generation : 1;  // the kernel passes over 0
}

nft::Part part_of(const Message& message, std::uint16_t table, std::uint16_t name, bool set) {
  auto header = leading<nfgenmsg>(message.payload);
  if (!header) return {};
  nft::Part part{header->nfgen_family, "", "", set};
  for (auto [type, payload] : Attributes(following<nfgenmsg>(message.payload))) {
    if (type == table) part.table = text(payload);
    if (type == name) part.name = text(payload);
  }
  return part.name.empty() ? nft::Part{} : part;
}

// One that stands at a hook is no mere part of a table.
NftChange chain_change(const Message& message) {
  NftChange change{part_of(message, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, false)};
  for (auto [type, payload] : Attributes(following<nfgenmsg>(message.payload))) {
    if (type == NFTA_CHAIN_HOOK) return {};
    if (type == NFTA_CHAIN_HANDLE && tna::take(payload, change.handle))
      change.handle = be64toh(change.handle);
  }
  return change;
}

}  // namespace

std::optional<NftChange> decode_nft_change(Bytes bytes) {
  auto message = parse_message(bytes);
  if (!message || message->header.nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES) return std::nullopt;
  std::uint16_t table = 0, name = 0;
  bool set = false;
  switch (message->header.nlmsg_type & 0xff) {
    case NFT_MSG_NEWGEN:
      return std::nullopt;
    case NFT_MSG_NEWCHAIN:
      return chain_change(*message);
    case NFT_MSG_DELCHAIN:
      table = NFTA_CHAIN_TABLE, name = NFTA_CHAIN_NAME;
      break;
    case NFT_MSG_NEWRULE:
    case NFT_MSG_DELRULE:
      table = NFTA_RULE_TABLE, name = NFTA_RULE_CHAIN;
      break;
    case NFT_MSG_NEWSET:
    case NFT_MSG_DELSET:
      table = NFTA_SET_TABLE, name = NFTA_SET_NAME, set = true;
      break;
    case NFT_MSG_NEWSETELEM:
    case NFT_MSG_DELSETELEM:
      table = NFTA_SET_ELEM_LIST_TABLE, name = NFTA_SET_ELEM_LIST_SET, set = true;
      break;
    default:
      return NftChange{};
  }
  return NftChange{part_of(*message, table, name, set)};
}

Result<NftChanges> NftChanges::open() {
  Netlink socket = TRY(Netlink::open(NETLINK_NETFILTER));
  TRY(socket.set_receive_buffer(kBuffer));
  TRY(socket.join(NFNLGRP_NFTABLES));
  NftChanges changes(std::move(socket));
  changes.open_.anything = true;  // its beginning may not have been heard
  return changes;
}

void NftChanges::take(Bytes message) {
  if (auto generation = decode_generation(message)) {
    open_.generation = generation->id;
    commits_.push_back(std::exchange(open_, {}));
  } else if (auto change = decode_nft_change(message)) {
    if (change->part.table.empty()) open_.anything = true;
    if (change->handle) open_.touched.named.emplace(change->part, change->handle);
    open_.touched.parts.insert(std::move(change->part));
  }
}

// After a loss the commit that goes on is not known, and those that were lost are missing.
void NftChanges::hear() {
  for (int i = 0; i < kDrain; ++i) {
    auto received = socket_.receive([&](Bytes message) { take(message); });
    if (received && *received == Receive::nothing) break;
    if (!received || *received == Receive::overrun) open_.anything = true;
    if (commits_.size() > kMostCommits) commits_.pop_front();
  }
}

std::optional<NftTouched> NftChanges::between(std::uint32_t from, std::uint32_t to) {
  hear();
  const auto is_before = [](std::uint32_t a, std::uint32_t b) {
    return static_cast<std::int32_t>(a - b) < 0;
  };
  while (!commits_.empty() && !is_before(from, commits_.front().generation)) commits_.pop_front();
  NftTouched touched;
  for (const Commit& commit : commits_) {
    if (from == to) break;
    if (commit.anything || commit.generation != next_of(from)) return std::nullopt;
    touched.parts.insert(commit.touched.parts.begin(), commit.touched.parts.end());
    touched.named.insert(commit.touched.named.begin(), commit.touched.named.end());
    from = commit.generation;
  }
  if (from != to) return std::nullopt;
  return touched;
}

}  // namespace tna
