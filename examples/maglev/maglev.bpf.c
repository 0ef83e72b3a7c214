/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* maglev: spreads the connections to a virtual IPv4 address and port over servers by consistent hashing
 * (Eisenbud et al., Maglev, NSDI 2016): what changes when a server comes or goes is little more than what
 * has to. Packets of a connection get the same server without any state. The way back is the servers': they
 * answer by this machine, which translates the source back.
 */
#include <tna/hook.h>

#include "maglev.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAGLEV_SERVICES);
	__type(key, __u32);
	__type(value, struct maglev_service);
} services SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAGLEV_TABLE);
	__type(key, __u32);
	__type(value, struct maglev_server);
} table SEC(".maps");

static __always_inline __u32 mixed(__u32 hash, __u32 word)
{
	hash = (hash ^ word) * 0x9e3779b1;
	return hash ^ hash >> 15;
}

TNA_TRANSFORMER(maglev)
{
	struct maglev_service *service;
	struct maglev_server *server;
	__u32 zero = 0, hash = 0;

	if (facts->version != 4 || facts->fragment || !facts->l4_at)
		return TNA_CONTINUE;
	service = bpf_map_lookup_elem(&services, &zero);
	if (!service || !service->address || service->protocol != facts->l4_protocol)
		return TNA_CONTINUE;
	if (facts->daddr[0] == service->address && facts->dport == service->port) {
		hash = mixed(hash, facts->saddr[0]);
		hash = mixed(hash, facts->sport) % MAGLEV_TABLE;
		server = bpf_map_lookup_elem(&table, &hash);
		if (!server || !server->address)
			return TNA_DISCARD;
		if (tna_set_daddr4(facts, packet, server->address) ||
		    tna_set_dport(facts, packet, server->port))
			return TNA_DISCARD;
		return TNA_CHANGED;
	}
	for (__u32 i = 0; i < MAGLEV_SERVERS; i++) {
		if (service->servers[i].address != facts->saddr[0] ||
		    service->servers[i].port != facts->sport)
			continue;
		if (tna_set_saddr4(facts, packet, service->address) ||
		    tna_set_sport(facts, packet, service->port))
			return TNA_DISCARD;
		return TNA_CHANGED;
	}
	return TNA_CONTINUE;
}
TNA_LICENSE("GPL");
