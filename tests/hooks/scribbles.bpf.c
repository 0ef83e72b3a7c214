/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Writes to what it has for reading only. */
#include <tna/hook.h>

TNA_OBSERVER(scribbles)
{
	((volatile struct tna_facts *)facts)->length = 0;
}
TNA_LICENSE("GPL");
