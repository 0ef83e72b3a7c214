/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* slot_abi.h: the places for users' own code, as the spine and the loader (src/deploy/slots.h) know
 * them: one before and one after each module, and one at the end. What stands at such a place in the
 * code is a jump to the hook's call that is never taken. The loader makes it one that always is, where a
 * hook is linked in, and else takes it out with the call.
 */
#ifndef TNA_SLOT_ABI_H
#define TNA_SLOT_ABI_H

#include "tna/hook_abi.h"

/* In the order of the spine; src/assemble/modules.h has a row for each. */
#define TNA_MODULES(X)                                                                             \
	X(guards)                                                                                  \
	X(parse_l2)                                                                                \
	X(bridge_ingress)                                                                          \
	X(vlan_ingress)                                                                            \
	X(suppress)                                                                                \
	X(learning)                                                                                \
	X(fdb)                                                                                     \
	X(vlan_egress)                                                                             \
	X(bridge_forward)                                                                          \
	X(bridge_nf)                                                                               \
	X(bridge_up)                                                                               \
	X(vlan_up)                                                                                 \
	X(route_ingress)                                                                           \
	X(parse_l3)                                                                                \
	X(xsk)                                                                                     \
	X(conntrack)                                                                               \
	X(fib)                                                                                     \
	X(route_forward)                                                                           \
	X(rules)                                                                                   \
	X(nat)                                                                                     \
	X(vlan_xmit)                                                                               \
	X(bridge_xmit)

enum tna_place {
#define TNA_PLACE_ENUM(module) TNA_SLOT_before_##module, TNA_SLOT_after_##module,
	TNA_MODULES(TNA_PLACE_ENUM)
#undef TNA_PLACE_ENUM
	TNA_SLOT_end, /* it will be sent */
	TNA_PLACES
};

/* Numbers that the loader looks for in the code. `if r10 == TNA_SLOT_MARK + n` is never true. */
#define TNA_SLOT_MARK 0x7a6e5000
#define TNA_SLOT_CALL 0x7a6e5100	/* returned by the function that is called in slot n */
#define TNA_HOOK_CODE 0x7a6e5200	/* returned by what the hook's function is put in place of */
/* In the function that calls a hook: further marks, and numbers to be filled in. */
#define TNA_HOOK_STEP 0x7a6e5300	/* a mark behind which that function is called, never taken */
#define TNA_HOOK_MARK_FACTS 0x7a6e5301	/* the hook reads facts */
#define TNA_HOOK_MARK_HEADERS 0x7a6e5302 /* it reads facts that take a look into the packet */
#define TNA_HOOK_MARK_SAYS 0x7a6e5303	/* it has something to say */
#define TNA_HOOK_NUMBER 0x7a6e5304	/* the hook's number in the program, from 1 on */
#define TNA_HOOK_MARK_CHANGES 0x7a6e5306 /* it may change packets */
#define TNA_HOOK_MARK_STEERS 0x7a6e5307	 /* it may choose the interface that they leave by */
#define TNA_STEER_MARK 0x7a6e5308	 /* in the spine: some hook may */
/* Where hooks may change packets, the loader puts a loop around the program: */
#define TNA_HOOK_RESUME 0x7a6e5305	/* becomes what the loop hands over in r2, or 0 */
#define TNA_HOOK_AGAIN 0x7a6e5400	/* returned with the number to resume at in the lowest byte */
#define TNA_HOOK_TURNS 5		/* so many times at most */

/* One per CPU and hook; a hook's own state is elsewhere. */
struct tna_hook_memory {
	struct tna_hook_counters counters;
	struct tna_facts facts;
};

#endif
