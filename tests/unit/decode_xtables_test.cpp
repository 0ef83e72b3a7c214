// SPDX-License-Identifier: Apache-2.0
// What the kernel says is tested against it in rules_kernel_test.cpp; here is what it should never
// say.
#include "introspect/decode_xtables.h"

#include <gtest/gtest.h>
#include <linux/netfilter_ipv4/ip_tables.h>

#include <cstring>
#include <random>

namespace tna {
namespace {

void append(nft::Octets& to, const void* data, std::size_t size) {
  auto* first = static_cast<const std::uint8_t*>(data);
  to.insert(to.end(), first, first + size);
}

// An entry without matches.
void add(nft::Octets& to, const char* target, const nft::Octets& info) {
  ipt_entry entry{};
  entry.target_offset = sizeof entry;
  entry.next_offset = sizeof entry + sizeof(xt_entry_target) + info.size();
  xt_entry_target head{};
  head.u.user.target_size = sizeof head + info.size();
  std::strcpy(head.u.user.name, target);
  append(to, &entry, sizeof entry);
  append(to, &head, sizeof head);
  append(to, info.data(), info.size());
}

nft::Octets verdict(int code) {
  nft::Octets octets(8);
  std::memcpy(octets.data(), &code, sizeof code);
  return octets;
}

// OUTPUT with a rule that accepts, and a policy that drops; a chain "own" of the user's that drops.
XtablesBlob blob() {
  XtablesBlob blob{NFPROTO_IPV4, "filter", 1 << NF_INET_LOCAL_OUT, {}, {}, {}};
  add(blob.entries, "", verdict(-NF_ACCEPT - 1));
  blob.underflow[NF_INET_LOCAL_OUT] = blob.entries.size();
  add(blob.entries, "", verdict(-NF_DROP - 1));
  nft::Octets name{'o', 'w', 'n'};
  name.resize(32);
  add(blob.entries, XT_ERROR_TARGET, name);
  add(blob.entries, "", verdict(-NF_DROP - 1));
  add(blob.entries, "", verdict(XT_RETURN));
  name[0] = 'E';
  add(blob.entries, XT_ERROR_TARGET, name);
  return blob;
}

TEST(DecodeXtables, ChainsRulesAndPolicy) {
  auto table = decode_xtables(blob());
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ(table->name, "legacy filter");
  ASSERT_EQ(table->chains.size(), 2u);
  const nft::Chain &output = table->chains[0], &own = table->chains[1];
  EXPECT_EQ(output.name, "OUTPUT");
  ASSERT_TRUE(output.base);
  EXPECT_EQ(output.base->policy, NF_DROP);
  EXPECT_EQ(output.rules.size(), 1u) << "the policy is no rule";
  EXPECT_EQ(own.name, "own");
  EXPECT_FALSE(own.base);
  EXPECT_EQ(own.rules.size(), 1u) << "nor is the return at its end";
}

TEST(DecodeXtables, AnEntryThatLeadsBeyondTheTable) {
  XtablesBlob bad = blob();
  bad.entries.resize(bad.entries.size() - 1);
  auto table = decode_xtables(bad);
  ASSERT_FALSE(table);
  EXPECT_TRUE(table.error().message.starts_with("table filter: the entry at "))
      << table.error().message;
}

TEST(DecodeXtables, AJumpIntoNowhere) {
  XtablesBlob bad = blob();
  int nowhere = 13;
  std::memcpy(bad.entries.data() + sizeof(ipt_entry) + sizeof(xt_entry_target), &nowhere, 4);
  EXPECT_FALSE(decode_xtables(bad));
}

TEST(DecodeXtables, AnyBytes) {
  std::mt19937 random(1);
  for (int round = 0; round < 20000; ++round) {
    XtablesBlob changed = blob();
    for (int i = 0; i < 1 + round % 8; ++i)
      changed.entries[random() % changed.entries.size()] = static_cast<std::uint8_t>(random());
    if (round % 5 == 0) changed.entries.resize(random() % changed.entries.size());
    if (round % 7 == 0) changed.family = NFPROTO_IPV6;
    (void)decode_xtables(changed);
  }
}

}  // namespace
}  // namespace tna
