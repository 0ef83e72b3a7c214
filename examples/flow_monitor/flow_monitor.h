/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the hook and the program that shows its table have in common. */
#ifndef FLOW_MONITOR_H
#define FLOW_MONITOR_H

#include <linux/types.h>

struct flow {
	__be32 saddr[4], daddr[4]; /* IPv4: the first word */
	__be16 sport, dport;
	__u8 protocol, version;
	__u16 unused;
};

struct flow_count {
	__u64 packets, bytes;
};

#endif
