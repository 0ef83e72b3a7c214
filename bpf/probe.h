/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* probe.h: what probe.bpf.c and src/capabilities/kernel_memory.cpp agree on. */
#ifndef TNA_PROBE_H
#define TNA_PROBE_H

#include <linux/types.h>

#define TNA_PEEK_MAX 1024

struct tna_peek {
	__u64 address; /* in: kernel address, 0 for none */
	__u32 size;    /* in: bytes, at most TNA_PEEK_MAX */
	__s32 error;   /* out: 0 or -EFAULT */
	__u64 net;     /* out: address of the struct net that the program runs in */
	__u64 device;  /* out: address of the struct net_device that the program runs on */
	__u64 jiffies; /* out: jiffies64 */
	__u32 hz;      /* out: CONFIG_HZ */
	__u32 pad;
	__u8 bytes[TNA_PEEK_MAX]; /* out */
};

#endif
