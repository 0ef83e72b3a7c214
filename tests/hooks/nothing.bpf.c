/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An observer that does nothing: what a hook costs at least. */
#include <tna/hook.h>

TNA_OBSERVER(nothing)
{
}
TNA_LICENSE("GPL");
