#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# vrf: two VRFs with the same addresses: each routes by its own table, fast; a route leads from one into
# the other; tcpdump on the VRF sees what passes.
#
#   h1 10.0.1.2 ---- p1 [ red  ] p2 ---- 10.0.2.2 h2      and 2001:db8:N::2/64; the router is .1, ::1
#   h3 10.0.1.2 ---- p3 [ blue ] p4 ---- 10.0.2.2 h4      h4 is 10.0.4.2, 2001:db8:4::2 as well,
#                                                         which red knows, as blue knows h1 as 10.0.5.2
. "$(dirname "$0")/../netns/lib.sh"

setup() {
  local n of name vrf
  STATIONS=()
  new_netns b
  in_ns b sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv6.conf.default.accept_dad=0 \
    net.ipv6.conf.default.disable_ipv6=0 net.ipv6.conf.all.keep_addr_on_down=1
  add_device red up type vrf table 10 || skip_all "this kernel has no VRFs"
  link add blue up type vrf table 20
  for n in 1 2 3 4; do
    of=$(((n - 1) % 2 + 1)) name=h$n
    [ $n -le 2 ] && vrf=red || vrf=blue
    new_netns $name
    STATIONS+=($name)
    in_ns $name sysctl -qw net.ipv6.conf.default.disable_ipv6=0 net.ipv6.conf.default.accept_dad=0
    join_by_veth $n
    link set p$n master $vrf up
    ip -n "$B" addr add 10.0.$of.1/24 dev p$n
    ip -n "$B" addr add 2001:db8:$of::1/64 dev p$n nodad
    ip -n "$RUN$name" link set eth0 up
    ip -n "$RUN$name" addr add 10.0.$of.2/24 dev eth0
    ip -n "$RUN$name" addr add 2001:db8:$of::2/64 dev eth0 nodad
    ip -n "$RUN$name" route add default via 10.0.$of.1
    ip -n "$RUN$name" route add default via 2001:db8:$of::1
  done
  ip -n "${RUN}h4" addr add 10.0.4.2/32 dev eth0
  ip -n "${RUN}h4" addr add 2001:db8:4::2/128 dev eth0 nodad
  ip -n "${RUN}h1" addr add 10.0.5.2/32 dev eth0
  ip -n "${RUN}h1" addr add 2001:db8:5::2/128 dev eth0 nodad
  ip -n "$B" route add 10.0.4.2/32 via 10.0.2.2 dev p4 onlink vrf red
  ip -n "$B" route add 10.0.5.2/32 via 10.0.1.2 dev p1 onlink vrf blue
  # The source is looked for in the VRF that the packet came in by.
  ip -n "$B" route add 10.0.5.2/32 via 10.0.1.2 dev p1 vrf red
  ip -n "$B" route add 10.0.4.2/32 via 10.0.2.2 dev p4 vrf blue
  ip -n "$B" -6 route add 2001:db8:4::2/128 via 2001:db8:2::2 dev p4 onlink vrf red
  ip -n "$B" -6 route add 2001:db8:5::2/128 via 2001:db8:1::2 dev p1 onlink vrf blue
  ip -n "$B" -6 route add 2001:db8:4::2/128 via 2001:db8:2::2 dev p4 vrf blue
  start_tnad
  tna_on && for n in 1 2 3 4; do check "hook of p$n: $(status p$n .why)" wait_hook p$n "$HOOK"; done
  for n in h1 h3; do # so that all neighbours are known
    check "$n and its neighbour, IPv4" wait_until 10 ping_ok $n 10.0.2.2
    check "$n and its neighbour, IPv6" wait_until 10 ping_ok $n 2001:db8:2::2
  done
}

pings() { # pings FROM TO [OPTION...]: of 30
  in_ns "$1" ping -q -c 30 -i 0.05 "${@:3}" "$2" | sed -n 's/.* \([0-9]*\) received.*/\1/p'
}
# What a station was asked: pings of both families.
answered() {
  in_ns "$1" cat /proc/net/snmp /proc/net/snmp6 |
    awk '/^Icmp: [0-9]/ { n += $10 } /^Icmp6InEchos/ { n += $2 } END { print n + 0 }'
}
fast_of() { local name sum=0; for name in "$@"; do sum=$((sum + $(fast_packets "$name"))); done; echo $sum; }

test_each_has_its_own() {
  local to fast other
  for to in 10.0.2.2 2001:db8:2::2; do
    fast=$(fast_of p1 p2) other=$(answered h4)
    same "pings h1 -> $to" 30 "$(pings h1 $to)"
    same "pings that h4 answered, who has the same address" "$other" "$(answered h4)"
    tna_on && at_least "fast packets in red to $to and back" 50 $(($(fast_of p1 p2) - fast))
    fast=$(fast_of p3 p4) other=$(answered h2)
    same "pings h3 -> $to" 30 "$(pings h3 $to)"
    same "pings that h2 answered" "$other" "$(answered h2)"
    tna_on && at_least "fast packets in blue to $to and back" 50 $(($(fast_of p3 p4) - fast))
  done
}

test_from_one_into_the_other() {
  local before after
  before=($(counters p1 vrf))
  same "pings h1 -> h4, IPv4" 30 "$(pings h1 10.0.4.2 -I 10.0.5.2)"
  after=($(counters p1 vrf))
  tna_on && at_least "IPv4 packets that Linux looks closer at" 25 $((after[1] - before[1]))
  check "neighbours are known" wait_until 10 ping_ok h1 2001:db8:4::2
  before=$(fast_of p1 p4)
  same "pings h1 -> h4, IPv6" 30 "$(pings h1 2001:db8:4::2 -I 2001:db8:5::2)"
  tna_on && at_least "fast packets from one into the other, IPv6" 50 $(($(fast_of p1 p4) - before))
}

test_sources() { # strict: the way back is in the VRF's own table
  local fast
  in_ns b sysctl -qw net.ipv4.conf.p1.rp_filter=1
  fast=$(fast_packets p1)
  same "pings with strict sources" 30 "$(pings h1 10.0.2.2)"
  tna_on && at_least "fast packets of p1" 25 $(($(fast_packets p1) - fast))
  ip -n "$B" route add 10.0.1.2/32 dev p2 vrf red
  same "pings from where the way back does not lead" 0 "$(in_ns h1 ping -q -c 3 -i 0.2 -W 1 10.0.2.2 |
    sed -n 's/.* \([0-9]*\) received.*/\1/p')"
  ip -n "$B" route del 10.0.1.2/32 dev p2 vrf red
  in_ns b sysctl -qw net.ipv4.conf.p1.rp_filter=0
}

test_tcpdump_on_the_vrf() {
  local before after
  capture b red "$WORK/red" icmp
  before=($(counters p1 tap))
  same "pings while tcpdump listens on red" 30 "$(pings h1 10.0.2.2)"
  after=($(counters p1 tap))
  finish "$CHILD"
  at_least "packets that tcpdump saw" 30 "$(tcpdump -nn -r "$WORK/red" 2>/dev/null | wc -l)"
  [ "$HOOK" != off ] && at_least "packets of p1 that went to Linux for it" 30 $((after[1] - before[1]))
}

test_leaves_and_comes_back() {
  local fast
  link set p2 nomaster
  same "pings into a VRF that p2 has left" 0 "$(in_ns h1 ping -q -c 3 -i 0.2 -W 1 10.0.2.2 |
    sed -n 's/.* \([0-9]*\) received.*/\1/p')"
  link set p2 master red
  check "p2 is back" wait_until 10 ping_ok h1 10.0.2.2
  fast=$(fast_of p1 p2)
  same "pings" 30 "$(pings h1 10.0.2.2)"
  tna_on && at_least "fast packets" 50 $(($(fast_of p1 p2) - fast))
}

run_tests
