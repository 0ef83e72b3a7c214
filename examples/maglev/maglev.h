/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the hook and the program that fills its table have in common. */
#ifndef MAGLEV_H
#define MAGLEV_H

#include <linux/types.h>

#define MAGLEV_SERVICES 1
#define MAGLEV_SERVERS 16
#define MAGLEV_TABLE 65537 /* a prime, much more than there are servers */

struct maglev_server {
	__be32 address; /* 0: none */
	__be16 port;
	__u16 unused;
};

struct maglev_service {
	__be32 address; /* 0: none */
	__be16 port;
	__u8 protocol, unused;
	struct maglev_server servers[MAGLEV_SERVERS];
};

#endif
