/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What change.h says, as a hook. */
#include "change.h"

TNA_TRANSFORMER(change)
{
	return change_packet(facts, packet);
}
TNA_LICENSE("GPL");
