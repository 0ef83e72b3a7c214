// SPDX-License-Identifier: Apache-2.0
// number_choice.h: code that goes different ways by a small number in a register.
#pragma once

#include <cstddef>
#include <cstdint>

#include "compile/code.h"

namespace tna {

// The number is one of `first` to `last`. `write(first, last)` writes what is done for those, or
// says false: then each half is gone to by itself. It must not say so of a single one.
template <typename Write>
void choose_number(Code& code, int number_in, std::size_t first, std::size_t last,
                   const Write& write) {
  if (write(first, last)) return;
  const std::size_t middle = first + (last - first) / 2;
  const Code::Label above = code.label();
  code.jump_if(BPF_JGT, number_in, static_cast<std::uint32_t>(middle), above);
  choose_number(code, number_in, first, middle, write);
  code.place(above);
  choose_number(code, number_in, middle + 1, last, write);
}

}  // namespace tna
