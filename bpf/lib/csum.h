/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* csum.h: a checksum that follows a change of what it sums up (RFC 1624; include/net/checksum.h:
 * csum_replace4).
 */
#ifndef TNA_CSUM_H
#define TNA_CSUM_H

static __always_inline __u16 tna_csum_changed(__u16 check, __u32 from, __u32 to)
{
	__u32 sum = (__u16)~check;

	sum += (__u16)~from + (__u16)(~from >> 16) + (to & 0xffff) + (to >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~((sum & 0xffff) + (sum >> 16));
}

#endif
