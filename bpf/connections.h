/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* connections.h: what connections.bpf.c and src/deploy/connection_map.cpp agree on. */
#ifndef TNA_CONNECTIONS_H
#define TNA_CONNECTIONS_H

#include "tna.h"

struct tna_sweep {
	__u64 there; /* out: connections that are left */
	/* Of those that have been taken out, since the program was loaded. */
	__u64 ended;
	struct tna_connection_count count[2]; /* by direction */
};

#endif
