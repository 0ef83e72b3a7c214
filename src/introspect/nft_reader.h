// SPDX-License-Identifier: Apache-2.0
// Reads the nf_tables rule set of the calling thread's network namespace, with the rules of the
// iptables-nft commands, which are kept there, too.
#pragma once

#include "base/result.h"
#include "introspect/netlink.h"
#include "introspect/nft_objects.h"

namespace tna {

// All of one generation. An error names what could not be listed; where the rule set did not stand
// still during several attempts, its code is EAGAIN.
Result<nft::Ruleset> read_nft_ruleset(Netlink&);
Result<nft::Ruleset> read_nft_ruleset();

// One set, in its table; EAGAIN and ENOENT: it did not stand still, or is gone.
Result<nft::Ruleset> read_nft_set(Netlink&, const nft::Part&);

// The socket for these. Who reads often keeps it, as long as nothing fails: closing one waits until
// nf_tables has freed what the last commits took out, 5 to 20 ms (nft_rcv_nl_event).
Result<Netlink> open_nft_reader();

}  // namespace tna
