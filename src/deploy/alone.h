// SPDX-License-Identifier: Apache-2.0
// alone.h: what the verifier says of a hook by itself.
#pragma once

#include "deploy/slots.h"

namespace tna {

// Whether it takes the hook where it is a function of its own, called by a program of that type
// that does nothing else. In the place of a call its code could read what its caller has in
// registers and stack.
bool taken_alone(const HookCode&, bpf_prog_type);

}  // namespace tna
