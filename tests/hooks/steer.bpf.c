/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* UDP to port 20000 + N leaves by the interface whose index is N; to port 20000 it is discarded, to 19999 it
 * is Linux's, and to 19998 it is said what a steer may not say.
 */
#include <tna/hook.h>

TNA_STEER(steer)
{
	__u16 port = bpf_ntohs(facts->dport);

	if (facts->l4_protocol != 17 || port < 19998 || port >= 30000)
		return TNA_CONTINUE;
	if (port == 19998)
		return TNA_CHANGED;
	if (port == 19999)
		return TNA_LEAVE;
	return port == 20000 ? TNA_DISCARD : tna_steer_to(port - 20000);
}
TNA_LICENSE("GPL");
