// SPDX-License-Identifier: Apache-2.0
// code.h: BPF instructions as the loader takes them apart and puts them together. Calls and jumps
// are relative, so a function keeps its own when it is moved as a whole.
#pragma once

#include <linux/bpf.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"

namespace tna {

using Instructions = std::vector<bpf_insn>;

inline constexpr int kStack = 512;  // bytes, that a program has

// A call of another function of the program.
bool is_call(const bpf_insn&);
// A load of a function's address, for helpers that call it.
bool names_function(const bpf_insn&);
// Of either: where the function begins.
std::size_t called(const Instructions&, std::size_t at);
void call(Instructions&, std::size_t at, std::size_t function);

bool is_exit(const bpf_insn&);

// A load of a map, or of an address within its value: the instruction's imm is the map's
// descriptor.
bool names_map(const bpf_insn&);

// A jump that may or will be taken; where it leads to.
bool is_jump(const bpf_insn&);
std::size_t jump_target(const Instructions&, std::size_t at);

// A function that does nothing but return the number.
std::optional<std::size_t> function_that_returns(const Instructions&, std::int32_t number);
// Calls of the one become calls of the other.
void redirect(Instructions&, std::size_t from, std::size_t to);
// Where the function ends that begins there: where another begins that is called, or the code ends.
std::size_t end_of(const Instructions&, std::size_t function);
// Puts the function behind all others; where it begins.
std::size_t append(Instructions&, const Instructions& function);

// "if r10 == mark": becomes a jump that is always taken, or that leads nowhere.
bool is_mark(const bpf_insn&, std::int32_t mark);
void set_mark(bpf_insn&, bool taken);

// Each instruction is the first of so many, the others of which are to be written; 0: it is left
// out. Calls and jumps lead where they led.
Instructions spread(const Instructions&, const std::vector<std::size_t>& lengths);

// Without what can't be reached from the first instruction, which the kernel would refuse.
Instructions without_unreachable(const Instructions&);

}  // namespace tna
