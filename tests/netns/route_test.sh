#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# route: what a router's neighbours see goes on, and goes fast: ping, TCP, traceroute, path MTU; what is
# configured holds from the next packet on; neighbours are asked again.
#
#   h1 ---- p1 [ b ] p2 ---- h2      hN: 10.0.N.2/24, 2001:db8:N::2/64; the router is .1, ::1
#              [   ] p3 ---- h3
. "$(dirname "$0")/lib.sh"

setup() {
  local n
  router_world 3
  in_ns b sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
  start_tnad
  tna_on && for n in 1 2 3; do check "hook of p$n: $(status p$n .why)" wait_hook p$n "$HOOK"; done
  for n in 2 3; do # so that all neighbours are known
    ping_ok h1 10.0.$n.2
    ping_ok h1 2001:db8:$n::2
  done
}

pings() { # pings FROM TO: of 50
  in_ns "$1" ping -q -c 50 -i 0.01 "$2" | sed -n 's/.* \([0-9]*\) received.*/\1/p'
}

test_ping() {
  local to
  for to in 10.0.2.2 2001:db8:2::2; do
    remember
    same "pings h1 -> $to" 50 "$(pings h1 $to)"
    both_grew 45
  done
}

test_the_hop_shows() {
  same "first hop, IPv4" 10.0.1.1 \
    "$(in_ns h1 ping -n -c 1 -t 1 -W 2 10.0.2.2 | sed -n 's/^From \([0-9.]*\) .*exceeded/\1/p')"
  same "first hop, IPv6" 2001:db8:1::1 \
    "$(in_ns h1 ping -n -c 1 -t 1 -W 2 2001:db8:2::2 | sed -n 's/^From \([0-9a-f:]*\)[ :]*icmp_seq.*exceeded.*/\1/p')"
  check "TTL is one less" grep -q 'ttl=63' <(in_ns h1 ping -n -c 1 10.0.2.2)
}

test_path_mtu() {
  link set p2 mtu 1300
  ip -n "${RUN}h2" link set eth0 mtu 1300
  check "answer to a large packet" grep -q 'mtu = 1300' \
    <(in_ns h1 ping -n -c 1 -M "do" -s 1372 -W 2 10.0.2.2)
  in_ns h1 ip route flush cache
  check "a large packet is fragmented" one h1 10.0.2.2 -M dont -s 1372
  check "answer to a large packet, IPv6" grep -qi 'mtu[ =]*1300' \
    <(in_ns h1 ping -n -c 1 -M "do" -s 1352 -W 2 2001:db8:2::2)
  tcp_of h1 h2 10.0.2.2
  link set p2 mtu 1500
  ip -n "${RUN}h2" link set eth0 mtu 1500
  in_ns h1 ip route flush cache
  in_ns h1 ip -6 route flush cache
}

test_mtu_of_a_route() { # which bpf_fib_lookup does not heed
  ip -n "$B" route add 10.0.2.2 dev p2 mtu 1300
  tna_on && check "the daemon heard of it" wait_until 3 heard_of_1300
  check "answer to a large packet" wait_until 3 told_of_1300
  ip -n "$B" route del 10.0.2.2
  in_ns h1 ip route flush cache
}
heard_of_1300() { tna pipeline p1 | grep -q 1300; }
told_of_1300() {
  in_ns h1 ip route flush cache
  in_ns h1 ping -n -c 1 -M "do" -s 1372 -W 1 10.0.2.2 | grep -q 'mtu = 1300'
}

test_routes_hold_at_once() {
  local kind
  check "before" one h1 10.0.2.2
  for kind in blackhole unreachable prohibit; do
    ip -n "$B" route add $kind 10.0.2.2
    check "$kind holds" not one h1 10.0.2.2
    ip -n "$B" route del $kind 10.0.2.2
    check "$kind is gone" one h1 10.0.2.2
  done
  ip -n "$B" rule add from 10.0.1.2 prohibit
  check "a rule holds" not one h1 10.0.2.2
  ip -n "$B" rule del from 10.0.1.2 prohibit
  in_ns b sysctl -qw net.ipv4.conf.p1.forwarding=0
  check "forwarding is off" not one h1 10.0.2.2
  in_ns b sysctl -qw net.ipv4.conf.p1.forwarding=1
  in_ns b sysctl -qw net.ipv6.conf.all.forwarding=0
  check "forwarding is off, IPv6" not one h1 2001:db8:2::2
  in_ns b sysctl -qw net.ipv6.conf.all.forwarding=1
  check "forwarding is on, IPv6" wait_until 5 one h1 2001:db8:2::2
}

test_rules_hold_at_once() {
  in_ns b nft -f - <<-'END'
	table inet t {
	  chain c { type filter hook forward priority 0; icmp type echo-request drop; icmpv6 type echo-request drop; }
	}
	END
  check "dropped" not one h1 10.0.2.2
  check "dropped, IPv6" not one h1 2001:db8:2::2
  in_ns b nft delete table inet t
  check "no rule any more" one h1 10.0.2.2
  tna_on || return
  check "p1 is fast again" wait_hook p1 "$HOOK"
  remember
  same "pings" 50 "$(pings h1 10.0.2.2)"
  both_grew 45
}

test_neighbour_is_asked_again() { # it has another MAC now, and nobody says so
  local to
  in_ns b sysctl -qw net.ipv4.neigh.p2.delay_first_probe_time=1 net.ipv6.neigh.p2.delay_first_probe_time=1 \
    net.ipv4.neigh.p2.ucast_solicit=1 net.ipv6.neigh.p2.ucast_solicit=1
  in_ns h2 sysctl -qw net.ipv4.conf.eth0.arp_notify=0 net.ipv6.conf.eth0.ndisc_notify=0
  ip -n "${RUN}h2" link set eth0 address 02:00:00:00:00:22
  for to in 10.0.2.2 2001:db8:2::2; do
    ip -n "$B" neigh replace $to lladdr "$(mac h2)" dev p2 nud stale
    check "$to is found again" wait_until 10 one h1 $to
    check "by its new MAC" grep -q 02:00:00:00:00:22 <(ip -n "$B" neigh show $to)
  done
  ip -n "${RUN}h2" link set eth0 address "$(mac h2)"
  ip -n "$B" neigh flush dev p2
  for to in 10.0.2.2 2001:db8:2::2; do check "$to is back" wait_until 10 one h1 $to; done
}

test_tcp() { # XDP leaves unfinished checksums to Linux, tc carries them along
  remember
  tcp_of h1 h2 10.0.2.2
  tcp_of h1 h2 2001:db8:2::2
  [ "$HOOK" = tc ] && both_grew 100
  local name
  for name in h1 h2; do in_ns $name ethtool -K eth0 tx off >/dev/null; done
  remember
  tcp_of h1 h2 10.0.2.2
  tcp_of h2 h1 2001:db8:1::2
  both_grew 100
  for name in h1 h2; do in_ns $name ethtool -K eth0 tx on >/dev/null; done
}

run_tests
