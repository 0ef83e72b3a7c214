// SPDX-License-Identifier: Apache-2.0
#include "introspect/nft_reader.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <array>
#include <cerrno>

#include "introspect/decode.h"
#include "introspect/netlink.h"
#include "introspect/nft_collector.h"

namespace tna {
namespace {

constexpr int kAttempts = 5;

Request nft_request(std::uint16_t what, std::uint8_t family = NFPROTO_UNSPEC) {
  Request request(NFNL_SUBSYS_NFTABLES << 8 | what);
  request.fixed<nfgenmsg>().nfgen_family = family;
  return request;
}

Error unreadable(const std::string& what) {
  return {"list " + what + ": an entry can't be read", EPROTO};
}

// Every entry as it arrives: that nothing changed meanwhile the generation says in the end.
Result<> list(Netlink& socket, const std::string& what, Request request, NftCollector& into) {
  bool readable = true;
  TRY(socket.dump_while(what, request, [&](Bytes message) {
    readable = into.take(message) && readable;
    return true;
  }));
  if (!readable) return std::unexpected(unreadable(what));
  return {};
}

// Chain by chain: in each part of a list the kernel counts from the list's beginning, which makes
// one of 100,000 rules slow.
Result<> list_rules(Netlink& socket, NftCollector& into) {
  for (const nft::Table& table : into.collected().tables)
    for (const nft::Chain& chain : table.chains) {
      Request request = nft_request(NFT_MSG_GETRULE, table.family);
      request.put(NFTA_RULE_TABLE, table.name);
      request.put(NFTA_RULE_CHAIN, chain.name);
      TRY(list(socket, "rules of chain " + chain.name, request, into));
    }
  return {};
}

Result<> list_elements(Netlink& socket, NftCollector& into) {
  for (const nft::Table& table : into.collected().tables)
    for (const nft::Set& set : table.sets) {
      Request request = nft_request(NFT_MSG_GETSETELEM, table.family);
      request.put(NFTA_SET_ELEM_LIST_TABLE, table.name);
      request.put(NFTA_SET_ELEM_LIST_SET, set.name);
      TRY(list(socket, "elements of set " + set.name, request, into));
    }
  return {};
}

Result<std::uint32_t> generation(Netlink& socket) {
  std::optional<RulesetGeneration> found;
  TRY(socket.get("nf_tables generation", nft_request(NFT_MSG_GETGEN),
                 [&](Bytes message) { found = decode_generation(message); }));
  if (!found) return std::unexpected(unreadable("the generation"));
  return found->id;
}

// The kernel counts a commit before lists show it, and has a while to do until they show all of it
// (nf_tables_commit: 70 ms for 100,000 rules). Whoever begins a transaction waits for the one
// before; this one does nothing.
Result<> await_commit(Netlink& socket) {
  std::array batch{Request(NFNL_MSG_BATCH_BEGIN), Request(NFNL_MSG_BATCH_END)};
  for (Request& request : batch) request.fixed<nfgenmsg>().res_id = htons(NFNL_SUBSYS_NFTABLES);
  return socket.tell("wait for nf_tables", batch);
}

// Whether lists are of it, generation() has to say once more in the end.
Result<std::uint32_t> generation_in_force(Netlink& socket) {
  const std::uint32_t now = TRY(generation(socket));
  TRY(await_commit(socket));
  return now;
}

Result<nft::Ruleset> read_once(Netlink& socket) {
  NftCollector collector;
  const std::uint32_t before = TRY(generation_in_force(socket));
  TRY(list(socket, "tables", nft_request(NFT_MSG_GETTABLE), collector));
  TRY(list(socket, "chains", nft_request(NFT_MSG_GETCHAIN), collector));
  TRY(list_rules(socket, collector));
  TRY(list(socket, "sets", nft_request(NFT_MSG_GETSET), collector));
  TRY(list_elements(socket, collector));
  if (TRY(generation(socket)) != before)
    return error("read the rule set: it changes all the time", EAGAIN);
  collector.collected().generation = before;
  return std::move(collector.collected());
}

}  // namespace

Result<Netlink> open_nft_reader() {
  return Netlink::open(NETLINK_NETFILTER);
}

Result<nft::Ruleset> read_nft_set(Netlink& socket, const nft::Part& part) {
  NftCollector collector;
  collector.collected().generation = TRY(generation_in_force(socket));
  TRY(list(socket, "tables", nft_request(NFT_MSG_GETTABLE), collector));
  Request set = nft_request(NFT_MSG_GETSET, part.family);
  set.put(NFTA_SET_TABLE, part.table);
  set.put(NFTA_SET_NAME, part.name);
  TRY(socket.get("set " + part.name, set, [&](Bytes message) { collector.take(message); }));
  TRY(list_elements(socket, collector));
  if (TRY(generation(socket)) != collector.collected().generation)
    return error("read the set " + part.name + ": it changes all the time", EAGAIN);
  std::erase_if(collector.collected().tables,
                [](const nft::Table& table) { return table.sets.empty(); });
  return std::move(collector.collected());
}

Result<nft::Ruleset> read_nft_ruleset() {
  Netlink socket = TRY(open_nft_reader());
  return read_nft_ruleset(socket);
}

Result<nft::Ruleset> read_nft_ruleset(Netlink& socket) {
  for (int attempt = 1;; ++attempt) {
    Result<nft::Ruleset> read = read_once(socket);
    // A set, a chain that went while the rest was read.
    bool again = !read && (read.error().code == EAGAIN || read.error().code == ENOENT);
    if (!again || attempt == kAttempts) return read;
  }
}

}  // namespace tna
