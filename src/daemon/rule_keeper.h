// SPDX-License-Identifier: Apache-2.0
// RuleKeeper: has the firewall's rules compiled as they are in force.
#pragma once

#include <map>
#include <optional>
#include <set>

#include "assemble/plan.h"
#include "introspect/nft_changes.h"
#include "rules/rule_set.h"

namespace tna {

// What nft, iptables and iptables-legacy have put into the calling thread's namespace.
Result<RuleSet> read_rules();

class RuleKeeper {
 public:
  // Reads and compiles them where these words say that there are others than those kept, which
  // matter to forwarded packets. True: so it was done, and the words are to be looked at again.
  bool follow(const NetfilterState&);
  // They change faster than they can be read. Those kept stay, lest their programs have to be
  // loaded anew; guards that never hold leave their packets to Linux until follow() succeeds.
  void give_up(const RuleWords& now);
  // follow() did not: they changed while they were read.
  bool outrun() const { return outrun_; }
  const Firewall& firewall() const { return firewall_; }
  // Gives the memory that reading took back to the system; for when there is time.
  void rest();

  // They can't be used, until there are others.
  void refuse(const std::string& why) {
    firewall_.rules = nullptr;
    firewall_.why_not = why;
  }

 private:
  void read(const RuleWords&, bool zones);
  Result<nft::Ruleset> read_nft();
  bool take_changes(const RuleWords& now);
  bool take_elements(const std::set<nft::Part>& sets, std::uint32_t generation);

  Firewall firewall_;
  // What of nf_tables the rules kept are made of, those of it that are sets without verdicts, and
  // the newest handle of each table then.
  std::set<nft::Part> met_, plain_;
  std::map<std::pair<std::uint8_t, std::string>, std::uint64_t> newest_;
  std::optional<NftChanges> changes_;
  std::optional<Netlink> reader_;
  bool outrun_ = false;
  bool has_read_ = false;  // since the last rest
  bool given_up_ = false;
  std::uint64_t last_id_ = 0;
  std::uint32_t last_version_ = 0;
};

}  // namespace tna
