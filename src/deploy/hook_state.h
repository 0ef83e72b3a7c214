// SPDX-License-Identifier: Apache-2.0
// hook_state.h: what hook_check.cpp knows of registers and stack at a place of a hook's code.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "deploy/code.h"

namespace tna {

inline constexpr int kWords = kStack / 8;  // of the stack

// What a register or a word of the stack may hold; a number is none of these.
struct Holds {
  bool facts = false, packet = false;
  bool stack = false, above = false;  // this function's, that of one that called it
  std::optional<int> at;              // one place alone: how far into it

  bool pointer() const { return facts || packet || stack || above; }
  bool operator==(const Holds&) const = default;
  void join(const Holds& other) {
    if (other == *this || !other.pointer()) return;
    if (!pointer()) {
      *this = other;
      return;
    }
    at.reset();
    facts |= other.facts;
    packet |= other.packet;
    stack |= other.stack;
    above |= other.above;
  }
};

struct HookState {
  std::array<Holds, 11> reg;
  std::array<Holds, kWords> word;
  Holds somewhere;  // on the stack, where can't be said
  Holds above;      // on the stacks of those that called
  bool reached = false;

  bool join(const HookState& other) {
    HookState before = *this;
    for (std::size_t i = 0; i < reg.size(); i++) reg[i].join(other.reg[i]);
    for (std::size_t i = 0; i < word.size(); i++) word[i].join(other.word[i]);
    somewhere.join(other.somewhere);
    above.join(other.above);
    const bool changed = !reached || before.reg != reg || before.word != word ||
                         before.somewhere != somewhere || before.above != above;
    reached = true;
    return changed;
  }
};

}  // namespace tna
