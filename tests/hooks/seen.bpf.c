/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Keeps the facts of the last packet, and counts. */
#include <tna/hook.h>

__u64 packets;
struct tna_facts last;

TNA_OBSERVER(seen)
{
	packets++;
	last = *facts;
}
TNA_LICENSE("GPL");
