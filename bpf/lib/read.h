/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* read.h: how the kernel's own structures are read. XDP's pipeline is compiled twice, and the
 * controller takes what the kernel offers:
 *
 * - typed: a load through a pointer that the verifier knows the type of (bpf_rdonly_cast, in 6.12
 *   and later). About a nanosecond each; a bad pointer reads 0 and harms nothing.
 * - TNA_PROBE_READS: bpf_probe_read_kernel(), which every kernel has. About 24 ns each, whether for
 *   8 bytes or 100: so members that lie together are read together, as a view.
 *
 * The rest of the code says what it reads and not how: tna_get(object, member) for one member;
 * TNA_VIEW(), tna_look() and tna_see() for several; tna_word() and tna_int() at any address.
 */
#ifndef TNA_READ_H
#define TNA_READ_H

/* Where views are copied to: memory per CPU, the stack being too small. */
struct tna_copies {
	__u64 context[4], head[14], stacked[20], sending[8], qdisc[4], hooks[5];
	__u64 port[8], bridge[8], table[2], entry[10], xdp[2];
};

#define TNA_CORE __attribute__((preserve_access_index))

/* The address of a member, for tna_word(): tna_member(tbl, struct bucket_table, buckets). */
#define tna_member(object, type, member) ((__u64)(object) + bpf_core_field_offset(type, member))

typedef struct {
	int counter;
} TNA_CORE atomic_t;

#ifndef TNA_PROBE_READS

extern void *bpf_cast_to_kern_ctx(void *) __ksym __weak;
extern void *bpf_rdonly_cast(const void *, __u32)
__ksym __weak;

/* The address as a pointer to the kernel's type. The type must be vmlinux's own, not a module's. */
#define tna_as(type, address)                                                                      \
	((type *)bpf_rdonly_cast((const void *)(address), bpf_core_type_id_kernel(type)))

/* Of the pointer as it is the verifier would look for types to trust, at each load, through all names
 * that the kernel has: a millisecond each time.
 */
#define tna_kernel_ctx(type, ctx) tna_as(type, bpf_cast_to_kern_ctx(ctx))

/* The address as a pointer to `type` whose first 192 bytes are read as plain numbers, pointers
 * among them: to the verifier it is the kernel's longest structure of nothing but 64-bit numbers. A
 * number can be masked and compared where a typed pointer can't.
 */
struct rtnl_link_stats64 {
	__u64 rx_packets;
} TNA_CORE;
#define tna_plain(type, address)                                                                   \
	((type *)bpf_rdonly_cast((const void *)(address),                                          \
				 bpf_core_type_id_kernel(struct rtnl_link_stats64)))

#define tna_get(object, member) ((object)->member)
#define tna_get_bits(object, member)                                                               \
	({                                                                                         \
		typeof(object) bits_of = (object); /* a variable that is not called p, as theirs */ \
		BPF_CORE_READ_BITFIELD(bits_of, member);                                           \
	})

/* A view is the object itself. */
#define TNA_VIEW(type, name) type *name
#define tna_look(view, copy, address, first, last) ((view) = (address))
#define tna_see(view, member) ((view)->member)
#define tna_see_as(view, type, member) (*(type *)&(view)->member)
#define tna_see_bits(view, member) tna_get_bits(view, member)

/* Eight bytes at any kernel address, and an int. */
#define tna_word(address) (*tna_plain(__u64, address))
struct refcount_struct {
	atomic_t refs;
} TNA_CORE;
#define tna_int(address) (tna_as(struct refcount_struct, (address))->refs.counter)

#else

/* The context is the kernel's own structure, which bpf_probe_read_kernel() may be told. */
#define tna_kernel_ctx(type, ctx) ((type *)(ctx))
#define tna_as(type, address) ((type *)(address))
#define tna_plain(type, address) ((type *)(address))

/* The type without `const`, which a member of a constant object has: as the type of a variable it
 * would let clang believe that nobody writes to it.
 */
#define tna_mutable(type) typeof((type)0)

#define tna_probe(type, address)                                                                   \
	({                                                                                         \
		tna_mutable(type) probed = 0;                                                                   \
		bpf_probe_read_kernel(&probed, sizeof(probed), (const void *)(address));           \
		probed;                                                                            \
	})
#define tna_word(address) tna_probe(__u64, address)
#define tna_int(address) tna_probe(int, address)
#define tna_get(object, member) tna_probe(typeof((object)->member), &(object)->member)
#define tna_get_bits(object, member) BPF_CORE_READ_BITFIELD_PROBED(object, member)

/* A view is a copy of the members from `first` to `last`, made by one call of the helper into one of
 * struct tna_copies. On a kernel that has put them further apart than there is room, each is read
 * by itself: the offsets are constants to the verifier, which removes the way not taken.
 */
#define TNA_VIEW(type, name)                                                                       \
	struct {                                                                                   \
		type *of;                                                                          \
		__u64 from, size;                                                                  \
		__u64 *words;                                                                      \
		__u64 room;                                                                        \
	} name

#define tna_look(view, copy, address, first, last)                                                 \
	({                                                                                         \
		(view).of = (void *)(address);                                                     \
		(view).from = bpf_core_field_offset((view).of->first) & ~7ULL;                     \
		(view).size = bpf_core_field_offset((view).of->last) +                             \
			      bpf_core_field_size((view).of->last) - (view).from;                  \
		(view).words = (copy);                                                             \
		(view).room = sizeof(copy);                                                        \
		if ((view).size <= sizeof(copy))                                                   \
			bpf_probe_read_kernel((view).words, (view).size,                           \
					      (const void *)(view).of + (view).from);              \
	})

/* What the object has at `offset`. */
#define tna_see_at(view, type, offset)                                                             \
	({                                                                                         \
		tna_mutable(type) seen = 0;                                                                     \
		__u64 where = (offset), at = where - (view).from;                                  \
		if ((view).size <= (view).room && at < (view).size)                       \
			seen = *(type *)((const char *)(view).words + at);                         \
		else                                                                               \
			bpf_probe_read_kernel(&seen, sizeof(seen),                                 \
					      (const void *)(view).of + where);                    \
		seen;                                                                              \
	})
#define tna_see(view, member) tna_see_as(view, typeof((view).of->member), member)
#define tna_see_as(view, type, member)                                                             \
	tna_see_at(view, type, bpf_core_field_offset((view).of->member))

/* A member that some kernels keep in some bits of a word. */
#define tna_see_bits(view, member)                                                                 \
	(tna_see_at(view, __u64, __CORE_RELO((view).of, member, BYTE_OFFSET))                    \
		 << __CORE_RELO((view).of, member, LSHIFT_U64) >>                                  \
	 __CORE_RELO((view).of, member, RSHIFT_U64))

#endif
#endif
