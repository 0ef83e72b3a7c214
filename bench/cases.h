// SPDX-License-Identifier: Apache-2.0
// The benchmark's cases by name. Each makes its own test bed and returns its rows.
#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "measure.h"
#include "report.h"

namespace tna::bench {

Result<std::vector<Row>> bridge(const Options&);
Result<std::vector<Row>> route(const Options&);
Result<std::vector<Row>> route_ipv6(const Options&);
Result<std::vector<Row>> routed_bridge(const Options&);
Result<std::vector<Row>> route_10k(const Options&);
Result<std::vector<Row>> routes_many(const Options&);
Result<std::vector<Row>> route_churn(const Options&);
Result<std::vector<Row>> rules(const Options&);
Result<std::vector<Row>> rules_flows(const Options&);
Result<std::vector<Row>> rules_set(const Options&);
Result<std::vector<Row>> rules_of_bridges(const Options&);
Result<std::vector<Row>> rules_commit(const Options&);
Result<std::vector<Row>> connections(const Options&);
Result<std::vector<Row>> connections_many(const Options&);
Result<std::vector<Row>> nat_tcp(const Options&);
Result<std::vector<Row>> fdb_100k(const Options&);
Result<std::vector<Row>> two_cores(const Options&);
Result<std::vector<Row>> punt(const Options&);
Result<std::vector<Row>> flood(const Options&);
Result<std::vector<Row>> own_cost(const Options&);
Result<std::vector<Row>> vlan_cost(const Options&);
Result<std::vector<Row>> hook_cost(const Options&);
Result<std::vector<Row>> tcp(const Options&);
Result<std::vector<Row>> reaction(const Options&);
Result<std::vector<Row>> rule_classifier(const Options&);
Result<std::vector<Row>> load(const Options&);
Result<std::vector<Row>> echo(const Options&);

struct Case {
  const char* name;
  const char* about;
  Result<std::vector<Row>> (*measure)(const Options&);
};

inline constexpr Case kCases[] = {
    {"bridge", "64-byte frames through a bridge: TNA, Linux alone, a bare XDP redirect", bridge},
    {"route", "64-byte IPv4 packets through a router: TNA, Linux alone, XDP with the same FIB call",
     route},
    {"route-ipv6", "the same with IPv6, 64 bytes and FCS", route_ipv6},
    {"routed-bridge", "IPv4 from a bridge with an address, and to one: TNA, Linux alone",
     routed_bridge},
    {"route-10k", "IPv4 packets to 10,000 networks in turn", route_10k},
    {"routes-1m", "the router with 100,000 and 1,000,000 routes against 10", routes_many},
    {"route-churn", "what the daemon does while 10,000 routes change every second", route_churn},
    {"rules", "routing with 100, 1,000, 10,000 rules that no packet matches: nft, both iptables",
     rules},
    {"rules-flows", "the same with 10,000 flows, and with frames of ever new ones, nft",
     rules_flows},
    {"rules-set", "routing with an nft set of 100,000 addresses in front", rules_set},
    {"rules-bridge", "a bridge with 100 and 1,000 rules of the family bridge, and with rules of IP",
     rules_of_bridges},
    {"rules-commit", "from the commit of 100 to 100,000 rules to fast packets; memory",
     rules_commit},
    {"connections", "10,000 connections through a stateful firewall, and masqueraded", connections},
    {"connections-1m", "the same firewall with 1,000,000 connections against 10,000",
     connections_many},
    {"nat-tcp", "one TCP stream, and new connections, masqueraded, through veth with hook auto",
     nat_tcp},
    {"bridge-own-cost", "nanoseconds of the bridge's program above an empty one", own_cost},
    {"vlan-own-cost", "the same where the bridge filters VLANs, in parts of a plain bridge's",
     vlan_cost},
    {"hook-own-cost", "nanoseconds of an observer that does nothing in it; from add to running",
     hook_cost},
    {"two-cores", "two flows on two cores against one on one core", two_cores},
    {"punt", "every frame is handed to Linux: what TNA's looking at it costs", punt},
    {"flood", "known multicast and broadcast, which Linux does: what TNA's looking at it costs",
     flood},
    {"tcp", "one TCP stream between two containers on the bridge", tcp},
    {"fdb-100k", "the bridge with 100,000 stations against 200", fdb_100k},
    {"udp-echo", "UDP echo by AF_XDP against one with a socket, on the same veth", echo},
    {"reaction", "from a change of the configuration to the new program running", reaction},
    {"rule-classifier",
     "nanoseconds to find the first of up to 100,000 rules that a packet matches", rule_classifier},
    {"load", "instructions of the bridge's program, and the time to load it", load},
};

}  // namespace tna::bench
