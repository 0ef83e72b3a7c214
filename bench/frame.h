/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* frame.h: the benchmark's frame, as its programs and its driver both see it: Ethernet, IPv4, UDP,
 * 60 bytes (64 with the FCS that a veth does not have); or with IPv6, which needs 62, 64 bytes.
 */
#ifndef BENCH_FRAME_H
#define BENCH_FRAME_H

#include <linux/types.h>

#define BENCH_FRAMES 16384 /* room for that many templates, a power of two */
#define BENCH_FRAME_LENGTH 60
#define BENCH_IPV6_FRAME_LENGTH 64
#define BENCH_EPOCH_BYTES 2 /* the last ones */
#define BENCH_EPOCHS 4
#define BENCH_UDP_PORT 9        /* discard */
#define BENCH_STATION_PORT 1024 /* of the first station; the others' follow */
#define BENCH_SLOTS 256         /* room for that many requests at a time, a power of two */

struct bench_frame {
  __u8 bytes[64];
} __attribute__((aligned(8)));

/* Set before loading. */
struct bench_const {
  __u32 generate_ifindex; /* where the generator sends to */
  __u32 redirect_ifindex; /* where the bare redirect sends to */
  __u32 frame_length;     /* BENCH_FRAME_LENGTH or BENCH_IPV6_FRAME_LENGTH */
};

/* One request at a time, of the station with that number. */
struct bench_slot {
  __u64 answers;
  __u32 epoch; /* answers of others came too late */
  __u32 unused;
};

/* Shared memory of the driver and the generator. */
struct bench_state {
  struct bench_frame frames[BENCH_FRAMES]; /* templates, sent in turn */
  __u64 generated[BENCH_EPOCHS];
  __u32 frame_count; /* how many templates are filled in */
  __u32 next;
  __u32 epoch;   /* written into every frame, so that the sink can tell before from after */
  __u32 scatter; /* IPv4: each frame is of another flow than all before it */
  __u32 scattered;
  __u32 window; /* slots in use */
  struct bench_slot slots[BENCH_SLOTS];
};

#endif
