/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* slots.h: the places for users' own code. A slot is a weak function that does nothing; another BPF
 * object linked in replaces it. It is handed a copy of the facts, so that the spine's own values
 * can stay in registers, and it is called only where the constants say that something was linked
 * in.
 */
#ifndef TNA_SLOTS_H
#define TNA_SLOTS_H

#include "lib/pkt.h"

struct tna_facts {
	__u64 dst, src; /* MACs, memory order */
	__u32 len, ifindex;
	__be16 proto;
	__u16 pad[3];
};

#define TNA_SLOT_DEFINE(name)                                                                      \
	__weak __hidden enum tna_verdict tna_slot_##name(const struct tna_facts *facts)            \
	{                                                                                          \
		return TNA_NEXT;                                                                   \
	}
TNA_SLOT_DEFINE(start)
TNA_SLOT_DEFINE(parsed)
TNA_SLOT_DEFINE(forward)
TNA_SLOT_DEFINE(end)

#define TNA_SLOT(p, name)                                                                          \
	({                                                                                         \
		enum tna_verdict slot_verdict = TNA_NEXT;                                          \
		if (TNA_CONST(p, slots) & 1 << TNA_SLOT_##name) {                                  \
			struct tna_facts facts = {.dst = (p)->dst,                                 \
						  .src = (p)->src,                                 \
						  .len = (p)->len,                                 \
						  .ifindex = tna_ctx_ifindex(p),                   \
						  .proto = (p)->proto};                            \
			slot_verdict = tna_slot_##name(&facts);                                    \
		}                                                                                  \
		slot_verdict;                                                                      \
	})

#endif
