/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is for the port 4000 of any address is for another address and port. */
#include <tna/hook.h>

volatile const __be32 to_address = bpf_htonl(0xc0000202); /* 192.0.2.2 */
volatile const __be16 to_port = bpf_htons(4243);
__u64 rewritten;

TNA_TRANSFORMER(rewrite)
{
	if (facts->version != 4 || facts->dport != bpf_htons(4000))
		return TNA_CONTINUE;
	if (tna_set_daddr4(facts, packet, to_address) || tna_set_dport(facts, packet, to_port))
		return TNA_LEAVE;
	rewritten++;
	return TNA_CHANGED;
}
TNA_LICENSE("GPL");
