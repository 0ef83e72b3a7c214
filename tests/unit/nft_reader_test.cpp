// SPDX-License-Identifier: Apache-2.0
// What the reader makes of a rule set that is just being committed.
#include "introspect/nft_reader.h"

#include <gtest/gtest.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <chrono>
#include <string>
#include <thread>

#include "introspect/decode.h"
#include "unit/own_rules.h"

namespace tna {
namespace {

using NftReader = OwnRules;

std::uint32_t generation(Netlink& socket) {
  Request request(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN);
  request.fixed<nfgenmsg>();
  std::uint32_t id = 0;
  EXPECT_TRUE(socket.get("generation", request,
                         [&](Bytes message) { id = decode_generation(message).value().id; }));
  return id;
}

// For a while the kernel lists some of what goes and of what comes, under the new generation.
TEST_F(NftReader, WaitsForTheCommitWhoseGenerationItSees) {
  constexpr int kRules = 20000, kCommits = 3;
  std::string text = "table ip t\ndelete table ip t\ntable ip t {\n chain c {\n";
  for (int i = 0; i < kRules; ++i)
    text += "  ip saddr 10.1." + std::to_string(i >> 8) + "." + std::to_string(i & 255) + " drop\n";
  text += " }\n}\n";
  feed("nft -f -", text);
  auto socket = open_nft_reader();
  ASSERT_TRUE(socket) << socket.error().message;
  for (int commit = 0; commit < kCommits; ++commit) {
    const std::uint32_t before = generation(*socket);
    FILE* pipe = ::popen("nft -f -", "w");
    ASSERT_TRUE(pipe);
    std::fputs(text.c_str(), pipe);
    std::fputs("\n", pipe);
    std::fflush(pipe);
    std::thread closing([&] { EXPECT_EQ(::pclose(pipe), 0); });
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (generation(*socket) == before && std::chrono::steady_clock::now() < until) {
    }
    const auto read = read_nft_ruleset(*socket);
    closing.join();
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->generation, before + 1);
    ASSERT_EQ(read->tables.size(), 1u);
    ASSERT_EQ(read->tables[0].chains.size(), 1u);
    EXPECT_EQ(read->tables[0].chains[0].rules.size(), static_cast<std::size_t>(kRules));
  }
}

}  // namespace
}  // namespace tna
