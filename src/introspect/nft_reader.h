// SPDX-License-Identifier: Apache-2.0
// Reads the nf_tables rule set of the calling thread's network namespace, with the rules of the
// iptables-nft commands, which are kept there, too.
#pragma once

#include "base/result.h"
#include "introspect/nft_objects.h"

namespace tna {

// All of one generation. An error names what could not be listed; where the rule set did not stand
// still during several attempts, its code is EAGAIN.
Result<nft::Ruleset> read_nft_ruleset();

}  // namespace tna
