// SPDX-License-Identifier: Apache-2.0
// tna_record FOLDER NAME: writes the rules of the network namespace that it is started in to FOLDER
// as inputs for the fuzzers: nft/NAME, and xtables/NAME-TABLE (xtables/NAME-6-TABLE) for each table
// of iptables-legacy (ip6tables-legacy).
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <cstdio>
#include <fstream>

#include "fuzz/xtables_input.h"
#include "introspect/netlink.h"
#include "introspect/nft_collector.h"
#include "introspect/xtables_reader.h"

namespace tna {
namespace {

Result<> write_file(const std::string& name, const nft::Octets& bytes) {
  std::ofstream file(name, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  if (!file.flush()) return errno_error("write " + name);
  return {};
}

Request nft_request(std::uint16_t what, std::uint8_t family = NFPROTO_UNSPEC) {
  Request request(NFNL_SUBSYS_NFTABLES << 8 | what);
  request.fixed<nfgenmsg>().nfgen_family = family;
  return request;
}

Result<nft::Octets> listed() {
  Netlink socket = TRY(Netlink::open(NETLINK_NETFILTER));
  NftCollector collector;
  nft::Octets bytes;
  auto list = [&](Request request) {
    return socket.dump_while("rules", request, [&](Bytes message) {
      collector.take(message);
      auto* first = reinterpret_cast<const std::uint8_t*>(message.data());
      bytes.insert(bytes.end(), first, first + message.size());
      bytes.resize(NLMSG_ALIGN(bytes.size()));
      return true;
    });
  };
  for (int what : {NFT_MSG_GETTABLE, NFT_MSG_GETCHAIN, NFT_MSG_GETRULE, NFT_MSG_GETSET})
    TRY(list(nft_request(static_cast<std::uint16_t>(what))));
  for (const nft::Table& table : nft::Ruleset(collector.collected()).tables)
    for (const nft::Set& set : table.sets) {
      Request request = nft_request(NFT_MSG_GETSETELEM, table.family);
      request.put(NFTA_SET_ELEM_LIST_TABLE, table.name);
      request.put(NFTA_SET_ELEM_LIST_SET, set.name);
      TRY(list(request));
    }
  return bytes;
}

Result<> record(const std::string& folder, const std::string& name) {
  const nft::Octets rules = TRY(listed());
  if (!rules.empty()) TRY(write_file(folder + "/nft/" + name, rules));
  for (const XtablesBlob& blob : TRY(read_xtables_blobs()))
    TRY(write_file(
        folder + "/xtables/" + name + (blob.family == NFPROTO_IPV6 ? "-6-" : "-") + blob.name,
        bytes_of(blob)));
  return {};
}

}  // namespace
}  // namespace tna

int main(int count, char** words) {
  if (count != 3) {
    std::fprintf(stderr, "usage: tna_record FOLDER NAME\n");
    return 2;
  }
  auto done = tna::record(words[1], words[2]);
  if (!done) std::fprintf(stderr, "tna_record: %s\n", done.error().message.c_str());
  return done ? 0 : 1;
}
