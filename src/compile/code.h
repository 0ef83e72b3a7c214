// SPDX-License-Identifier: Apache-2.0
// code.h: BPF instructions with labels, as a compiler writes them. What can't be reached is not
// written: the verifier refuses it.
#pragma once

#include <linux/bpf.h>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tna {

class Code {
 public:
  using Label = std::size_t;
  Label label();
  void place(Label);
  // Code that is written later jumps to the label.
  void expect(Label label) { wanted_[label] = true; }
  bool wanted(Label label) const { return wanted_[label]; }

  void move(int to, int from);           // to = from, 64 bits
  void set(int to, std::int32_t value);  // to = value
  void set_wide(int to, std::uint64_t value);
  void set_map(int to, int map);                      // to = that map of the rule set: linked later
  void load(int size, int to, int from, int offset);  // to = *(from + offset); size 1, 2, 4, 8
  void store(int size, int to, int offset, int from);  // *(to + offset) = from
  void store_value(int size, int to, int offset, std::int32_t value);
  void add(int to, int from);  // 64 bits
  void add_value(int to, std::int32_t value);
  // Operations on the lower 32 bits; the upper become 0. BPF_AND, BPF_OR, BPF_XOR, BPF_LSH,
  // BPF_RSH.
  void change(int operation, int of, std::uint32_t value);
  void either(int to, int from);  // to |= from, 32 bits
  void differ(int to, int from);  // to ^= from, 32 bits
  void swap(int of, int bits);    // between the machine's order and the network's
  void jump(Label);
  // Where `of` (its lower 32 bits, unsigned) is so related to the value: BPF_JEQ, BPF_JNE, BPF_JGT,
  // BPF_JLT, BPF_JGE, BPF_JLE.
  void jump_if(int relation, int of, std::uint32_t value, Label);
  void jump_if_wide(int relation, int of, int than, Label);  // two registers, 64 bits
  void jump_if_null(int of, Label);                          // 64 bits
  // If the code just written is a jump that is taken to `outside` in some cases: it goes to
  // `inside` in all others instead, and those come to what is written next. The verifier goes there
  // first.
  bool turn_round(Label outside, Label inside);
  void call(int helper);
  void find_rule();  // the spine's tna_rule_ask(): linked later
  void exit();

  bool reachable() const { return reachable_; }
  std::size_t size() const { return code_.size(); }
  std::size_t branches() const { return branches_; }  // jumps that are not always taken
  // Error: a jump is too far.
  Result<std::vector<bpf_insn>> finish();

 private:
  void emit(bpf_insn);
  std::vector<bpf_insn> code_;
  std::vector<std::ptrdiff_t> places_;                // by label; -1: not yet
  std::vector<std::pair<std::size_t, Label>> jumps_;  // instructions
  std::vector<bool> wanted_;                          // by label: something jumps there
  std::size_t branches_ = 0;
  std::size_t last_place_ = 0;  // where something jumps to
  bool reachable_ = true;
};

}  // namespace tna
