// SPDX-License-Identifier: Apache-2.0
// inline.h: a small function's code in the place of its calls. Where a processor's returns are
// guarded against speculation a call costs more than such a function does.
#pragma once

#include "deploy/code.h"

namespace tna {

// The bytes of stack that the deepest chain of calls from the first instruction may take, as the
// kernel adds them up (kernel/bpf/verifier.c:check_max_stack_depth), at most.
int stack_of(const Instructions&);

// Calls of the function become its code, which goes up to where the next function begins. It stays
// called where it is not small, calls others, or the stack would not suffice.
void inline_calls(Instructions&, std::size_t function);

}  // namespace tna
