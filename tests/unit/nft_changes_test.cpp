// SPDX-License-Identifier: Apache-2.0
// What commits touch, as the kernel tells it; and what of a rule set forwarded packets meet.
#include "introspect/nft_changes.h"

#include <gtest/gtest.h>
#include <linux/netfilter.h>

#include "introspect/nft_reader.h"
#include "rules/from_nft.h"
#include "rules/reach.h"
#include "unit/own_namespace.h"

namespace tna {
namespace {

using Parts = std::set<nft::Part>;

class NftChangesTest : public OwnNamespace {
 protected:
  void SetUp() override {
    OwnNamespace::SetUp();
    if (IsSkipped()) return;
    if (std::system("nft list ruleset >/dev/null 2>&1") != 0) GTEST_SKIP() << "no nf_tables";
    nft("table ip t { set s { type ipv4_addr; }; map m { type ipv4_addr : verdict; }; chain own { "
        "}; }");
    auto changes = NftChanges::open();
    ASSERT_TRUE(changes) << changes.error().message;
    changes_ = std::move(*changes);
    nft("add chain ip t own");  // a commit that is not heard from its beginning, for all it knows
    before_ = generation();
  }

  static void nft(const std::string& words) { run("nft '" + words + "'"); }
  static nft::Ruleset read() {
    auto read = read_nft_ruleset();
    EXPECT_TRUE(read) << read.error().message;
    return read ? *read : nft::Ruleset{};
  }
  static std::uint32_t generation() { return read().generation; }
  static nft::Part part(const char* name, bool set = false) {
    return {NFPROTO_IPV4, "t", name, set};
  }
  std::optional<NftTouched> touched() { return changes_->between(before_, generation()); }

  std::optional<NftChanges> changes_;
  std::uint32_t before_ = 0;
};

TEST_F(NftChangesTest, RulesAndElementsByTheirChainAndSet) {
  nft("add rule ip t own ip saddr 192.0.2.1 drop");
  nft("add element ip t s { 192.0.2.1 }");
  nft("flush set ip t s");
  auto found = touched();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->parts, (Parts{part("own"), part("s", true)}));
  EXPECT_TRUE(found->named.empty());
  nft("flush chain ip t own");
  found = touched();
  ASSERT_TRUE(found) << "from the same commit on";
  EXPECT_EQ(found->parts, (Parts{part("own"), part("s", true)}));
}

TEST_F(NftChangesTest, NewAndRenamedChainsByTheirHandles) {
  const std::uint64_t newest = read().tables.at(0).newest;
  nft("add chain ip t fresh");
  nft("rename chain ip t own other");
  const auto found = touched();
  ASSERT_TRUE(found);
  EXPECT_GT(found->named.at(part("fresh")), newest);
  EXPECT_LE(found->named.at(part("other")), newest);
}

TEST_F(NftChangesTest, WhatIsNoMerePartOfATable) {
  for (const char* words :
       {"add chain ip t base { type filter hook input priority 0; }", "add table ip u",
        "add table ip t { flags dormant; }", "add counter ip t c", "delete table ip u"}) {
    before_ = generation();
    nft(words);
    EXPECT_FALSE(touched()) << words;
  }
}

TEST_F(NftChangesTest, WhatWasNotHeardIsNotKnown) {
  EXPECT_FALSE(changes_->between(before_, before_ + 1)) << "has not come yet";
  ASSERT_TRUE(touched()) << "nothing happened";
  EXPECT_TRUE(touched()->parts.empty());
  auto late = NftChanges::open();
  ASSERT_TRUE(late);
  nft("add element ip t s { 192.0.2.1 }");
  EXPECT_FALSE(late->between(before_ - 1, generation())) << "the first was before it listened";
}

TEST_F(NftChangesTest, OneSetByItself) {
  nft("add element ip t s { 192.0.2.1, 192.0.2.2 }; add set ip t other { type mark; }");
  auto socket = open_nft_reader();
  ASSERT_TRUE(socket) << socket.error().message;
  auto set = read_nft_set(*socket, part("s", true));
  ASSERT_TRUE(set) << set.error().message;
  EXPECT_EQ(set->generation, generation());
  ASSERT_EQ(set->tables.size(), 1u);
  ASSERT_EQ(set->tables[0].sets.size(), 1u);
  EXPECT_EQ(set->tables[0].sets[0].name, "s");
  EXPECT_EQ(set->tables[0].sets[0].elements.size(), 2u);
  set = read_nft_set(*socket, part("gone", true));
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().code, ENOENT);
  EXPECT_TRUE(read_nft_set(*socket, part("s", true))) << "by the same socket";
}

TEST_F(NftChangesTest, PartsThatForwardedPacketsMeet) {
  nft("add chain ip t f { type filter hook forward priority 0; }; add rule ip t f jump own;"
      "add chain ip t deep; add chain ip t in { type filter hook input priority 0; };"
      "add chain ip t local; add rule ip t in jump local;"
      "add rule ip t own ip saddr vmap @m; add element ip t m { 192.0.2.1 : goto deep };"
      "add chain ip t n { type nat hook postrouting priority 100; }; add chain ip t masq;"
      "add rule ip t n jump masq");
  EXPECT_EQ(met_by_forwarded(rules_from_nft(read())),
            (Parts{part("f"), part("own"), part("m", true), part("deep"), part("n")}));
}

}  // namespace
}  // namespace tna
