#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# routed_bridge: a home router: some stations are behind a bridge that has the router's address. What they
# send beyond it, and what comes for them, goes on and goes fast, and so does what stays on the bridge; what
# is configured of the bridge holds from the next packet on.
#
#   h1 ---- p1 [ br0 ] b [ ] p2 ---- h2      h1, h3: 10.0.1.1, 10.0.1.3, 2001:db8:1::1 and ::3; the router is .254
#   h3 ---- p3 [     ]   [ ]                 h2: 10.0.2.2, 2001:db8:2::2
. "$(dirname "$0")/lib.sh"

setup() {
  local n
  STATIONS=()
  new_netns b
  in_ns b sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv6.conf.default.accept_dad=0 \
    net.ipv6.conf.default.disable_ipv6=0
  link add br0 address "$(mac br0)" type bridge stp_state 0 mcast_snooping 0
  link set br0 up
  for n in 1 2 3; do
    new_netns h$n
    STATIONS+=(h$n)
    in_ns h$n sysctl -qw net.ipv6.conf.default.disable_ipv6=0 net.ipv6.conf.default.accept_dad=0
    join_by_veth $n
    link set p$n up
  done
  link set p1 master br0
  link set p3 master br0
  address b br0 1 254
  address b p2 2 254
  for n in 1 2 3; do
    ip -n "${RUN}h$n" link set eth0 up
    address h$n eth0 "$(net_of $n)" $n
    ip -n "${RUN}h$n" route add default via 10.0."$(net_of $n)".254
    ip -n "${RUN}h$n" route add default via 2001:db8:"$(net_of $n)"::254
  done
  start_tnad
  tna_on && for n in 1 2 3; do check "hook of p$n: $(status p$n .why)" wait_hook p$n "$HOOK"; done
  for n in 1 3; do # so that all neighbours are known
    check "h2 hears h$n" wait_until 5 ping_ok h2 10.0.1.$n
    check "h2 hears h$n, IPv6" wait_until 5 ping_ok h2 2001:db8:1::$n
  done
}
net_of() { if [ "$1" = 2 ]; then echo 2; else echo 1; fi; }
address() { # address NAMESPACE IF NET HOST
  ip -n "$RUN$1" addr add 10.0.$3.$4/24 dev "$2"
  ip -n "$RUN$1" addr add 2001:db8:$3::$4/64 dev "$2" nodad
}
pings() { # pings FROM TO: of 50
  in_ns "$1" ping -q -c 50 -i 0.01 "$2" | sed -n 's/.* \([0-9]*\) received.*/\1/p'
}

test_ping_both_ways() {
  local to
  for to in 10.0.2.2 2001:db8:2::2; do
    remember
    same "pings h1 -> $to" 50 "$(pings h1 $to)"
    both_grew 45
  done
  check "TTL is one less" grep -q 'ttl=63' <(in_ns h1 ping -n -c 1 10.0.2.2)
}

test_bridge_still_bridges() {
  local before
  before=$(fast_packets p3)
  same "pings h1 -> h3" 50 "$(pings h1 10.0.1.3)"
  tna_on && at_least "fast packets of p3" 45 $(($(fast_packets p3) - before))
  check "by no router" grep -q 'ttl=64' <(in_ns h1 ping -n -c 1 10.0.1.3)
}

test_tcp() {
  local name
  for name in h1 h2; do in_ns $name ethtool -K eth0 tx off >/dev/null; done
  remember
  tcp_of h1 h2 10.0.2.2
  tcp_of h2 h1 2001:db8:1::1
  both_grew 100
  for name in h1 h2; do in_ns $name ethtool -K eth0 tx on >/dev/null; done
}

test_settings_of_the_bridge_hold_at_once() {
  in_ns b sysctl -qw net.ipv4.conf.br0.forwarding=0
  check "forwarding of br0 is off" not one h1 10.0.2.2
  in_ns b sysctl -qw net.ipv4.conf.br0.forwarding=1
  check "it is on" one h1 10.0.2.2
  ip -n "$B" route add blackhole 10.0.1.1
  check "a route back is a black hole" not one h1 10.0.2.2
  ip -n "$B" route del blackhole 10.0.1.1
  link set br0 down
  check "br0 is down" not one h2 10.0.1.1
  link set br0 up
  check "br0 is up" wait_until 10 one h2 10.0.1.1
  ip -n "$B" -6 addr replace 2001:db8:1::254/64 dev br0 nodad # which went with it
}

test_rules_on_the_bridge_itself_hold_at_once() {
  local chain
  in_ns b nft add table bridge t 2>/dev/null || { say "skipped: no nftables bridge family"; return; }
  for chain in input output; do
    in_ns b nft add chain bridge t $chain "{ type filter hook $chain priority 0; }"
    in_ns b nft add rule bridge t $chain ether type ip drop
    check "a rule at $chain" not one h1 10.0.2.2
    in_ns b nft flush chain bridge t $chain
    in_ns b nft delete chain bridge t $chain
    check "no rule at $chain" one h1 10.0.2.2
  done
  in_ns b nft delete table bridge t
  tna_on || return
  remember
  check "fast again" wait_until 10 fast_again
}
fast_again() {
  pings h1 10.0.2.2 >/dev/null
  [ $(($(fast_packets p1) - FAST1)) -ge 45 ]
}

test_tcpdump_on_the_bridge() {
  capture b br0 "$WORK/br0.pcap" --immediate-mode -p icmp
  same "pings h1 -> h2" 50 "$(pings h1 10.0.2.2)"
  finish "$CHILD"
  at_least "packets seen" 100 "$(tcpdump -Z root -nn -r "$WORK/br0.pcap" 2>/dev/null | wc -l)"
  remember
  tna_on && check "fast again" wait_until 10 fast_again
}

test_station_behind_another_port() { # h1's cable is put into p3's bridge port's place
  check "before" one h2 10.0.1.1
  link set p1 nomaster
  check "h1 is away" not one h2 10.0.1.1
  link set p1 master br0
  check "h1 is back" wait_until 10 one h2 10.0.1.1
}

run_tests
