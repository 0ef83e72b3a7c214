// SPDX-License-Identifier: Apache-2.0
// chain_calls.h: a chain that is jumped to from several places is written once, at the first of
// them; the others set a number and jump there, and behind its end the number says where to go on.
// Functions would take stack, of which the spine leaves none.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "compile/code.h"
#include "rules/rule_set.h"

namespace tna {

class ChainCalls {
 public:
  // The chains that packets of the base chain get to.
  ChainCalls(const RuleTable&, const RuleChain& base);

  struct Call {
    int number_in = 0;  // a register of the callers'; 0: the chain is written where it is jumped to
    bool written = false, returns = false;
    Code::Label entry = 0, end = 0;  // `end`: where those go that come to the chain's end
    // Instructions that the verifier looks at again for each caller, and branches on one way.
    std::size_t weight = 0, branches = 0;
    std::vector<Code::Label> callers;  // where each goes on, by number
  };
  Call& of(const RuleChain& chain) { return calls_[&chain]; }
  void is_written(Call& call) {
    call.written = true;
    if (call.returns) to_return_.push_back(&call);
  }
  // Behind all other code: from the chains' ends to where their callers go on.
  void write_returns(Code&) const;

 private:
  int level(const RuleChain&);
  std::vector<const RuleChain*> jumped_to(const RuleChain&) const;

  const RuleTable& table_;
  std::map<const RuleChain*, Call> calls_;
  std::map<const RuleChain*, int> jumps_, levels_;
  std::vector<const Call*> to_return_;  // in the order they were written in
};

}  // namespace tna
