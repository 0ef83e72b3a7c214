/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Takes connections that have ended out of those that are counted (lib/counted.h). Run by the
 * controller, never attached: the kernel is asked about each by a look into its memory, which is
 * shorter than to hear of the end of every connection that there is.
 */
#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "lib/kernel.h"
#include "connections.h"

struct bpf_map;
extern unsigned long CONFIG_HZ __kconfig __weak;

/* The controller puts the one of the pipelines in its place. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct tna_connection_key);
	__type(value, struct tna_connection);
} tna_connections SEC(".maps");

struct tna_sweep tna_sweep = {};

/* Memory of connections that are gone can be read: it becomes another's, which has not begun then,
 * or nothing that looks like one. False for one that is being taken down, too: no packet finds it
 * any more.
 */
static bool tna_is_there(const struct tna_connection_key *key)
{
	struct nf_conn *ct = (void *)key->at;
	struct nf_ct_ext *ext = NULL;
	unsigned long status = 0;
	__u64 began = 0;
	__u8 at = 0;

	if (!bpf_core_enum_value_exists(enum nf_ct_ext_id, NF_CT_EXT_TSTAMP))
		return false;
	bpf_probe_read_kernel(&status, sizeof(status), &ct->status);
	if ((status & (IPS_CONFIRMED | IPS_DYING)) != IPS_CONFIRMED)
		return false;
	bpf_probe_read_kernel(&ext, sizeof(ext), &ct->ext);
	bpf_probe_read_kernel(&at, sizeof(at),
			      (__u8 *)ext + bpf_core_field_offset(struct nf_ct_ext, offset) +
				  bpf_core_enum_value(enum nf_ct_ext_id, NF_CT_EXT_TSTAMP));
	bpf_probe_read_kernel(&began, sizeof(began),
			      (__u8 *)ext + at +
				  bpf_core_field_offset(struct nf_conn_tstamp, start));
	return ext && at && began == key->began;
}

/* One that has ended stays for a while: a program may have found it just before. */
static long tna_look_at(struct bpf_map *map, struct tna_connection_key *key,
			struct tna_connection *connection, void *unused)
{
	__u64 now = bpf_jiffies64();

	if (tna_is_there(key)) {
		tna_sweep.there++;
		return 0;
	}
	if (!connection->ended)
		connection->ended = now;
	if (now - connection->ended < CONFIG_HZ)
		return 0;
	tna_sweep.ended++;
	for (int i = 0; i < 2; i++) {
		tna_sweep.count[i].packets += connection->count[i].packets;
		tna_sweep.count[i].bytes += connection->count[i].bytes;
	}
	bpf_map_delete_elem(&tna_connections, key);
	return 0;
}

SEC("syscall")
int tna_sweep_connections(void *unused)
{
	tna_sweep.there = 0;
	bpf_for_each_map_elem(&tna_connections, tna_look_at, NULL, 0);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
