// SPDX-License-Identifier: Apache-2.0
// TableCode: a chain that is met at one hook, and those of its table that it jumps to, as code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "compile/function.h"
#include "compile/operand_code.h"
#include "compile/rule_run.h"
#include "tna.h"

namespace tna {

inline constexpr int kBridged = offsetof(tna_rule_facts, bridged);

// Names and groups of devices.
bool of_device(Field);

class TableCode {
 public:
  TableCode(Function& function, ChainCalls& calls, const RuleTable& table, const Met& met)
      : function_(function),
        code_(function.code),
        size_(function.size),
        shared_(function.shared),
        calls_(calls),
        table_(table),
        met_(met),
        operands_(function.code, met) {}

  // Accepted packets get to what is written next. Of connections those get here that Linux has set
  // up (bpf/fpm/conntrack.h).
  void base_chain(const RuleChain&);

 private:
  // Packets that come to the chain's end go to `back`; those that go on behind the rule to `next`.
  void write(const RuleChain&, Code::Label back);
  void write(const Rule&, Code::Label next, Code::Label back);
  // So many rules are worth a tree: the verifier goes through the search each time, which takes it
  // 85,000 instructions. None are in a chain that is called, nor where a zone is wanted: these
  // rules are asked once more.
  std::size_t least_in_tree() const;
  // Whether the chain goes on with that rule here: packets may come to it, and there is room. Where
  // there is none, they go to Linux.
  bool fits(const RuleChain&, std::size_t at);
  // Packets that come to its end go to `back`.
  void jump(const RuleChain& to, Code::Label back);
  void write_first_call(ChainCalls::Call&, const RuleChain& to, Code::Label back);
  void write_call(ChainCalls::Call&, const RuleChain& to, Code::Label back);
  // What is dropped before its connection is looked for is so behind that, too: bpf/fpm/zones.h.
  void end(int verdict);
  void punt(const std::string& why);

  // table_steps.cpp. What kind of code the operand's facts take, and whether there can be such.
  bool has(const Operand&);
  // Packets of which it is not known what the rule sees go to Linux.
  void leave(Unclear of, const std::string& what);
  void take(const Test&, Code::Label next, Code::Label back);
  void take(const Count&, Code::Label next, Code::Label back);
  void take(const SetMark&, Code::Label next, Code::Label back);
  void take(const SetZone&, Code::Label next, Code::Label back);
  // The copy that later rules see; the packet gets it in the end (bpf/fpm/mangle.h).
  void take(const Write&, Code::Label next, Code::Label back);
  void take(const Verdict&, Code::Label next, Code::Label back);
  // The counter whose number is in register 3.
  void count();

  // table_searches.cpp. What `take` writes for each verdict, by its number in the register.
  using Take = std::function<void(const Verdict&)>;
  void choose(int number_in, const std::vector<Verdict>&, const Take& take);
  // Packets that no rule of the run matches get to what is written next.
  void find(const RuleRun&, const RuleChain&, Code::Label back);
  // What the first rule that matches does in register 0. Nothing: everything goes to Linux.
  std::optional<std::uint32_t> find(const RuleRun&, Code::Label none);
  void fill_vector(const std::vector<RuleRun::Word>&);
  // `none`: where those go that no rule of the run matches; `on`: those that the verdict of the
  // rule found sends nowhere.
  void act(const RuleRun&, const std::vector<RuleRun::Outcome>&, const std::string& chain,
           Code::Label none, Code::Label on, Code::Label next, Code::Label back);
  void take(const Lookup&, Code::Label next, Code::Label back);
  // An element was found: its verdict, or the answer is yes.
  void is_element(const Lookup&, const Verdict&, Code::Label found, Code::Label next,
                  Code::Label back);
  void compare(const Lookup&, const ElementSet&, Code::Label found, Code::Label next,
               Code::Label back);
  // Intervals of several parts, as a tree: another element is other code.
  void find(const Lookup&, const ElementSet&, Code::Label found, Code::Label next,
            Code::Label back);
  void ask(const Lookup&, const ElementSet&, int map, Code::Label found, Code::Label next,
           Code::Label back);

  Function& function_;
  Code& code_;
  CodeSize& size_;
  RuleShared& shared_;
  ChainCalls& calls_;
  const RuleTable& table_;
  Met met_;
  OperandCode operands_;
  RuleName name_;  // of the rule at hand
  int jumps_ = 0;  // on the way there
  Code::Label accepted_ = 0;
};

}  // namespace tna
