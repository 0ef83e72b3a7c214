// SPDX-License-Identifier: Apache-2.0
// RuleKeeper: has the firewall's rules compiled as they are in force.
#pragma once

#include "assemble/plan.h"
#include "rules/rule_set.h"

namespace tna {

// What nft, iptables and iptables-legacy have put into the calling thread's namespace.
Result<RuleSet> read_rules();

class RuleKeeper {
 public:
  // Reads and compiles them where these words say that there are others than those kept. True: so
  // it was done, and the words are to be looked at again.
  bool follow(const NetfilterState&);
  // They changed while they were read.
  void spoilt() { firewall_ = {.why_not = "they change all the time"}; }
  const Firewall& firewall() const { return firewall_; }

  // They can't be used, until there are others.
  void refuse(const std::string& why) {
    firewall_.rules = nullptr;
    firewall_.why_not = why;
  }

 private:
  void read(const RuleWords&);

  Firewall firewall_;
  std::uint64_t last_id_ = 0;
};

}  // namespace tna
